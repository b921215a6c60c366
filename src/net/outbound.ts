/**
 * Requests to places that clients name: vetted, pinned to the vetted address, bounded in size and time. They go through node:http,
 * because fetch cannot be pinned to an address and follows the proxies of the environment.
 *
 * @module
 */
import type * as http from "node:http";
import { isIP, type LookupFunction } from "node:net";
import { Refusal } from "../errors.ts";
import { type GuardOptions, parseUrl, type Vetted, vet, vetWithoutLookup } from "./guard.ts";
import { localNetworkReason } from "./local-network.ts";

export interface OutboundOptions extends GuardOptions {
  /** Milliseconds without a byte. */
  stallMs?: number;
  /** Milliseconds for the whole of getting something, its redirects and its body. */
  totalMs?: number;
  /** Certificates to trust beside the built-in ones. */
  ca?: string;
}

export interface GetOptions {
  /** Names the URL in messages, such as "image url". */
  what: string;
  maxBytes: number;
  signal?: AbortSignal | undefined;
}

export interface Fetched {
  /** Where the bytes come from, behind all redirects. */
  url: URL;
  contentType: string | null;
  /** Bytes that are announced. */
  length: number | null;
  /** Must be read to its end or left by `break`; throws when the body is too large, cut off, or stalls. */
  body: AsyncIterable<Uint8Array>;
}

export interface Outbound {
  /** Refuses at once what a request would refuse before it resolves a name. @throws {Refusal} `invalid_reference`, `private_url` */
  check(url: string, what: string): void;
  /** @throws {Refusal} `invalid_reference`, `private_url`, `fetch_failed`, `too_large` */
  get(url: string, options: GetOptions): Promise<Fetched>;
  /** Sends a webhook. Redirects are not followed: their status is the answer. The answer's body is not read. */
  post(
    url: string,
    message: { headers: Record<string, string>; body: string; signal?: AbortSignal | undefined },
  ): Promise<{ status: number }>;
}

const maxRedirects = 3;
const redirects = [301, 302, 303, 307, 308];

export function createOutbound(options: OutboundOptions): Outbound {
  const { stallMs = 30_000, totalMs = 120_000, ca } = options;

  async function get(text: string, { what, maxBytes, signal }: GetOptions): Promise<Fetched> {
    const watch = createWatch(stallMs, totalMs, signal);
    try {
      let url = parseUrl(text, what);
      for (let hop = 0; ; hop++) {
        const vetted = await watch.within(vet(url, what, options));
        const headers = { accept: "*/*", "accept-encoding": "identity", "user-agent": "easel" };
        const response = await send(vetted, { method: "GET", headers, ca }, what, watch);
        const location = response.headers.location;
        if (redirects.includes(response.statusCode ?? 0) && location !== undefined) {
          response.destroy();
          if (hop === maxRedirects) throw failed(url, what, `more than ${maxRedirects} redirects`);
          url = redirected(url, location, what);
          continue;
        }
        return { url, ...answerOf(response, url, what, maxBytes, watch) };
      }
    } catch (error) {
      watch.end();
      throw error;
    }
  }

  async function post(
    text: string,
    { headers, body, signal }: Parameters<Outbound["post"]>[1],
  ): Promise<{ status: number }> {
    const watch = createWatch(stallMs, totalMs, signal);
    try {
      const vetted = await watch.within(vet(parseUrl(text, "webhook"), "webhook", options));
      const sent = {
        ...headers,
        "user-agent": "easel",
        "content-length": String(Buffer.byteLength(body)),
      };
      const response = await send(vetted, { method: "POST", headers: sent, body, ca }, "webhook", watch);
      response.destroy();
      return { status: response.statusCode ?? 0 };
    } finally {
      watch.end();
    }
  }

  return { check: (url, what) => vetWithoutLookup(parseUrl(url, what), what, options), get, post };
}

/** The first address that takes a connection answers. */
async function send(
  vetted: Vetted,
  message: Message,
  what: string,
  watch: Watch,
): Promise<http.IncomingMessage> {
  let last: unknown;
  let forbidden: string | undefined;
  for (const address of vetted.addresses) {
    try {
      return await sendTo(address, vetted.url, message, watch);
    } catch (error) {
      watch.check();
      last = error;
      forbidden ??= localNetworkReason(codeOf(error), address);
      // Once a server has taken the request, asking the next one could do it twice.
      if (!unreached.has(codeOf(error))) break;
    }
  }
  if (last instanceof Refusal) throw last;
  throw failed(vetted.url, what, forbidden ?? reasonOf(last));
}

function sendTo(address: string, url: URL, { method, headers, body, ca }: Message, watch: Watch) {
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const secure = url.protocol === "https:";
  // taken at its first use: an import costs every start time
  const { request: open } = process.getBuiltinModule(secure ? "node:https" : "node:http");
  const request = open({
    protocol: url.protocol,
    hostname: host,
    port: url.port || (secure ? 443 : 80),
    path: `${url.pathname}${url.search}`,
    method,
    headers: { ...headers, host: url.host, connection: "close" },
    lookup: pinnedTo(address),
    agent: false,
    ...(secure && ca !== undefined && { ca }),
  });
  request.on("error", reject);
  request.on("response", resolve);
  watch.guard((error) => {
    request.destroy();
    reject(error);
  });
  request.end(body);
  return promise;
}

