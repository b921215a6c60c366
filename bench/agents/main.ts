/**
 * What agents and operators wait for: a call over MCP beside the same one over HTTP, memory of sessions, thumbnails, and cancelling a
 * long queue. It writes `docs/bench/agents.md`.
 *
 *     bun build.ts && bun bench/agents/main.ts [rounds]
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import sharp from "sharp";
import { estimate, upload } from "../../test/binary/noise.ts";
import { place, type Server, started } from "../../test/binary/server.ts";
import { median, spread } from "../statistics.ts";

const rounds = Number(process.argv[2] ?? 9);
const before = loadavg()[0]!;
using here = place();
await using server = await started(here, { HOME: here.home, EASEL_LOG_LEVEL: "warning" });

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

async function ok(answer: Response): Promise<Response> {
  if (!answer.ok) throw new Error(`HTTP ${answer.status}: ${await answer.text()}`);
  return answer;
}

/** The same depth map over both, in turns. */
async function calls({ url }: Server) {
  const file_id = await upload(server, 1200);
  const client = new Client({ name: "bench", version: "1" });
  await client.connect(new StreamableHTTPClientTransport(new URL("/mcp", url)));
  const overHttp = async () =>
    (await ok(await estimate(server, file_id, { include_depth_data: false }))).arrayBuffer();
  const overMcp = async () => {
    const args = { image: { file_id }, model: "depthanything/mini" };
    const { isError, content } = await client.callTool({ name: "estimate_depth", arguments: args });
    if (isError) throw new Error(JSON.stringify(content));
  };
  await overHttp();
  await overMcp();
  const http: number[] = [];
  const mcp: number[] = [];
  for (let round = 0; round < rounds; round++) {
    http.push(await timed(overHttp));
    mcp.push(await timed(overMcp));
  }
  await client.close();
  return { http, mcp, ratios: mcp.map((time, round) => time / http[round]!) };
}

const residentMb = ({ pid }: Server) =>
  (Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) * 1024) / 1e6;

/** Memory that a thousand open sessions add; each has listed its tools. */
async function sessions({ url }: Server) {
  const send = async (message: object, session?: string) => {
    const answer = await ok(
      await fetch(new URL("/mcp", url), {
        method: "POST",
        headers: {
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
          ...(session && { "mcp-session-id": session }),
        },
        body: JSON.stringify({ jsonrpc: "2.0", ...message }),
      }),
    );
    await answer.arrayBuffer();
    return answer.headers.get("mcp-session-id")!;
  };
  const clientInfo = { name: "bench", version: "1" };
  const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo };
  const begin = async () => {
    const session = await send({ id: 1, method: "initialize", params });
    await send({ method: "notifications/initialized" }, session);
    await send({ id: 2, method: "tools/list" }, session);
  };
  await begin();
  const start = residentMb(server);
  const milliseconds: number[] = [];
  for (let count = 0; count < 1000; count++) milliseconds.push(await timed(begin));
  return { mb: residentMb(server) - start, milliseconds };
}

/** Of photographs of 12 megapixels that have none yet, and again. */
async function thumbnails() {
  const cold: number[] = [];
  const warm: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const noise = { type: "gaussian", mean: 128, sigma: 30 } as const;
    const small = sharp({ create: { width: 500, height: 375, channels: 3, background: "grey", noise } });
    const picture = await sharp(await small.png().toBuffer())
      .resize(4000, 3000)
      .jpeg()
      .toBuffer();
    const form = new FormData();
    form.set("file", new Blob([new Uint8Array(picture)], { type: "image/jpeg" }), "photo.jpg");
    const stored = await ok(await fetch(new URL("/v1/files", server.url), { method: "POST", body: form }));
    const { file_id } = (await stored.json()) as { file_id: string };
    const get = async () =>
      (await ok(await server.get(`/v1/files/${file_id}/thumbnail?size=320`))).arrayBuffer();
    cold.push(await timed(get));
    warm.push(median([await timed(get), await timed(get), await timed(get)]));
  }
  return { cold, warm };
}

/** 500 jobs that wait behind one that runs. */
async function cancelled() {
  const times: number[] = [];
  const large = await upload(server, 3000);
  const post = (path: string, body: object) =>
    fetch(new URL(path, server.url), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  for (let round = 0; round < 3; round++) {
    const body = { model: "mini", image: { file_id: large }, mode: "async" };
    for (let count = 0; count < 501; count++)
      await ok(await post("/v1/image/depthanything/estimate", body)).then((answer) => answer.arrayBuffer());
    let count = 0;
    times.push(
      await timed(async () => {
        const answer = await ok(await post("/v1/jobs/cancel", { status: ["queued"] }));
        count = ((await answer.json()) as { canceled: number }).canceled;
      }),
    );
    if (count < 450) throw new Error(`only ${count} jobs were waiting`);
    await ok(await post("/v1/jobs/cancel", { status: ["queued", "running"] }));
  }
  return times;
}

const { http, mcp, ratios } = await calls(server);
const { mb, milliseconds } = await sessions(server);
const { cold, warm } = await thumbnails();
const cancelling = await cancelled();
const after = loadavg()[0]!;
const rows: [string, string, string][] = [
  ["a depth map of 1.4 megapixels over HTTP, ms", spread(http, 0), ""],
  ["the same over MCP, with links and a preview, ms", spread(mcp, 0), ""],
  ["MCP divided by HTTP, in turns", spread(ratios), "1.3"],
  ["memory of 1,000 MCP sessions, MB", mb.toFixed(1), "60"],
  ["beginning a session and listing its tools, ms", spread(milliseconds, 1), ""],
  ["first thumbnail of a photograph of 12 megapixels, ms", spread(cold, 0), "150"],
  ["the same thumbnail again, ms", spread(warm, 1), "3"],
  ["cancelling 500 jobs that wait, ms", spread(cancelling, 0), "2000"],
];
const page = `# Agents and operators

Written by \`bun bench/agents/main.ts\` on ${process.platform} ${process.arch}, ${cpus()[0]?.model.trim()}, ${cpus().length} threads; the machine's
load was ${before.toFixed(1)} before and ${after.toFixed(1)} at the end. Medians, with the least and the largest in brackets.${
  Math.max(before, after) > 2 * cpus().length
    ? ` Other programs kept the machine busy: times are too long, and
ratios of neighbouring measurements are what counts.`
    : ""
}

The binary runs alone in an empty folder, with the depth model that is inside it. The memory is what the process has after a thousand
sessions, less what it had after one.

| what | measured | at most |
| --- | --- | --- |
${rows.map((row) => `| ${row.join(" | ")} |`).join("\n")}
`;
const file = join(import.meta.dir, "../../docs/bench/agents.md");
await Bun.write(file, page);
await Bun.$`${join(import.meta.dir, "../../node_modules/.bin/biome")} format --write ${file}`.quiet();
console.log(page);
