/** From a request to a file, with the real engine: tiny checkpoints in the published layouts, found through model_paths. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inflateRawSync } from "node:zlib";
import { jobIdOf } from "../../src/http/dialects/tengr/translate.ts";
import { loadSharp } from "../../src/images/sharp.ts";
import type { Job } from "../../src/jobs/job.ts";
import { depthServer, site } from "./server.ts";

const fixtures = join(import.meta.dir, "../fixtures");
const checkpoint = (name: string) => join(fixtures, "depth", name);
const folder = mkdtempSync(join(tmpdir(), "easel-depth-pictures-"));
const upright = join(folder, "upright.png");
const turned = join(folder, "turned.png");
const strip = join(folder, "strip.png");

/** A picture with something in it, of a size that is no multiple of anything. */
async function draw() {
  const [width, height] = [151, 89];
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    const near = (x - 60) ** 2 + (y - 50) ** 2 < 700;
    pixels.set(near ? [220, 90, 40] : [x + 40, 2 * y, 255 - y], i * 3);
  }
  const raw = () => loadSharp()(pixels, { raw: { width, height, channels: 3 } });
  await raw().png().toFile(upright);
  // Stored lying on its side, with the turn that puts it upright again.
  const lying = await raw().rotate(-90).raw().toBuffer({ resolveWithObject: true });
  await loadSharp()(lying.data, { raw: { width: height, height: width, channels: 3 } })
    .withMetadata({ orientation: 6 })
    .png()
    .toFile(turned);
  await raw().extract({ left: 0, top: 0, width, height: 1 }).png().toFile(strip);
}
await draw();
afterAll(() => rmSync(folder, { recursive: true }));

const { url } = site(folder);
const server = await depthServer({
  modelPaths: {
    "depthpro/base": checkpoint("depth-pro-hf"),
    "depthanything/v2-small": checkpoint("v2-hf"),
    "depthanything/v2-base": checkpoint("v2-original"),
    "depthanything/v2-giant": checkpoint("v2-giant"),
    "depthanything/v2-metric-indoor-small": checkpoint("v2-metric-hf"),
    "depthanything/v3-small": checkpoint("v3-small"),
    "depthanything/v3-giant": checkpoint("v3-giant"),
    "depthanything/v3-mono-large": checkpoint("v3-mono"),
    "depthanything/v3-metric-large": checkpoint("v3-mono"),
    "depthanything/v3-nested-giant-large": checkpoint("v3-nested"),
  },
});
const picture = await server.upload(upright);

async function estimate(family: string, body: object) {
  const answer = await server.post(
    `/v1/image/${family}/estimate`,
    { image: picture, ...body },
    { accept: "application/json" },
  );
  const job = (await answer.json()) as Job & { detail?: string };
  expect([answer.status, job.detail]).toEqual([200, undefined]);
  return job.result as Record<string, unknown>;
}

async function bytesOf(id: unknown): Promise<Buffer> {
  return Buffer.from(await (await server.get(`/v1/files/${id}/download`)).arrayBuffer());
}

/** The first array of an NPZ, which is the depth. */
async function depthOf(result: Record<string, unknown>): Promise<Float32Array> {
  const zip = await bytesOf(result.depth_data_file_id);
  const start = 30 + zip.readUInt16LE(26);
  const npy = inflateRawSync(zip.subarray(start, start + zip.readUInt32LE(18)));
  return new Float32Array(Uint8Array.from(npy.subarray(10 + npy.readUInt16LE(8))).buffer);
}

async function greysOf(result: Record<string, unknown>): Promise<Buffer> {
  return loadSharp()(await bytesOf(result.depth_image_file_id))
    .toColourspace("b-w")
    .raw()
    .toBuffer();
}

/** Whether a brighter pixel never lies farther away. */
function nearIsBright(greys: Uint8Array, depth: Float32Array, unit: unknown): boolean {
  const nearness = (i: number) => (unit === "relative_inverse" ? depth[i]! : -depth[i]!);
  const order = Array.from(depth.keys()).sort((a, b) => nearness(a) - nearness(b));
  return order.every((pixel, rank) => rank === 0 || greys[order[rank - 1]!]! <= greys[pixel]!);
}

const models = [
  ["depthpro", "base", "metre", {}],
  ["depthanything", "v2-small", "relative_inverse", { input_size: 126 }],
  ["depthanything", "v2-base", "relative_inverse", { input_size: 126 }],
  ["depthanything", "v2-giant", "relative_inverse", { input_size: 126 }],
  ["depthanything", "v2-metric-indoor-small", "metre", { input_size: 126 }],
  ["depthanything", "v3-small", "relative", { input_size: 140 }],
  ["depthanything", "v3-giant", "relative", { input_size: 140 }],
  ["depthanything", "v3-mono-large", "relative", { input_size: 140 }],
  ["depthanything", "v3-metric-large", "relative", { input_size: 140 }],
  ["depthanything", "v3-nested-giant-large", "metre", { input_size: 140 }],
] as const;

