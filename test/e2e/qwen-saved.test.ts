/** A folder that mflux has saved, and quantized weights in the cache, as a server's user sees them. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Job } from "../../src/jobs/job.ts";
import { depthServer } from "./server.ts";

const fixtures = join(import.meta.dir, "../fixtures");
const cache_dir = mkdtempSync(join(tmpdir(), "easel-saved-"));
afterAll(() => rmSync(cache_dir, { recursive: true }));

const server = await depthServer({
  modelPaths: { "qwen/image": join(fixtures, "qwen-mflux"), "qwen/image-2512": join(fixtures, "qwen/image") },
  settings: { cache_dir },
});

async function made(body: object): Promise<Record<string, unknown>> {
  const request = { prompt: "a red fox", width: 64, height: 48, steps: 2, seed: 7, ...body };
  const answer = await server.post("/v1/image/qwen/generate", request, { accept: "application/json" });
  const job = (await answer.json()) as Job & { detail?: string };
  expect([answer.status, job.detail]).toEqual([200, undefined]);
  return job.result!.params as Record<string, unknown>;
}
const kept = () =>
  readdirSync(join(cache_dir, "quantized")).map((name) => name.replace(/-b?float\d\d-.*/, ""));

test("a folder that mflux has saved tells its own bits, and nothing of it is kept again", async () => {
  expect(await made({ quantize: 8 })).toMatchObject({ quantize: 4 });
  expect(await made({})).toMatchObject({ quantize: 4 });
  expect(kept()).toEqual([]);
}, 60_000);

test("a published one is quantized as asked for, once for each number of bits", async () => {
  expect(await made({ model: "image-2512" })).toMatchObject({ quantize: 8 });
  expect(await made({ model: "image-2512", quantize: 4 })).toMatchObject({ quantize: 4 });
  expect(kept().sort()).toEqual([
    "qwen-image-2512-modulation-4bit",
    "qwen-image-2512-modulation-8bit",
    "qwen-image-2512-transformer-4bit",
    "qwen-image-2512-transformer-8bit",
  ]);
}, 60_000);
