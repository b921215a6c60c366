/**
 * MCP over standard input and output.
 *
 * @module
 */
import { type Readable, Transform, type Writable } from "node:stream";
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { followCalls } from "./calls.ts";

/**
 * Answers messages until the input ends, and then the requests that came before. Stops at once when nobody reads the output, or with
 * the signal.
 */
export async function serveStdio(
  server: McpServer,
  { input, output, signal }: { input: Readable; output: Writable; signal: AbortSignal },
): Promise<void> {
  const lines = input.pipe(endingLine());
  const transport = new StdioServerTransport(lines, output);
  const calls = followCalls(transport);
  const ended = new Promise<void>((done) => lines.once("end", done));
  const stopped = new Promise<void>((done) => {
    server.server.onclose = done;
    output.once("error", () => done());
    if (signal.aborted) done();
    signal.addEventListener("abort", () => done(), { once: true });
  });
  await server.connect(transport);
  await Promise.race([ended.then(() => calls.settled()), stopped]);
  await server.close();
}

/** A last message counts without the end of its line, too. */
const endingLine = () =>
  new Transform({
    transform: (chunk, _, done) => done(null, chunk),
    flush: (done) => done(null, "\n"),
  });