describe.each(models)("%s %s", (family, model, unit, size) => {
  test("gives a depth for every pixel, near is bright, and the same again", async () => {
    const result = await estimate(family, { model, ...size });
    const depth = await depthOf(result);
    const greys = await greysOf(result);
    expect(result).toMatchObject({ model, width: 151, height: 89, array_shape: [89, 151], depth_unit: unit });
    expect([depth.length, greys.length]).toEqual([151 * 89, 151 * 89]);
    expect(depth.every(Number.isFinite)).toBe(true);
    expect(result.min_depth).toBeCloseTo(Math.min(...depth), 5);
    expect(result.max_depth).toBeCloseTo(Math.max(...depth), 5);
    expect(Number(result.max_depth)).toBeGreaterThan(Number(result.min_depth));
    expect([Math.min(...greys), Math.max(...greys)]).toEqual([0, 255]);
    expect(nearIsBright(greys, depth, unit)).toBe(true);
    expect(await depthOf(await estimate(family, { model, ...size }))).toEqual(depth);
  });

  test("sees a turned picture upright", async () => {
    const depth = await depthOf(await estimate(family, { model, ...size }));
    const other = await estimate(family, { model, ...size, image: await server.upload(turned) });
    expect(other).toMatchObject({ width: 151, height: 89 });
    expect(await depthOf(other)).toEqual(depth);
  });

  test("takes a strip of one row", async () => {
    const result = await estimate(family, { model, ...size, image: await server.upload(strip) });
    expect(result).toMatchObject({ width: 151, height: 1, array_shape: [1, 151] });
  });
});

test("a focal length makes depthpro's metres longer in proportion, and v3-metric-large metric at all", async () => {
  const near = await estimate("depthpro", { focal_length_px: 100 });
  const far = await estimate("depthpro", { focal_length_px: 200 });
  expect(Number(far.max_depth) / Number(near.max_depth)).toBeCloseTo(2, 4);
  expect(near.focal_length_px).toBe(100);
  const metric = { model: "v3-metric-large", input_size: 140 };
  expect((await estimate("depthanything", { ...metric, focal_length_px: 300 })).depth_unit).toBe("metre");
});

test("Apple's own file of Depth Pro gives the same kind of answer", async () => {
  const apple = await depthServer({
    modelPaths: { "depthpro/base": checkpoint("depth-pro-apple/depth_pro.pt") },
  });
  const image = await apple.upload(upright);
  const answer = await apple.post("/v1/image/depthpro/estimate", { image, include_depth_data: false });
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "image/png"]);
});

test("a checkpoint of another network is refused when it is loaded, with the names of its tensors", async () => {
  const wrong = await depthServer({ modelPaths: { "depthanything/v2-small": checkpoint("depth-pro-hf") } });
  const image = await wrong.upload(upright);
  const answer = await wrong.post("/v1/image/depthanything/estimate", { image, model: "v2-small" });
  expect(answer.status).toBe(500);
  const { code, detail } = (await answer.json()) as { code: string; detail: string };
  expect(code).toBe("checkpoint_invalid");
  expect(detail).not.toContain(fixtures);
});

describe("an artwork", () => {
  const ask = async (body: object) => {
    const answer = await server.post("/v2/artworks/depth-map", {
      imageUrl: url("upright.png"),
      resolutionLowerLimit: 256,
      ...body,
    });
    expect(answer.status).toBe(202);
    const { id } = (await answer.json()) as { id: string };
    await server.ended(jobIdOf(id)!);
    const artwork = (await (await server.get(`/v2/artworks/${id}`)).json()) as {
      status: string;
      error?: string;
      results: string[];
    };
    expect([artwork.status, artwork.error]).toEqual(["succeeded", undefined]);
    const bytes = await (await fetch(artwork.results[0]!)).arrayBuffer();
    return loadSharp()(bytes).metadata();
  };

  test.each([
    [{ model: "small" }, 434, 266],
    [{ model: "giant", usePostResize: true }, 151, 89],
    [{ model: "small", useVersion3: true }, 434, 252],
    [{ model: "mono_large", useVersion3: true, normalizationMode: "V2-Style", usePostResize: true }, 151, 89],
  ])("of %p has exactly its size", async (body, width, height) => {
    expect(await ask(body)).toMatchObject({ width, height, channels: 1, bitsPerSample: 8 });
  });

  test("in Raw keeps 16 bits", async () => {
    const raw = await ask({
      model: "small",
      useVersion3: true,
      normalizationMode: "Raw",
      usePostResize: true,
    });
    expect(raw).toMatchObject({ width: 151, height: 89, bitsPerSample: 16 });
    expect(raw.comments!.map(({ keyword }) => keyword)).toEqual(["scale", "offset", "depth_unit"]);
  });
});

describe("fields that a model cannot follow", () => {
  test("are noted in the result when they had no effect", async () => {
    const { notes, params } = await estimate("depthanything", {
      model: "mini",
      quantize: 4,
      focal_length_px: 300,
    });
    expect(notes).toEqual([
      "quantize: mini has no weights to quantize",
      "focal_length_px: the depth of mini does not depend on it",
    ]);
    expect((params as { quantize: unknown }).quantize).toBeNull();
    const followed = await estimate("depthanything", {
      model: "v3-metric-large",
      focal_length_px: 300,
      input_size: 140,
    });
    expect(followed.notes).toBeUndefined();
  });

  test("are refused when they ask for a size that the model does not have", async () => {
    for (const [model, input_size, range] of [
      ["mini", 518, "96..320"],
      ["v2-small", 100, "126..4096"],
    ] as const) {
      const answer = await server.post("/v1/image/depthanything/estimate", {
        image: picture,
        model,
        input_size,
      });
      expect([answer.status, await answer.json()]).toEqual([
        422,
        { detail: `input_size of ${model} must be in ${range}`, code: "invalid_parameter" },
      ]);
    }
    const least = await estimate("depthanything", { model: "mini", input_size: 96 });
    expect(least.width).toBe(151);
  });
});
