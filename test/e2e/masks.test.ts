/** Edits of a part of a picture, with the real engine and tiny checkpoints. */
import { beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { loadSharp } from "../../src/images/sharp.ts";
import type { Job } from "../../src/jobs/job.ts";
import { tiffOf } from "../src/images/tiff-file.ts";
import { depthServer } from "./server.ts";

const fixtures = join(import.meta.dir, "../fixtures");
const server = await depthServer({
  modelPaths: {
    "qwen/edit-2509": join(fixtures, "qwen/image"),
    "flux2/klein-4b": join(fixtures, "flux2/model"),
  },
  settings: {
    qwen_default_width: 128,
    qwen_default_height: 96,
    flux2_default_width: 128,
    flux2_default_height: 96,
    qwen_reference_pixels: 128 * 128,
  },
});
const [width, height] = [128, 96];
/** The picture that is changed, in the size of the results. */
const source = await loadSharp()(join(fixtures, "qwen/first.png"))
  .resize(width, height, { fit: "fill" })
  .raw()
  .toBuffer();

type Region = (x: number, y: number) => boolean;
const corner: Region = (x, y) => x >= 48 && y >= 40;

async function png(bytes: Uint8Array, size: { width: number; height: number; channels: 1 | 3 | 4 }) {
  return loadSharp()(bytes, { raw: size }).png().toBuffer();
}
/** A mask in which a region has one value and the rest another. */
const greyMask = (inside: number, outside: number, [w, h] = [width, height], region = corner) =>
  png(
    Uint8Array.from({ length: w * h }, (_, i) => (region(i % w, Math.floor(i / w)) ? inside : outside)),
    {
      width: w,
      height: h,
      channels: 1,
    },
  );
const dataUrl = (bytes: Uint8Array) => ({
  type: "data_url",
  data_url: `data:image/png;base64,${Buffer.from(bytes).toString("base64")}`,
});

let image: object;
beforeAll(async () => {
  image = dataUrl(await png(source, { width, height, channels: 3 }));
});

const post = (path: string, body: object) => server.post(path, body, { accept: "application/json" });

async function made(family: string, body: object) {
  const answer = await post(`/v1/image/${family}/edit`, {
    prompt: "a red ball",
    images: [image],
    steps: 2,
    seed: 3,
    ...body,
  });
  const job = (await answer.json()) as Job & { detail?: string };
  expect([answer.status, job.detail]).toEqual([200, undefined]);
  const { file_id, params, ...rest } = job.result as Record<string, unknown> & {
    params: Record<string, unknown>;
  };
  const bytes = Buffer.from(await (await server.get(`/v1/files/${file_id}/download`)).arrayBuffer());
  return { ...rest, params, pixels: await loadSharp()(bytes).raw().toBuffer() } as {
    width: number;
    height: number;
    params: Record<string, unknown>;
    pixels: Buffer;
  };
}

/** The largest difference of a region's pixels. */
function apart(a: Uint8Array, b: Uint8Array, region: Region): number {
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const pixel = Math.floor(i / 3);
    if (region(pixel % width, Math.floor(pixel / width))) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  }
  return most;
}
const rest: Region = (x, y) => !corner(x, y);

