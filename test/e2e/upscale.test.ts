/** From a request to a larger picture, with the real engine and a tiny checkpoint in the published layout. */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withProfile } from "../../src/images/profile.ts";
import { loadSharp } from "../../src/images/sharp.ts";
import type { Job } from "../../src/jobs/job.ts";
import { depthServer } from "./server.ts";

// whole upscales, on machines that have other things to do
setDefaultTimeout(60_000);

const fixtures = join(import.meta.dir, "../fixtures/seedvr2");
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
// The same numbers, said to be of Display P3.
const wide = join(folder, "wide.png");
const p3 = (await loadSharp()(await loadSharp()(input).withIccProfile("p3").png().toBuffer()).metadata())
  .icc!;
writeFileSync(wide, await withProfile(readFileSync(transparent), "png", p3));

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
        precision: expect.stringMatching(/^(float32|bfloat16)$/),
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

  test("takes colours and tiles from the request before the settings, and keeps what it took", async () => {
    const ways = [
      { resolution: 48 },
      { resolution: 48, color_fix: "none" },
      { resolution: 48, color_fix: "lab" },
      { resolution: 48, color_fix: "wavelet" },
      { resolution: 144 },
      { resolution: 144, tile: 128 },
    ];
    const made = await Promise.all(ways.map((way) => asJob({ seed: 3, ...way })));
    const kept = made.map(({ params }) => [params.color_fix, params.tile]);
    expect(kept).toEqual([
      ["wavelet-lab", 512],
      ["none", 512],
      ["lab", 512],
      ["wavelet", 512],
      ["wavelet-lab", 512],
      ["wavelet-lab", 128],
    ]);
    const used = made.map(({ result }) => (result as { params: Job["params"] }).params);
    expect(used.map(({ color_fix, tile }) => [color_fix, tile])).toEqual(kept);
    const hashes = new Set<string>();
    for (const { artifacts } of made) {
      const bytes = await (await server.get(`/v1/files/${artifacts[0]}/download`)).arrayBuffer();
      hashes.add(Bun.SHA256.hash((await pixelsOf(bytes)).data, "hex"));
    }
    expect(hashes.size).toBe(made.length);
  });

  test.each([
    ["png", "iTXt"],
    ["jpeg", "Exif"],
    ["webp", "EXIF"],
  ])("writes the parameters into the picture, %s", async (format, place) => {
    const answer = await upscale({ resolution: 48, seed: 7, format });
    const text = Buffer.from(await answer.arrayBuffer()).toString("latin1");
    expect(text).toContain('"seed":7');
    expect(text).toContain(place);
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

  test("counts the tiles of the encoder, the blocks and the tiles of the decoder", async () => {
    const answer = await upscale({ mode: "async", resolution: 144, tile: 128 });
    const { job_id } = (await answer.json()) as { job_id: string };
    const events = await (await server.get(`/v1/jobs/${job_id}/events`)).text();
    const whole: Record<string, number> = {};
    for (const [, text] of events.matchAll(/^data: (.*)$/gm)) {
      const { progress_label, step, steps } = JSON.parse(text!) as Record<string, number & string>;
      if (step !== undefined && step === steps) whole[progress_label!] = step;
    }
    // 192x144 in tiles of 128 that share 64, and the blocks of the tiny network
    expect(whole).toMatchObject({ encoding: 4, denoising: 4, decoding: 4 });
  });

  test.each(["encoding", "decoding"])("stops while %s when the job is cancelled", async (label) => {
    const answer = await upscale({ mode: "async", resolution: 192, tile: 128 });
    const { job_id } = (await answer.json()) as { job_id: string };
    const events = await server.get(`/v1/jobs/${job_id}/events`);
    let seen = "";
    let asked = false;
    const text = new TextDecoder();
    for await (const chunk of events.body!) {
      seen += text.decode(chunk, { stream: true });
      if (asked || !seen.includes(`"progress_label":"${label}"`)) continue;
      asked = true;
      expect((await server.post(`/v1/jobs/${job_id}/cancel`, {})).status).toBe(200);
    }
    expect(seen).toContain("event: canceled");
    const job = await server.ended(job_id);
    expect([job.status, job.progress_label, job.artifacts]).toEqual(["canceled", label, []]);
    expect((await upscale({ resolution: 48 })).status).toBe(200);
  });

  test("keeps the colours of a wide gamut: the profile comes back, and with it the look", async () => {
    const image = await server.upload(wide);
    const asked = { resolution: 48, seed: 5, color_fix: "wavelet", quality: 100 };
    for (const format of ["png", "jpeg", "webp"]) {
      const answer = await upscale({ ...asked, image, format });
      const tagged = Buffer.from(await answer.arrayBuffer());
      const metadata = await loadSharp()(tagged).metadata();
      expect([format, Buffer.from(metadata.icc!).equals(p3)]).toEqual([format, true]);
      expect(metadata.hasAlpha).toBe(format !== "jpeg");
      if (format !== "png") continue;
      // The numbers are those of the same file without a profile, where they mean other colours.
      const untagged = await upscale({ ...asked, image: await server.upload(transparent) });
      const plain = Buffer.from(await untagged.arrayBuffer());
      const numbers = (bytes: Buffer) => loadSharp()(bytes, { ignoreIcc: true }).raw().toBuffer();
      expect((await numbers(tagged)).equals(await numbers(plain))).toBe(true);
      expect((await loadSharp()(plain).metadata()).icc).toBeUndefined();
      const shown = (bytes: Buffer) => loadSharp()(bytes).toColourspace("srgb").raw().toBuffer();
      expect((await shown(tagged)).equals(await shown(plain))).toBe(false);
    }
  });

  test.each([
    [{ resolution: 15 }, 422, "resolution must be in 16..2048"],
    [{ resolution: "nanx" }, 422, "resolution scale must look like '2x' or '1.5x'"],
    [{ resolution: "5x" }, 422, "resolution scale must be > 0 and <= 4.0x"],
    [{ quantize: 7 }, 422, "quantize must be one of 3, 4, 5, 6, 8"],
    [{ model: "9b" }, 400, "unknown seedvr2 model '9b'; available: ['3b', '7b', 'mini']"],
  ])("refuses %p", async (body, status, detail) => {
    const before = await server.counts();
    const answer = await upscale(body);
    expect(answer.status).toBe(status);
    expect(((await answer.json()) as { detail: string }).detail).toBe(detail);
    expect(await server.counts()).toEqual(before);
  });

  test.each([
    [{ softness: 1.5 }, "softness", "less_than_equal"],
    [{ color_fix: "sepia" }, "color_fix", "literal_error"],
    [{ tile: 130 }, "tile", "multiple_of"],
    [{ tile: 64 }, "tile", "greater_than_equal"],
    [{ tile: 8192 }, "tile", "less_than_equal"],
    [{ quality: 0 }, "quality", "greater_than_equal"],
    [{ softness: null }, "softness", "float_type"],
    [{ softness: "soft" }, "softness", "float_parsing"],
    [{ format: "gif" }, "format", "literal_error"],
  ])("refuses %p by the schema", async (body, field, type) => {
    const answer = await upscale(body);
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ detail: [{ loc: ["body", field], type }] });
  });

  test("says 400 to a picture that is none, and 422 to a result that is nothing", async () => {
    const image = await server.upload(join(folder, "text.png"));
    expect((await upscale({ image })).status).toBe(400);
    const answer = await upscale({ resolution: "0.1x" });
    expect(answer.status).toBe(422);
    expect(((await answer.json()) as { detail: string }).detail).toContain(
      "is too small for this resolution",
    );
    expect((await upscale({ resolution: 48 })).status).toBe(200);
  });
});

