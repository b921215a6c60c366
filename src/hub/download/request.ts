import { DownloadError } from "./errors.ts";

const maxRedirects = 5;

/** Where bytes come from. The token goes to the host of `url` alone, never along a redirect to another host. */
export interface Remote {
  url: string;
  token?: string | undefined;
}

export interface RequestOptions {
  fetch: typeof fetch;
  headers?: Record<string, string>;
  signal: AbortSignal;
}

/** A GET that follows redirects by hand, so that the token stays with its host. */
export async function get(
  remote: Remote,
  { fetch, headers = {}, signal }: RequestOptions,
): Promise<Response> {
  const home = new URL(remote.url);
  let url = home;
  for (let hop = 0; hop <= maxRedirects; hop++) {
    const trusted = url.origin === home.origin;
    const response = await fetch(url, {
      headers: {
        ...headers,
        "accept-encoding": "identity",
        "user-agent": "easel",
        ...(trusted && remote.token ? { authorization: `Bearer ${remote.token}` } : {}),
      },
      redirect: "manual",
      signal,
    }).catch((error: unknown) => {
      if (signal.aborted) throw signal.reason;
      const proxy = proxyFor(url);
      const way = proxy ? ` through the proxy ${proxy.host} (${proxy.variable})` : "";
      throw new DownloadError("unreachable", `Cannot reach ${url.host}${way}: ${reason(error)}`, true);
    });
    const location = response.headers.get("location");
    if (response.status < 300 || response.status >= 400 || location === null) return response;
    await response.body?.cancel();
    const next = new URL(location, url);
    if (next.protocol !== "https:" && next.protocol !== "http:")
      throw new DownloadError("server_error", `${url.host} redirects to a ${next.protocol} address`);
    if (url.protocol === "https:" && next.protocol === "http:")
      throw new DownloadError("server_error", `${url.host} redirects from https to http`);
    url = next;
  }
  throw new DownloadError("server_error", `${home.host} redirects more than ${maxRedirects} times`);
}

/** The proxy that the environment names for an address, without its password. */
export function proxyFor(
  { protocol, hostname }: URL,
  env: Record<string, string | undefined> = process.env,
): { host: string; variable: string } | null {
  const except = (env.no_proxy ?? env.NO_PROXY ?? "")
    .split(",")
    .map((name) => name.trim().replace(/^\*?\./, ""));
  if (except.some((name) => name === "*" || (name && (hostname === name || hostname.endsWith(`.${name}`)))))
    return null;
  const scheme = protocol === "https:" ? "https_proxy" : "http_proxy";
  const variable = [scheme, scheme.toUpperCase()].find((name) => env[name]);
  return variable ? { host: URL.parse(env[variable]!)?.host ?? "that it names", variable } : null;
}

/** The response's validator: ETag, else Last-Modified. */
export function validatorOf({ headers }: Response): string | null {
  return headers.get("etag") ?? headers.get("last-modified");
}

/** Throws the error that a status outside 2xx stands for. */
export async function refuse(response: Response, { url }: Remote): Promise<never> {
  await response.body?.cancel();
  const { status } = response;
  const home = new URL(url);
  const what = home.pathname;
  const { host } = new URL(response.url || url);
  // A link to another host has run out, say: asking its own host again gives a new one.
  if ((status === 401 || status === 403) && host !== home.host)
    throw new DownloadError("server_error", `${host} answered HTTP ${status} for ${what}`, true);
  if (status === 401) {
    throw new DownloadError(
      "not_authenticated",
      `${what} needs a token: set HF_TOKEN to one that may read it`,
    );
  }
  if (status === 403) {
    throw new DownloadError(
      "not_approved",
      `${what} is gated: accept its terms on its page with the account of HF_TOKEN`,
    );
  }
  if (status === 404) throw new DownloadError("not_found", `${what} is not there`);
  if (status === 429 || status === 503) {
    const after = retryAfter(response.headers.get("retry-after"));
    throw new DownloadError("rate_limited", `${host} asks to wait (HTTP ${status})`, true, after);
  }
  throw new DownloadError(
    "server_error",
    `${host} answered HTTP ${status} for ${what}`,
    status >= 500 || status === 408,
  );
}

/** Seconds of a Retry-After header, given as a number or as a date. */
export function retryAfter(header: string | null, now = Date.now()): number | undefined {
  if (header === null) return undefined;
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : (Date.parse(header) - now) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

export function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  // Bun ends its messages with a question.
  return text.replace(/ Is the computer able to access the url\?$/, "");
}