describe.each(["qwen", "flux2"])("%s repaints", (family) => {
  test("what is white and keeps what is black to within one level, in the picture's own size", async () => {
    const mask = dataUrl(await greyMask(255, 0));
    const result = await made(family, { mask });
    expect([result.width, result.height]).toEqual([width, height]);
    expect(apart(result.pixels, source, rest)).toBeLessThanOrEqual(1);
    expect(apart(result.pixels, source, corner)).toBeGreaterThan(20);
    expect(result.params).toMatchObject({
      mask_marks: "white",
      mask_file_id: expect.stringMatching(/^file_/),
      width,
      height,
    });
  }, 60_000);

  test("everything where the mask is white: the picture of an edit without one", async () => {
    const mask = dataUrl(await greyMask(255, 255));
    const [whole, plain] = [await made(family, { mask }), await made(family, {})];
    expect(whole.pixels.equals(plain.pixels)).toBe(true);
    expect(plain.params.mask_file_id).toBeUndefined();
  }, 60_000);

  test("by a mask of another size, by a soft one, and by transparency", async () => {
    const large = await made(family, {
      mask: dataUrl(await greyMask(255, 0, [2 * width, 2 * height], (x, y) => corner(x / 2, y / 2))),
    });
    const exact = await made(family, { mask: dataUrl(await greyMask(255, 0)) });
    expect(apart(large.pixels, source, (x, y) => rest(x + 2, y + 2))).toBeLessThanOrEqual(1);
    expect(apart(large.pixels, exact.pixels, (x, y) => x > 60 && y > 52)).toBeLessThan(40);

    const soft = await made(family, { mask: dataUrl(await greyMask(128, 0)) });
    expect(apart(soft.pixels, source, rest)).toBeLessThanOrEqual(1);
    expect(apart(soft.pixels, source, corner)).toBeGreaterThan(5);
    expect(soft.pixels.equals(exact.pixels)).toBe(false);

    const clear = Uint8Array.from({ length: 4 * width * height }, (_, i) => {
      const pixel = Math.floor(i / 4);
      return i % 4 < 3 ? 255 : corner(pixel % width, Math.floor(pixel / width)) ? 0 : 255;
    });
    const mask = dataUrl(await png(clear, { width, height, channels: 4 }));
    const marked = await made(family, { mask, mask_marks: "transparent" });
    expect(marked.pixels.equals(exact.pixels)).toBe(true);
    // Read as white, what is transparent counts as black.
    const white = await made(family, { mask });
    expect(apart(white.pixels, source, corner)).toBeLessThanOrEqual(1);
  }, 120_000);

  test("in the first picture's shape where one side is named, and refuses one that makes the other too long", async () => {
    const mask = dataUrl(await greyMask(255, 0));
    for (const [side, size] of [
      [{ width: 64 }, { width: 64, height: 48 }],
      [{ height: 48 }, { width: 64, height: 48 }],
      [{ width: 176 }, { width: 176, height: 128 }],
      [
        { width: 64, height: 96 },
        { width: 64, height: 96 },
      ],
    ]) {
      const { params } = await made(family, { mask, ...side });
      expect([side, params]).toMatchObject([side!, size!]);
    }
    const body = { prompt: "x", images: [image], mask, height: 2048 };
    const answer = await post(`/v1/image/${family}/edit`, body);
    const { detail } = (await answer.json()) as { detail: string };
    expect([answer.status, detail]).toEqual([
      422,
      expect.stringContaining("height: with the first picture's shape the result would be 2736x2048"),
    ]);
    // Without a mask the other side is the default one, as ever.
    expect((await made(family, { width: 64 })).params).toMatchObject({ width: 64, height: 96 });
  }, 120_000);

  test("nothing by a mask that marks nothing, has no transparency or is no picture: a clear refusal", async () => {
    const black = dataUrl(await greyMask(0, 0));
    const heights = dataUrl(tiffOf(Float32Array.of(0, 0.5, 1), 1));
    for (const [more, status, text] of [
      [{ mask: black }, 422, "mask: no pixel of it is white"],
      [{ mask: black, mask_marks: "transparent" }, 422, "mask: the picture has no transparency"],
      [{ mask: heights }, 422, "mask is a TIFF of grey floating-point numbers"],
      [{ mask: heights, mask_marks: "transparent" }, 422, "mask is a TIFF of grey floating-point numbers"],
      [{ mask: dataUrl(new TextEncoder().encode("no picture")) }, 400, "mask could not be opened"],
      [{ mask: { type: "file_id", file_id: `file_${"0".repeat(32)}` } }, 400, "unknown mask file_id"],
      [{ mask: black, mask_marks: "grey" }, 422, "mask_marks"],
      [{ mask: black, images: [] }, 422, "images"],
      [{ mask_marks: "transparent" }, 422, "there is no mask: add mask, or leave mask_marks out"],
    ] as const) {
      const body = { prompt: "a red ball", images: [image], steps: 1, ...more };
      const before = (await server.counts()).files;
      const answer = await post(`/v1/image/${family}/edit`, body);
      const { detail } = (await answer.json()) as { detail: unknown };
      expect([answer.status, JSON.stringify(detail)]).toEqual([status, expect.stringContaining(text)]);
      expect((await server.counts()).files).toBe(before);
    }
    // What the client uploaded before stays.
    const named = await server.upload(join(fixtures, "qwen/first.png"));
    const before = (await server.counts()).files;
    const body = { prompt: "a red ball", images: [named], steps: 1, mask: black };
    expect((await post(`/v1/image/${family}/edit`, body)).status).toBe(422);
    expect((await server.counts()).files).toBe(before);
    expect((await server.get(`/v1/files/${named.file_id}/download`)).status).toBe(200);
  }, 60_000);
});

