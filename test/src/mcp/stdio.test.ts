import { expect, test } from "bun:test";
import { PassThrough } from "node:stream";
import { createMcpServer } from "../../../src/mcp/server.ts";
import { serveStdio } from "../../../src/mcp/stdio.ts";

const message = (id: number, method: string, params: object = {}) =>
  JSON.stringify({ jsonrpc: "2.0", id, method, params });
const initialize = message(1, "initialize", {
  protocolVersion: "2025-06-18",
  capabilities: {},
  clientInfo: { name: "t", version: "1" },
});
const tool = (id: number, name: string, args: object = {}) =>
  message(id, "tools/call", { name, arguments: args });

/** A server whose API answers once `release` is called, and the ids that it answered at the end of its input. */
function session({ held = false } = {}) {
  const gate = Promise.withResolvers<void>();
  if (!held) gate.resolve();
  const input = new PassThrough();
  const output = new PassThrough();
  const stop = new AbortController();
  let text = "";
  output.on("data", (chunk) => {
    text += chunk;
  });
  const api = {
    origin: "http://localhost",
    request: async () => {
      await gate.promise;
      return Response.json({ data: [], has_more: false });
    },
  };
  const ended = serveStdio(createMcpServer(api, "1"), { input, output, signal: stop.signal });
  const answers = () =>
    text
      .split("\n")
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { id: number }).id)
      .toSorted();
  return { input, output, ended, answers, release: gate.resolve, stop };
}

test("all messages before the end of the input are answered, the last one without a line end too", async () => {
  const { input, ended, answers } = session();
  input.end([initialize, tool(2, "list_jobs"), tool(3, "list_models"), tool(4, "list_jobs")].join("\n"));
  await ended;
  expect(answers()).toEqual([1, 2, 3, 4]);
});

test("an answer that takes long is waited for", async () => {
  const { input, ended, answers, release } = session({ held: true });
  input.end(`${initialize}\n${tool(2, "list_jobs")}\n`);
  while (!answers().includes(1)) await Bun.sleep(1);
  expect(Bun.peek.status(ended)).toBe("pending");
  release();
  await ended;
  expect(answers()).toEqual([1, 2]);
});

test("a cancelled call is not waited for", async () => {
  const { input, ended, answers } = session({ held: true });
  const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 2 } };
  input.end([initialize, tool(2, "list_jobs"), JSON.stringify(cancel)].join("\n"));
  await ended;
  expect(answers()).toEqual([1]);
});

test("lines that are no messages change nothing", async () => {
  const { input, ended, answers } = session();
  input.end(["", "not json", "[]", '{"a": 1}', "null", initialize, "{", tool(2, "list_jobs"), ""].join("\n"));
  await ended;
  expect(answers()).toEqual([1, 2]);
});

test("the signal and a closed output end it at once", async () => {
  const stopped = session({ held: true });
  stopped.input.write(`${initialize}\n${tool(2, "list_jobs")}\n`);
  stopped.stop.abort();
  await stopped.ended;
  const closed = session({ held: true });
  closed.input.end(`${initialize}\n${tool(2, "list_jobs")}\n`);
  closed.output.destroy(new Error("EPIPE"));
  await closed.ended;
});
