/** The Model Context Protocol at `/mcp`: streamable HTTP, one server a session, over the API of this process. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { Refusal } from "../../../errors.ts";
import type { Api } from "../../../mcp/api.ts";
import type { Deps, Env } from "../../deps.ts";
import { requireUncompressed, textOf } from "../../request/body.ts";
import { inFlight } from "../../request/in-flight.ts";
import { jsonLimit } from "../../request/json-limit.ts";
import { originOf } from "../../request/origin.ts";
import type { Sessions } from "./sessions.ts";

/** Bytes of one message. Larger pictures come by `url`, or by `file_id` after an upload. */
const largestMessage = 16 * 2 ** 20;
/** Bytes of the message that begins a session. The session keeps the client's name and abilities. */
const longestInitialization = 65_536;

export function mcpRoutes(app: OpenAPIHono<Env>, deps: Deps): void {
  let sessions: Promise<Sessions> | undefined;
  const bound = inFlight(deps.settings.max_json_in_flight_mb * 2 ** 20);

  app.on(["GET", "POST", "DELETE"], "/mcp", async (c) => {
    // Streams are silent while a job waits.
    c.env?.server?.timeout(c.req.raw, 0);
    // Loaded with the first message: no start waits for it.
    const { createMcpServer } = await import("../../../mcp/server.ts");
    sessions ??= import("./sessions.ts").then(({ createSessions }) => createSessions());
    const make = () => createMcpServer(apiOf(c, app, deps), deps.version);
    if (c.req.method !== "POST") return (await (await sessions).handle(c.req.raw, undefined, make)).answer;
    requireUncompressed(c.req.raw.headers);
    const begins = c.req.header("mcp-session-id") === undefined;
    const limit = begins ? longestInitialization : largestMessage;
    const share = bound.share();
    try {
      await share.grow(Math.min(Number(c.req.header("content-length") ?? limit), limit));
      const message = parsed(await textOf(c, limit, jsonLimit(limit)));
      if (message !== undefined) {
        const { answer, finished } = await (await sessions).handle(c.req.raw, message, make);
        // A call keeps its message until it is answered.
        void finished.then(() => share.release());
        return answer;
      }
    } catch (error) {
      share.release();
      if (!(error instanceof Refusal && error.code === "too_large")) throw error;
      const why = begins ? ", the limit for a message that begins a session" : "";
      return refused(413, -32600, `Invalid Request: ${error.message}${why}`);
    }
    share.release();
    return refused(400, -32700, "Parse error: the body is not JSON");
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const refused = (status: number, code: number, message: string) =>
  Response.json({ jsonrpc: "2.0", error: { code, message }, id: null }, { status });

/** The API as the client of the session sees it: with its credentials, and links that begin with its own address. */
function apiOf(c: Context<Env>, app: OpenAPIHono<Env>, { settings }: Deps): Api {
  const credentials = ["authorization", "cookie", "host"].flatMap((name) => {
    const value = c.req.header(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const base = new URL(c.req.url).origin;
  return {
    origin: originOf(c, settings),
    async request(path, init = {}) {
      const headers = new Headers(init.headers);
      for (const [name, value] of credentials) headers.set(name, value);
      return app.request(new URL(path, base).href, { ...init, headers });
    },
  };
}