test("a large picture comes back in its own shape, with no more pixels than the default size", async () => {
  const size = { width: 300, height: 150 };
  const large = dataUrl(
    await png(
      new Uint8Array(3 * 300 * 150).map((_, i) => i % 251),
      { ...size, channels: 3 },
    ),
  );
  const mask = dataUrl(await greyMask(255, 0));
  const { width: w, height: h } = await made("qwen", { images: [large], mask });
  expect([w % 16, h % 16]).toEqual([0, 0]);
  expect(w * h).toBeLessThanOrEqual(width * height);
  expect(w / h).toBeCloseTo(2, 0);
  const asked = await made("qwen", { images: [large], mask, width: 64, height: 64 });
  expect([asked.width, asked.height]).toEqual([64, 64]);
}, 60_000);

test("OpenAI's route: the transparent part of the mask is repainted, the size is the picture's own", async () => {
  const clear = Uint8Array.from({ length: 4 * width * height }, (_, i) => {
    const pixel = Math.floor(i / 4);
    return i % 4 < 3 ? 0 : corner(pixel % width, Math.floor(pixel / width)) ? 0 : 255;
  });
  const { data_url: image_url } = image as { data_url: string };
  const mask = dataUrl(await png(clear, { width, height, channels: 4 }));
  const body = { model: "qwen/edit-2509", prompt: "a red ball", seed: 3, images: [{ image_url }] };
  const answer = await post("/v1/images/edits", { ...body, mask: { image_url: mask.data_url } });
  const { data, size } = (await answer.json()) as { data: { b64_json: string }[]; size: string };
  expect([answer.status, size]).toEqual([200, `${width}x${height}`]);
  const pixels = await loadSharp()(Buffer.from(data[0]!.b64_json, "base64")).raw().toBuffer();
  expect(apart(pixels, source, rest)).toBeLessThanOrEqual(1);
  expect(apart(pixels, source, corner)).toBeGreaterThan(20);

  const opaque = dataUrl(await greyMask(255, 0));
  const before = (await server.counts()).files;
  const refused = await post("/v1/images/edits", { ...body, mask: { image_url: opaque.data_url } });
  const { error } = (await refused.json()) as { error: { message: string; code: string } };
  expect([refused.status, error.message]).toEqual([
    400,
    expect.stringContaining("mask: the picture has no transparency"),
  ]);
  const form = new FormData();
  form.set("prompt", "a red ball");
  form.set("model", "qwen/edit-2509");
  const fileOf = (url: string) => new File([Buffer.from(url.split(",")[1]!, "base64")], "a.png");
  form.append("image", fileOf(image_url));
  form.append("mask", fileOf(opaque.data_url));
  const sent = await fetch(new URL("/v1/images/edits", server.origin), { method: "POST", body: form });
  expect([sent.status, (await server.counts()).files]).toEqual([400, before]);

  // Of several jobs the last one takes the files along, also where the answer came before.
  form.set("n", "2");
  const several = await fetch(new URL("/v1/images/edits", server.origin), { method: "POST", body: form });
  expect(several.status).toBe(400);
  const jobs = (await (await server.get("/v1/jobs?limit=2")).json()) as { data: { id: string }[] };
  for (const { id } of jobs.data) expect((await server.ended(id)).error_code).toBe("invalid_parameter");
  await server.hasFiles(before);
  form.delete("n");
  form.set("stream", "true");
  const stream = await fetch(new URL("/v1/images/edits", server.origin), { method: "POST", body: form });
  expect(await stream.text()).toContain("invalid_parameter");
  expect((await server.counts()).files).toBe(before);
}, 60_000);
