import { expect, test } from "bun:test";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { createSessions } from "../../../../src/http/dialects/mcp/sessions.ts";

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
  const begin = async () => (await sessions.handle(request(), start, make)).headers.get("mcp-session-id")!;
  const ids = [await begin(), await begin(), await begin()];
  const ping = { jsonrpc: "2.0", id: 2, method: "ping" };
  expect((await sessions.handle(request(ids[0]), ping, make)).status).toBe(200);
  await begin();
  expect(sessions.size()).toBe(3);
  expect((await sessions.handle(request(ids[0]), ping, make)).status).toBe(200);
  expect((await sessions.handle(request(ids[1]), ping, make)).status).toBe(404);
});

test("without another number, 64 sessions are open at most", async () => {
  const sessions = createSessions();
  for (let count = 0; count < 70; count++) await sessions.handle(request(), start, make);
  expect(sessions.size()).toBe(64);
});

test("a session without requests expires, and what begins no session leaves none", async () => {
  let time = 0;
  const sessions = createSessions({ idleMs: 1000, now: () => time });
  const begun = await sessions.handle(request(), start, make);
  const id = begun.headers.get("mcp-session-id")!;
  time = 1001;
  expect((await sessions.handle(request(id), { jsonrpc: "2.0", id: 2, method: "ping" }, make)).status).toBe(
    404,
  );
  expect(sessions.size()).toBe(0);
  await sessions.handle(request(), { jsonrpc: "2.0", id: 3, method: "tools/list" }, make);
  expect(sessions.size()).toBe(0);
});
