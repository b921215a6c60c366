/** From a request to a larger picture, with the real engine and a tiny checkpoint in the published layout. */
import { afterAll, describe, expect, test } from "bun:test";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadSharp } from "../../../src/images/sharp.ts";
import type { Job } from "../../../src/jobs/job.ts";
import { depthServer } from "../depth/server.ts";

const fixtures = join(import.meta.dir, "../../fixtures/seedvr2");
const folder = mkdtempSync(join(tmpdir(), "easel-upscale-"));
afterAll(() => rmSync(folder, { recursive: true }));
for (const variant of ["3b", "7b"]) {
  cpSync(join(fixtures, variant), join(folder, variant), { recursive: true });
  for (const file of ["ema_vae_fp16.safetensors", "pos_emb.pt"])
    cpSync(join(fixtures, file), join(folder, variant, file));
}
const input = join(fixtures, "input-100x75.png");
const transparent = join(folder, "transparent.png");
const turned = join(folder, "turned.png");
const opaque = await loadSharp()(input).ensureAlpha().raw().toBuffer();
for (let i = 0; i < 100 * 75; i++) if (i % 100 >= 50) opaque[4 * i + 3] = 0;
await loadSharp()(opaque, { raw: { width: 100, height: 75, channels: 4 } })
  .png()
  .toFile(transparent);
await loadSharp()(await loadSharp()(input).rotate(-90).png().toBuffer())
  .withMetadata({ orientation: 6 })
  .png()
  .toFile(turned);
writeFileSync(join(folder, "text.png"), "no picture");

const server = await depthServer({
  // needs are those of the published sizes, whatever this machine has
  settings: { seedvr2_default_quantize: null, memory_limit_gb: 64 },
  modelPaths: { "seedvr2/3b": join(folder, "3b"), "seedvr2/7b": join(folder, "7b") },
});
const picture = await server.upload(input);
const upscale = (body: object, headers: Record<string, string> = {}) =>
  server.post("/v1/image/seedvr2/upscale", { image: picture, ...body }, headers);
const asJob = async (body: object): Promise<Job> =>
  (await (await upscale(body, { accept: "application/json" })).json()) as Job;
const pixelsOf = (bytes: ArrayBuffer) =>
  loadSharp()(Buffer.from(bytes)).raw().toBuffer({ resolveWithObject: true });

describe("POST /v1/image/seedvr2/upscale", () => {
  test.each(["3b", "7b"])("answers with the picture that the reference makes, model %s", async (model) => {
    const answer = await upscale({ model, seed: 42 });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("image/png");
    expect(answer.headers.get("x-kiapi-file-id")).toMatch(/^file_[0-9a-f]{32}$/);
    const made = await pixelsOf(await answer.arrayBuffer());
    const wanted = await loadSharp()(join(fixtures, `${model}-100x75-2x-0.0-42.png`))
      .raw()
      .toBuffer();
    expect([made.info.width, made.info.height, made.info.channels]).toEqual([192, 144, 3]);
    expect(made.data.every((value, i) => Math.abs(value - wanted[i]!) <= 1)).toBe(true);
  });

  test("tells in the job what the run used, and the same seed makes the same picture", async () => {
    const first = await asJob({ resolution: 96, softness: 0.5, format: "webp", quality: 80 });
    expect(first.status).toBe("succeeded");
    expect(first.result).toMatchObject({
      model: "3b",
      input_width: 100,
      input_height: 75,
      width: 128,
      height: 96,
      params: {
        kind: "upscale",
        model: "3b",
        resolution: 96,
        softness: 0.5,
        quantize: null,
        format: "webp",
        quality: 80,
        color_fix: "wavelet-lab",
      },
    });
    const { seed } = (first.result as { params: { seed: number } }).params;
    expect(Number.isInteger(seed)).toBe(true);
    const bytes = async (job: Job) =>
      (await server.get(`/v1/files/${job.artifacts[0]}/download`)).arrayBuffer();
    const again = await asJob({ resolution: 96, softness: 0.5, format: "webp", quality: 80, seed });
    expect((await pixelsOf(await bytes(again))).data.equals((await pixelsOf(await bytes(first))).data)).toBe(
      true,
    );
  });

  test("writes the parameters into the picture", async () => {
    const answer = await upscale({ resolution: 48, seed: 7 });
    const text = Buffer.from(await answer.arrayBuffer()).toString("latin1");
    expect(text).toContain('"seed":7');
    expect(text).toContain("iTXt");
  });

  test("keeps transparency where the format has it, and drops it in a JPEG", async () => {
    const image = await server.upload(transparent);
    const png = await pixelsOf(await (await upscale({ image, resolution: 96 })).arrayBuffer());
    expect(png.info.channels).toBe(4);
    expect([png.data[3], png.data[4 * 127 + 3]]).toEqual([255, 0]);
    const jpeg = await upscale({ image, resolution: 96, format: "jpeg" });
    expect(jpeg.headers.get("content-type")).toBe("image/jpeg");
    expect((await pixelsOf(await jpeg.arrayBuffer())).info.channels).toBe(3);
  });

  test("sees a turned picture upright", async () => {
    const plain = await pixelsOf(await (await upscale({ resolution: 48, seed: 1 })).arrayBuffer());
    const image = await server.upload(turned);
    const made = await pixelsOf(await (await upscale({ image, resolution: 48, seed: 1 })).arrayBuffer());
    expect(made.info.width).toBe(64);
    expect(made.data.equals(plain.data)).toBe(true);
  });

  test("answers asynchronously with a job that tells its progress by tiles and blocks", async () => {
    const answer = await upscale({ mode: "async", resolution: 48 });
    expect(answer.status).toBe(202);
    const { job_id } = (await answer.json()) as { job_id: string };
    const events = await (await server.get(`/v1/jobs/${job_id}/events`)).text();
    expect(events).toContain("event: succeeded");
    expect(events).toContain('"progress_label":"denoising"');
  });

  test.each([
    [{ resolution: 15 }, 422, "resolution must be in 16..2048"],
    [{ resolution: "nanx" }, 422, "resolution scale must look like '2x' or '1.5x'"],
    [{ resolution: "5x" }, 422, "resolution scale must be > 0 and <= 4.0x"],
    [{ quantize: 7 }, 422, "quantize must be one of 3, 4, 5, 6, 8"],
    [{ model: "9b" }, 400, "unknown seedvr2 model '9b'; available: ['3b', '7b']"],
  ])("refuses %p", async (body, status, detail) => {
    const before = await server.counts();
    const answer = await upscale(body);
    expect(answer.status).toBe(status);
    expect(((await answer.json()) as { detail: string }).detail).toBe(detail);
    expect(await server.counts()).toEqual(before);
  });

  test("refuses softness outside 0..1 by the schema", async () => {
    const answer = await upscale({ softness: 1.5 });
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({
      detail: [{ loc: ["body", "softness"], type: "less_than_equal" }],
    });
  });

  test("says 400 to a picture that is none, and 422 to a result that is nothing", async () => {
    const image = await server.upload(join(folder, "text.png"));
    expect((await upscale({ image })).status).toBe(400);
    const answer = await upscale({ resolution: "0.1x" });
    expect(answer.status).toBe(422);
    expect(((await answer.json()) as { detail: string }).detail).toContain("ask for a larger resolution");
    expect((await upscale({ resolution: 48 })).status).toBe(200);
  });
});
