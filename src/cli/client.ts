/**
 * Requests to a server, whether it runs on this machine or inside this process.
 *
 * @module
 */
import type { Settings } from "../settings/settings.ts";
import { type CommandContext, CommandError, exitCodes } from "./context.ts";

export interface Client extends AsyncDisposable {
  /** Requests a path of the API, such as `/v1/jobs`. */
  request(path: string, init?: RequestInit): Promise<Response>;
  /** Whether the server is another process. */
  remote: boolean;
}

/** Where this machine reaches the server that the settings name. */
export function addressOf({ host, port }: Pick<Settings, "host" | "port">): string {
  const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${name.includes(":") ? `[${name}]` : name}:${port}`;
}

/** The server that the settings name, if it answers. */
export async function running(context: CommandContext, timeout_ms = 500): Promise<Client | null> {
  const settings = context.settings();
  const { auth_token } = settings;
  const base = addressOf(settings);
  const health = await fetch(`${base}/health`, { signal: AbortSignal.timeout(timeout_ms) }).then(
    async (answer) => (await answer.json()) as { status?: unknown; memory?: unknown },
    () => null,
  );
  // Another program may listen on the port: only easel answers like this.
  if (health?.status !== "ok" || typeof health.memory !== "object") return null;
  return {
    remote: true,
    request: (path, init = {}) => {
      const headers = new Headers(init.headers);
      if (auth_token) headers.set("authorization", `Bearer ${auth_token}`);
      return fetch(base + path, { ...init, headers, signal: init.signal ?? context.signal });
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

/** A running server, or an error that says how to start one. */
export async function requireRunning(context: CommandContext): Promise<Client> {
  const client = await running(context);
  if (client) return client;
  const { host, port } = context.settings();
  throw new CommandError(`No server answers on ${host}:${port}. Start one with: easel run`);
}

/** A running server, or one inside this process for as long as the command lasts. */
export async function anyServer(context: CommandContext): Promise<Client> {
  return (await running(context)) ?? (await context.localServer());
}

/** The JSON of a response, or the server's own words as an error. */
export async function json<T>(response: Response): Promise<T> {
  if (response.ok) return (await response.json()) as T;
  // The server refused the arguments.
  const typed = response.status === 400 || response.status === 422;
  throw new CommandError(await refusal(response), typed ? exitCodes.usage : exitCodes.failed);
}

/** The words of a response that is an error. */
export async function refusal(response: Response): Promise<string> {
  const text = await response.text();
  if (response.status === 401)
    return "The token is missing or wrong: set EASEL_AUTH_TOKEN to the server's auth_token";
  try {
    const { detail } = JSON.parse(text) as { detail: string | { loc: string[]; msg: string }[] };
    if (typeof detail === "string") return detail;
    return detail
      .map(({ loc, msg }) => `${loc.filter((part) => part !== "body").join(".")}: ${msg}`)
      .join("\n");
  } catch {
    return `HTTP ${response.status} ${text.slice(0, 200)}`.trim();
  }
}