interface Message {
  method: "GET" | "POST";
  headers: Record<string, string>;
  body?: string;
  /** Certificates to trust beside the built-in ones. */
  ca?: string | undefined;
}

const pinnedTo =
  (address: string): LookupFunction =>
  (_host, options, callback) => {
    const family = isIP(address);
    if (options.all) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };

function redirected(from: URL, location: string, what: string): URL {
  const target = URL.canParse(location, from.href) ? new URL(location, from.href).href : location;
  const url = parseUrl(target, `${what} redirect`);
  if (from.protocol === "https:" && url.protocol === "http:")
    throw failed(from, what, "a redirect from https to http");
  return url;
}

function answerOf(
  response: http.IncomingMessage,
  url: URL,
  what: string,
  maxBytes: number,
  watch: Watch,
): Omit<Fetched, "url"> {
  const refuse = (refusal: Refusal): never => {
    response.destroy();
    throw refusal;
  };
  const status = response.statusCode ?? 0;
  if (status < 200 || status > 299) refuse(failed(url, what, `HTTP ${status}`));
  const encoding = response.headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  // A small compressed body can expand to a huge one, and none was requested.
  if (encoding !== "identity") refuse(failed(url, what, "the answer is compressed"));
  const announced = response.headers["content-length"];
  const length = announced === undefined ? null : Number(announced);
  const tooLarge = () =>
    new Refusal("too_large", `the file behind ${what} is larger than ${sizeText(maxBytes)}`);
  if (length !== null && length > maxBytes) refuse(tooLarge());

  async function* body(): AsyncGenerator<Uint8Array> {
    let seen = 0;
    watch.guard((error) => response.destroy(error));
    try {
      for await (const chunk of response as AsyncIterable<Uint8Array>) {
        watch.moved();
        seen += chunk.length;
        if (seen > maxBytes) throw tooLarge();
        yield chunk;
        watch.moved();
      }
      watch.check();
      if (length !== null && seen !== length) throw failed(url, what, "the body was cut off");
    } catch (error) {
      watch.check();
      throw error instanceof Refusal ? error : failed(url, what, reasonOf(error));
    } finally {
      watch.end();
      response.destroy();
    }
  }
  return { contentType: response.headers["content-type"] ?? null, length, body: body() };
}

const sizeText = (bytes: number) =>
  bytes < 1048576 ? `${bytes} bytes` : `${Math.floor(bytes / 1048576)} MB`;

interface Watch {
  /** Calls `stop` when time is over or the caller aborts, at once if that has been. */
  guard(stop: (error: Error) => void): void;
  /** Bytes came: the stall clock starts again. */
  moved(): void;
  /** Throws what stopped the request, if anything did. */
  check(): void;
  within<T>(work: Promise<T>): Promise<T>;
  end(): void;
}

/** The clocks of one request. */
function createWatch(stallMs: number, totalMs: number, signal: AbortSignal | undefined): Watch {
  let stopped: Error | undefined;
  let stop: (error: Error) => void = () => {};
  const halt = (error: Error) => {
    stopped ??= error;
    stop(stopped);
  };
  const slow = (seconds: number) => new Refusal("fetch_failed", `no answer within ${seconds} seconds`);
  const late = () =>
    new Refusal("fetch_failed", `not complete within ${totalMs / 1000} seconds (fetch_timeout_s)`);
  const total = setTimeout(() => halt(late()), totalMs);
  let stall = setTimeout(() => halt(slow(stallMs / 1000)), stallMs);
  const aborted = () => halt(signal?.reason instanceof Error ? signal.reason : new Error("aborted"));
  signal?.addEventListener("abort", aborted, { once: true });
  const watch: Watch = {
    guard(next) {
      stop = next;
      if (stopped) next(stopped);
    },
    moved() {
      clearTimeout(stall);
      if (!stopped) stall = setTimeout(() => halt(slow(stallMs / 1000)), stallMs);
    },
    check() {
      if (stopped) throw stopped;
    },
    within(work) {
      const { promise, reject } = Promise.withResolvers<never>();
      watch.guard(reject);
      return Promise.race([work, promise]);
    },
    end() {
      clearTimeout(total);
      clearTimeout(stall);
      signal?.removeEventListener("abort", aborted);
    },
  };
  if (signal?.aborted) aborted();
  return watch;
}

/** Failures before a server could see the request. */
const unreached = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "ConnectionRefused",
]);

const codeOf = (error: unknown): string =>
  error instanceof Error ? String((error as { code?: unknown }).code ?? "") : "";

const failed = (url: URL, what: string, reason: string) =>
  new Refusal("fetch_failed", `failed to fetch ${what} from '${url.host.slice(0, 80)}': ${reason}`);

/** Common failures in words, the others by their code. */
function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (code === "ECONNREFUSED" || code === "ConnectionRefused") return "connection refused";
  if (code === "ECONNRESET" || code === "ConnectionClosed") return "the connection was closed";
  if (/CERT|TLS|SSL|SELF_SIGNED|ALTNAME/.test(code)) return `its certificate is not valid (${code})`;
  return code || "the connection failed";
}
