/**
 * Depth of one picture, with types from the server's own documents.
 *
 *     bun examples/typescript/depth.ts examples/street.jpg depth.png
 *     node examples/typescript/depth.ts examples/street.jpg depth.png     (Node 22.18 or newer)
 *
 * `easel.ts` was written by `bun scripts/docs/api-types.ts URL depthanything`. EASEL_URL names another server than the one on this
 * machine, EASEL_AUTH_TOKEN its token if it has one.
 */
import { readFile, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import type { common, depthanything } from "./easel.ts";

const url = process.env.EASEL_URL ?? "http://127.0.0.1:8000";
const token = process.env.EASEL_AUTH_TOKEN;

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("accept", "application/json");
  if (token) headers.set("authorization", `Bearer ${token}`);
  const answer = await fetch(new URL(path, url), { ...init, headers });
  if (answer.ok) return answer;
  const { detail, code } = (await answer.json()) as common.ErrorResponse;
  throw new Error(`${answer.status} ${code}: ${detail}`);
}

async function upload(path: string): Promise<common.FileRecord> {
  const form = new FormData();
  form.set("file", new File([await readFile(path)], basename(path)));
  return (await (await ask("/v1/files", { method: "POST", body: form })).json()) as common.FileRecord;
}

async function estimate(request: depthanything.EstimateRequest): Promise<depthanything.JobEstimateResponse> {
  const answer = await ask("/v1/image/depthanything/estimate", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  return (await answer.json()) as depthanything.JobEstimateResponse;
}

const [picture, output] = process.argv.slice(2);
if (!picture || !output) {
  console.error("usage: depth.ts PICTURE OUTPUT.png");
  process.exit(2);
}
const { file_id } = await upload(picture);
const { result } = await estimate({ image: { type: "file_id", file_id }, colormap: "viridis" });
if (!result) throw new Error("the job has no result");
const png = await ask(`/v1/files/${result.depth_image_file_id}/download`);
await writeFile(output, new Uint8Array(await png.arrayBuffer()));
console.log(`${result.width} × ${result.height}, ${result.depth_unit}, model ${result.model}`);
