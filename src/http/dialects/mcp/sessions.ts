/**
 * Sessions of MCP clients. Each has a server of its own; their number and their age are bounded.
 *
 * @module
 */
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { WebStandardStreamableHTTPServerTransport as Transport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { type Calls, followCalls } from "../../../mcp/calls.ts";

interface Session {
  transport: Transport;
  server: McpServer;
  calls: Calls;
  used: number;
}

export interface SessionOptions {
  /** Sessions at once. The one unused for longest leaves for a new one, and one that waits for an answer only when all do. */
  most?: number;
  /** Milliseconds without a request after which a session ends. */
  idleMs?: number;
  now?: () => number;
}

export interface Sessions {
  size(): number;
  /** Answers a request; one without a session begins a session with the server that `make` makes. */
  handle(request: Request, body: unknown, make: () => McpServer): Promise<Handled>;
}

export interface Handled {
  answer: Response;
  /** Resolves once the body is needed no more: a stream is answered long before its calls are. */
  finished: Promise<void>;
}

export function createSessions({
  most = 1000,
  idleMs = 30 * 60_000,
  now = Date.now,
}: SessionOptions = {}): Sessions {
  /** In the order of their last use. */
  const sessions = new Map<string, Session>();

  function end(id: string): void {
    const session = sessions.get(id);
    sessions.delete(id);
    void session?.server.close().catch(() => {});
  }

  const isOld = ({ used, calls }: Session) => calls.open() === 0 && now() - used > idleMs;

  function makeRoom(): void {
    for (const [id, session] of sessions) {
      if (!isOld(session)) break;
      end(id);
    }
    if (sessions.size < most) return;
    const [first] = sessions.keys();
    const idle = sessions.entries().find(([, { calls }]) => calls.open() === 0);
    end(idle?.[0] ?? first!);
  }

  async function open(request: Request, body: unknown, make: () => McpServer): Promise<Handled> {
    const server = make();
    const transport: Transport = new Transport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized(id) {
        makeRoom();
        sessions.set(id, { transport, server, calls, used: now() });
      },
      onsessionclosed: end,
    });
    const calls = followCalls(transport);
    await server.connect(transport);
    const answer = await transport.handleRequest(request, { parsedBody: body });
    // Only an initialization begins a session.
    if (transport.sessionId === undefined) await server.close();
    return { answer, finished: calls.answered(body) };
  }

  return {
    size: () => sessions.size,
    async handle(request, body, make) {
      const id = request.headers.get("mcp-session-id");
      if (id === null) return open(request, body, make);
      const session = sessions.get(id);
      if (!session || isOld(session)) {
        end(id);
        return { answer: unknownSession(), finished: Promise.resolve() };
      }
      sessions.delete(id);
      sessions.set(id, { ...session, used: now() });
      const { transport, calls } = session;
      const answer = await transport.handleRequest(request, { parsedBody: body });
      return { answer, finished: calls.answered(body) };
    },
  };
}

/** 404 tells the client to begin a new session. */
const unknownSession = () =>
  Response.json(
    { jsonrpc: "2.0", error: { code: -32001, message: "Session not found" }, id: null },
    { status: 404 },
  );
