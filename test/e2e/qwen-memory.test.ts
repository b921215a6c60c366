/** Qwen-Image within a memory limit, with the real engine and a tiny checkpoint. */
import { beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { loadSharp } from "../../src/images/sharp.ts";
import type { Job } from "../../src/jobs/job.ts";
import { depthServer } from "./server.ts";

const fixtures = join(import.meta.dir, "../fixtures/qwen");
const serverWith = (memory_limit_gb: number) =>
  depthServer({
    modelPaths: { "qwen/edit-2509": join(fixtures, "image") },
    settings: { memory_limit_gb, qwen_reference_pixels: 128 * 128, qwen_vae_tile: 256 },
  });
const roomy = await serverWith(64);
/** Between the two ways to run the prompts of the first request below. */
const tight = await serverWith(0.2);

type Picture = { type: string; file_id: string };
let images: Record<"roomy" | "tight", Picture>;
beforeAll(async () => {
  const given = (server: typeof roomy) => server.upload(join(fixtures, "first.png"));
  images = { roomy: await given(roomy), tight: await given(tight) };
});

const asked = (server: typeof roomy, body: object) =>
  server.post(
    "/v1/image/qwen/edit",
    { prompt: "make it blue", guidance: 3, seed: 7, ...body },
    { accept: "application/json" },
  );

async function picture(server: typeof roomy, image: Picture) {
  const answer = await asked(server, { width: 2048, height: 1152, steps: 1, images: [image] });
  const job = (await answer.json()) as Job & { detail?: string };
  expect([answer.status, job.detail]).toEqual([200, undefined]);
  const { file_id, params } = job.result as { file_id: string; params: Record<string, unknown> };
  const bytes = await (await server.get(`/v1/files/${file_id}/download`)).arrayBuffer();
  const { image_file_ids: _, batch_guidance, ...used } = params;
  return { batch_guidance, used, pixels: await loadSharp()(Buffer.from(bytes)).raw().toBuffer() };
}

test("both prompts run one after the other where they do not fit at once, and the picture is the same within one level", async () => {
  const usual = await picture(roomy, images.roomy);
  const short = await picture(tight, images.tight);
  expect([usual.batch_guidance, short.batch_guidance]).toEqual([true, false]);
  expect(short.used).toEqual(usual.used);
  const most = usual.pixels.reduce((most, value, i) => Math.max(most, Math.abs(value - short.pixels[i]!)), 0);
  expect(most).toBeLessThanOrEqual(1);
}, 300_000);

test("a request that fits in neither way is refused, and what the refusal names fits", async () => {
  const image = images.tight;
  const small = { width: 64, height: 48, steps: 1 };
  const answer = await asked(tight, { ...small, images: [image, image, image] });
  const { detail, code } = (await answer.json()) as { detail: string; code: string };
  expect([answer.status, code]).toEqual([503, "over_budget"]);
  expect(detail).toContain("ask for 1 picture, or set memory_limit_gb to ");
  expect((await asked(tight, { ...small, images: [image] })).status).toBe(200);
}, 300_000);
