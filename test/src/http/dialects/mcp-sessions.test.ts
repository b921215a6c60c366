import { describe, expect, test } from "bun:test";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { createSessions, type Sessions } from "../../../../src/http/dialects/mcp/sessions.ts";
import { createMcpServer } from "../../../../src/mcp/server.ts";

const start = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "t", version: "1" } },
};
const make = () => new McpServer({ name: "t", version: "1" });
const request = (session?: string) =>
  new Request("http://localhost/mcp", {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...(session && { "mcp-session-id": session }),
    },
    body: "{}",
  });

test("the number of sessions is bounded: the one unused for longest leaves", async () => {
  const sessions = createSessions({ most: 3 });
  const begin = async () =>
    (await sessions.handle(request(), start, make)).answer.headers.get("mcp-session-id")!;
  const ids = [await begin(), await begin(), await begin()];
  const ping = { jsonrpc: "2.0", id: 2, method: "ping" };
  expect((await sessions.handle(request(ids[0]), ping, make)).answer.status).toBe(200);
  await begin();
  expect(sessions.size()).toBe(3);
  expect((await sessions.handle(request(ids[0]), ping, make)).answer.status).toBe(200);
  expect((await sessions.handle(request(ids[1]), ping, make)).answer.status).toBe(404);
});

test("without another number, a thousand sessions are open at most", async () => {
  const sessions = createSessions();
  const easel = () => createMcpServer({ origin: "", request: async () => new Response() }, "1");
  for (let count = 0; count < 1010; count++) await sessions.handle(request(), start, easel);
  expect(sessions.size()).toBe(1000);
});

describe("a session that waits for an answer", () => {
  const waiting = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const make = () => {
      const server = new McpServer({ name: "t", version: "1" });
      server.registerTool("wait", {}, async () => {
        await promise;
        return { content: [] };
      });
      return server;
    };
    return { make, finish: resolve };
  };
  const call = (id: number) => ({ jsonrpc: "2.0", id, method: "tools/call", params: { name: "wait" } });
  const begin = async (sessions: Sessions, make: () => McpServer) =>
    (await sessions.handle(request(), start, make)).answer.headers.get("mcp-session-id")!;

  test("stays when others come, and leaves only when all wait", async () => {
    let time = 0;
    const sessions = createSessions({ most: 2, idleMs: 1000, now: () => time });
    const { make, finish } = waiting();
    const silent = await begin(sessions, make);
    const { answer } = await sessions.handle(request(silent), call(2), make);
    const reading = answer.text();
    const idle = await begin(sessions, make);
    const newer = await begin(sessions, make);
    expect((await sessions.handle(request(idle), call(2), make)).answer.status).toBe(404);
    time = 5000;
    await begin(sessions, make);
    expect((await sessions.handle(request(newer), call(2), make)).answer.status).toBe(404);
    finish();
    expect(await reading).toContain('"id":2');
  });

  test("needs its message until the answer is there, and no longer", async () => {
    const sessions = createSessions();
    const { make, finish } = waiting();
    const id = await begin(sessions, make);
    const { answer, finished } = await sessions.handle(request(id), [call(2), call(2)], make);
    expect(Bun.peek.status(finished)).toBe("pending");
    await answer.body!.cancel();
    const ping = await sessions.handle(request(id), { jsonrpc: "2.0", id: 3, method: "ping" }, make);
    await ping.answer.text();
    await ping.finished;
    expect(Bun.peek.status(finished)).toBe("pending");
    finish();
    await finished;
  });

  test("needs it no more when the call is cancelled, or the session ends", async () => {
    const sessions = createSessions();
    const { make } = waiting();
    const id = await begin(sessions, make);
    const cancelled = await sessions.handle(request(id), call(2), make);
    const cut = await sessions.handle(request(id), call(3), make);
    const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 2 } };
    await sessions.handle(request(id), cancel, make);
    await cancelled.finished;
    expect(Bun.peek.status(cut.finished)).toBe("pending");
    await sessions.handle(
      new Request("http://localhost/mcp", { method: "DELETE", headers: { "mcp-session-id": id } }),
      undefined,
      make,
    );
    await cut.finished;
    expect(sessions.size()).toBe(0);
  });
});

test("a session without requests expires, and what begins no session leaves none", async () => {
  let time = 0;
  const sessions = createSessions({ idleMs: 1000, now: () => time });
  const { answer } = await sessions.handle(request(), start, make);
  const id = answer.headers.get("mcp-session-id")!;
  await answer.text();
  time = 1001;
  const ping = { jsonrpc: "2.0", id: 2, method: "ping" };
  expect((await sessions.handle(request(id), ping, make)).answer.status).toBe(404);
  expect(sessions.size()).toBe(0);
  await sessions.handle(request(), { jsonrpc: "2.0", id: 3, method: "tools/list" }, make);
  expect(sessions.size()).toBe(0);
});
