/**
 * Sessions of MCP clients. Each has a server of its own; their number and their age are bounded.
 *
 * @module
 */
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { WebStandardStreamableHTTPServerTransport as Transport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";

interface Session {
  transport: Transport;
  server: McpServer;
  used: number;
}

export interface SessionOptions {
  /** Sessions at once; the one unused for longest leaves for a new one. */
  most?: number;
  /** Milliseconds without a request after which a session ends. */
  idleMs?: number;
  now?: () => number;
}

export interface Sessions {
  size(): number;
  /** Answers a request; one without a session begins a session with the server that `make` makes. */
  handle(request: Request, body: unknown, make: () => McpServer): Promise<Response>;
}

export function createSessions({
  most = 64,
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

  function makeRoom(): void {
    for (const [id, { used }] of sessions) {
      if (sessions.size < most && now() - used <= idleMs) return;
      end(id);
    }
  }

  async function open(request: Request, body: unknown, make: () => McpServer): Promise<Response> {
    const server = make();
    const transport: Transport = new Transport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized(id) {
        makeRoom();
        sessions.set(id, { transport, server, used: now() });
      },
      onsessionclosed: end,
    });
    await server.connect(transport);
    const answer = await transport.handleRequest(request, { parsedBody: body });
    // Only an initialization begins a session.
    if (transport.sessionId === undefined) await server.close();
    return answer;
  }

  return {
    size: () => sessions.size,
    async handle(request, body, make) {
      const id = request.headers.get("mcp-session-id");
      if (id === null) return open(request, body, make);
      const session = sessions.get(id);
      if (!session || now() - session.used > idleMs) {
        end(id);
        return unknownSession();
      }
      sessions.delete(id);
      sessions.set(id, { ...session, used: now() });
      return session.transport.handleRequest(request, { parsedBody: body });
    },
  };
}

/** 404 tells the client to begin a new session. */
const unknownSession = () =>
  Response.json(
    { jsonrpc: "2.0", error: { code: -32001, message: "Session not found" }, id: null },
    { status: 404 },
  );