describe("the built-in upscaler", () => {
  const sizeOf = async (answer: Response) => {
    expect(answer.status).toBe(200);
    const { data, info } = await pixelsOf(await answer.arrayBuffer());
    return { data, size: [info.width, info.height, info.channels] };
  };
  const mean = (data: Uint8Array, channels: number) =>
    [0, 1, 2].map((c) => {
      let sum = 0;
      for (let i = c; i < data.length; i += channels) sum += data[i]!;
      return (sum * channels) / data.length;
    });

  test.each([
    ["2x", [192, 144, 3]],
    ["4x", [384, 288, 3]],
    ["1x", [84, 64, 3]],
    ["0.5x", [42, 32, 3]],
    [500, [666, 500, 3]],
  ])("makes a picture of resolution %p with the colors of the input", async (resolution, wanted) => {
    const { data, size } = await sizeOf(await upscale({ model: "mini", resolution }));
    expect(size).toEqual(wanted);
    const before = await loadSharp()(input).removeAlpha().raw().toBuffer();
    const [from, to] = [mean(before, 3), mean(data, 3)];
    for (const c of [0, 1, 2]) expect(Math.abs(from[c]! - to[c]!)).toBeLessThan(2);
  });

  test("is told as a try-out, and its job names it", async () => {
    const models = (await (await server.get("/v1/image/seedvr2/models")).json()) as {
      name: string;
      features: string[];
    }[];
    expect(models.find(({ name }) => name === "mini")?.features).toContain("try-out");
    const job = await asJob({ model: "mini" });
    expect(job).toMatchObject({ status: "succeeded", result: { model: "mini", width: 192, height: 144 } });
    expect(job.result).not.toHaveProperty("notes");
    const more = { quantize: 4, color_fix: "lab", tile: 256, seed: 7, softness: 0.5 };
    expect((await asJob({ model: "mini", ...more })).result).toMatchObject({
      notes: ["quantize", "color_fix", "tile", "seed"].map((field) => `${field}: mini does not use it`),
    });
  });

  test("keeps transparency where the format has it, and drops it in a JPEG", async () => {
    const image = await server.upload(transparent);
    const { data, size } = await sizeOf(await upscale({ image, model: "mini" }));
    expect(size).toEqual([192, 144, 4]);
    const alpha = (x: number) => data[4 * (72 * 192 + x) + 3];
    expect([alpha(20), alpha(170)]).toEqual([255, 0]);
    expect((await sizeOf(await upscale({ image, model: "mini", format: "jpeg" }))).size[2]).toBe(3);
  });

  test("keeps the profile of a wide gamut", async () => {
    const answer = await upscale({ image: await server.upload(wide), model: "mini" });
    const { icc } = await loadSharp()(Buffer.from(await answer.arrayBuffer())).metadata();
    expect(icc?.equals(p3)).toBe(true);
  });

  test.each([
    [1, 4000],
    [4000, 1],
    [3000, 20],
  ])("says 422 or makes a picture of one of %d × %d, and stays alive", async (width, height) => {
    const file = join(folder, `thin-${width}-${height}.png`);
    await loadSharp()({ create: { width, height, channels: 3, background: "teal" } })
      .png()
      .toFile(file);
    const image = await server.upload(file);
    const answer = await upscale({ image, model: "mini", resolution: "2x" });
    expect(answer.status).toBe(Math.min(width, height) >= 16 ? 200 : 422);
    expect((await upscale({ model: "mini" })).status).toBe(200);
  });
});
