import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loadSharp } from "../../src/images/sharp.ts";
import type { Job } from "../../src/jobs/job.ts";
import contract from "../fixtures/contracts/depthpro.openapi.json" with { type: "json" };
import { demandsMore, lacks } from "../src/http/superset.ts";
import { depthServer } from "./server.ts";

const images = join(import.meta.dir, "../fixtures/images");
const image = (name: string) => join(images, name);
const server = await depthServer({
  settings: { depthpro_max_input_pixels: 5000, depthanything_max_input_pixels: 5000 },
});
const rgb = await server.upload(image("rgb.png"));
const paths = { depthpro: "/v1/image/depthpro/estimate", depthanything: "/v1/image/depthanything/estimate" };
const asJson = { accept: "application/json" };

async function job(family: keyof typeof paths, body: object): Promise<Job> {
  const answer = await server.post(paths[family], { image: rgb, ...body }, asJson);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Job;
}

async function refusal(family: keyof typeof paths, body: object) {
  const answer = await server.post(paths[family], body, asJson);
  return { status: answer.status, ...((await answer.json()) as { detail: unknown; code: string }) };
}

/** What is drawn in a stored PNG, and its metadata. */
async function drawn(id: string) {
  const bytes = new Uint8Array(await (await server.get(`/v1/files/${id}/download`)).arrayBuffer());
  const sharp = loadSharp();
  return { bytes, metadata: await sharp(bytes).metadata(), image: sharp(bytes) };
}

test("depthpro's document holds everything that the contract promises", async () => {
  const document = await (await server.get("/v1/image/depthpro/openapi.json")).json();
  expect(document.info.title).toBe(contract.info.title);
  expect(lacks(contract as never, document as never)).toEqual([]);
  expect(demandsMore(contract as never, document as never)).toEqual([]);
});

test("depthanything's document has depthpro's paths, request and result under its own name", async () => {
  const document = await (await server.get("/v1/image/depthanything/openapi.json")).json();
  const { EstimateRequest, EstimateResponse } = contract.components.schemas;
  const { schemas } = document.components;
  expect(lacks(EstimateResponse as never, schemas.EstimateResponse)).toEqual([]);
  expect(lacks(EstimateRequest as never, schemas.EstimateRequest)).toEqual([]);
  expect(Object.keys(document.paths)).toContain("/v1/image/depthanything/estimate");
  expect(Object.keys(schemas.EstimateRequest.properties)).toEqual(
    expect.arrayContaining([
      "input_size",
      "normalization",
      "invert",
      "colormap",
      "depth_format",
      "include_depth_data",
    ]) as never,
  );
});

describe.each(["depthpro", "depthanything"] as const)("%s", (family) => {
  test("gives a PNG and an NPZ, and tells of both in the original's order", async () => {
    const { result, artifacts, params } = await job(family, {});
    const { depth_image_file_id, depth_data_file_id } = result as Record<string, string>;
    expect(artifacts).toEqual([depth_image_file_id!, depth_data_file_id!]);
    const promised = Object.keys(contract.components.schemas.EstimateResponse.properties);
    expect(Object.keys(result!)).toEqual(expect.arrayContaining(promised) as never);
    expect(Object.keys(result!).slice(0, 6)).toEqual([
      "depth_image_file_id",
      "depth_image_bytes",
      "depth_data_file_id",
      "depth_data_bytes",
      "model",
      "params",
    ]);
    expect(result).toMatchObject({
      input_width: 24,
      input_height: 16,
      input_mode: "RGB",
      width: 24,
      height: 16,
      mode: "L",
      array_shape: [16, 24],
      min_depth: 1,
      max_depth: 16,
      params: { kind: "estimate", image_file_id: rgb.file_id },
    });
    expect(params).toMatchObject({ image: rgb, mode: "sync" });
    const file = await (await server.get(`/v1/files/${depth_data_file_id}`)).json();
    expect(file).toMatchObject({
      content_type: "application/octet-stream",
      size: result!.depth_data_bytes,
      meta: { kind: "depth_data", format: "npz", min_depth: 1 },
    });
  });

  test("answers with the PNG itself when there is nothing else", async () => {
    const answer = await server.post(paths[family], { image: rgb, include_depth_data: false });
    expect(answer.headers.get("content-type")).toBe("image/png");
    expect(answer.headers.get("x-kiapi-file-id")).toStartWith("file_");
    const { data, info } = await loadSharp()(await answer.arrayBuffer())
      .toColourspace("b-w")
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.channels]).toEqual([24, 16, 1]);
    // The top row is far and so black, the bottom row near and white.
    expect([data[0], data.at(-1)]).toEqual([0, 255]);
  });

  test("draws as it is asked to", async () => {
    const inverted = await drawn(String((await job(family, { invert: true })).result!.depth_image_file_id));
    expect((await inverted.image.toColourspace("b-w").raw().toBuffer())[0]).toBe(255);

    const colour = (await job(family, { colormap: "spectral" })).result!;
    expect(colour.mode).toBe("RGB");
    const { data } = await (await drawn(String(colour.depth_image_file_id))).image
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([...data.subarray(0, 3), ...data.subarray(-3)]).toEqual([94, 79, 162, 158, 1, 66]);

    const fine = (await job(family, { depth_format: "png16" })).result!;
    expect(fine.mode).toBe("I;16");
    expect((await drawn(String(fine.depth_image_file_id))).metadata.bitsPerSample).toBe(16);

    const raw = (await job(family, { normalization: "raw" })).result!;
    const stored = await drawn(String(raw.depth_image_file_id));
    expect(stored.metadata.comments).toEqual([
      { keyword: "scale", text: String(raw.scale) },
      { keyword: "offset", text: String(raw.offset) },
      { keyword: "depth_unit", text: String(raw.depth_unit) },
    ]);
    const values = await stored.image.toColourspace("grey16").raw({ depth: "ushort" }).toBuffer();
    expect(values.readUInt16LE(0) * Number(raw.scale) + Number(raw.offset)).toBeCloseTo(
      family === "depthpro" ? 16 : 1,
      3,
    );
  });

  test.each([
    ["rgba.png", "RGBA"],
    ["palette-transparent.png", "P"],
    ["cmyk.jpg", "CMYK"],
    ["grey16.png", "I;16"],
    ["rgb16.png", "RGB"],
    ["animated.gif", "P"],
    ["grey-alpha.png", "RGBA"],
    ["one-bit.png", "1"],
    ["strip.png", "RGB"],
    ["column.png", "RGB"],
    ["one-pixel.png", "RGB"],
    ...Array.from({ length: 8 }, (_, turn) => [`turn-${turn + 1}.png`, "RGB"]),
  ])("takes %s", async (name) => {
    const { result } = await job(family, { image: await server.upload(image(name)) });
    const [width, height] = { "strip.png": [24, 1], "column.png": [1, 16], "one-pixel.png": [1, 1] }[
      name
    ] ?? [24, 16];
    expect(result).toMatchObject({ width, height, array_shape: [height, width] });
  });

  test.each(["text.png", "empty.png", "cut.jpg", "cut.png", "drawing.svg"])(
    "refuses %s, and keeps nothing of the job",
    async (name) => {
      const reference = await server.upload(image(name));
      const before = await server.counts();
      const answer = await refusal(family, { image: reference });
      expect(answer).toMatchObject({ status: 400, code: "invalid_image" });
      expect(String(answer.detail)).toStartWith("input image could not be opened: ");
      expect(String(answer.detail)).not.toContain("/");
      expect((await server.counts()).files).toBe(before.files);
    },
  );

  test("refuses more pixels than allowed before anything is loaded", async () => {
    const big = join(mkdtempSync(join(tmpdir(), "easel-big-")), "big.png");
    await loadSharp()({ create: { width: 100, height: 51, channels: 3, background: "red" } }).toFile(big);
    const answer = await refusal(family, { image: await server.upload(big) });
    rmSync(dirname(big), { recursive: true });
    expect(answer).toEqual({
      status: 400,
      code: "too_many_pixels",
      detail: `input image has 5100 pixels, exceeding the cap 5000. The setting ${family}_max_input_pixels changes the cap`,
    });
  });

  test("an asynchronous job fails with the same words", async () => {
    const answer = await server.post(paths[family], {
      image: await server.upload(image("text.png")),
      mode: "async",
    });
    expect(answer.status).toBe(202);
    const { job_id } = (await answer.json()) as { job_id: string };
    expect(await server.ended(job_id)).toMatchObject({
      status: "failed",
      error_code: "invalid_image",
    });
  });

  test.each([
    [{ model: "huge" }, 400, "unknown_model", `unknown ${family} model 'huge'; available: ['`],
    [{ quantize: 7 }, 422, "invalid_parameter", "quantize must be one of 3, 4, 5, 6, 8"],
    [{ normalization: "raw", colormap: "turbo" }, 422, "invalid_parameter", "normalization 'raw' keeps"],
    [{ depth_format: "png16", colormap: "turbo" }, 422, "invalid_parameter", "colormap 'turbo' needs"],
    [{ image: { file_id: `file_${"0".repeat(32)}` } }, 400, "unknown_file", "unknown image file_id"],
  ])("refuses %p at once", async (body, status, code, detail) => {
    const before = await server.counts();
    const answer = await refusal(family, { image: rgb, ...body });
    expect(answer).toMatchObject({ status, code });
    expect(String(answer.detail)).toStartWith(detail);
    expect(await server.counts()).toEqual(before);
  });

  test.each([
    { colormap: "jet" },
    { normalization: "Standard" },
    { depth_format: "png" },
    { invert: "perhaps" },
    { include_depth_data: 3 },
    { focal_length_px: 0 },
    { image: "file_1" },
    { image: undefined },
  ])("refuses what does not fit the schema: %p", async (body) => {
    expect(await refusal(family, { image: rgb, ...body })).toMatchObject({
      status: 422,
      code: "invalid_request",
    });
  });
});

test("depthpro hands on the focal length: the request's, else the picture's, else none", async () => {
  const photo = await server.upload(image("focal-26.jpg"));
  const last = () => server.asked.inputs.at(-1)!.focalLengthPx;
  expect((await job("depthpro", { image: photo, focal_length_px: 77 })).result!.focal_length_px).toBe(77);
  await job("depthpro", { image: photo });
  expect(last()).toBeCloseTo((26 * Math.hypot(24, 16)) / Math.hypot(36, 24), 9);
  expect((await job("depthpro", {})).result!.focal_length_px).toBe(1234);
  expect(last()).toBeUndefined();
});

test("depthanything hands on the input size, and each kind of numbers is drawn its own way", async () => {
  await job("depthanything", { input_size: 266, model: "v3-small" });
  expect(server.asked.inputs.at(-1)).toMatchObject({
    inputSize: 266,
    bound: "long",
    render: { values: "depth" },
  });
  await job("depthanything", { model: "Depth-Anything-V2-Base" });
  expect(server.asked.inputs.at(-1)).toMatchObject({
    at: "picture",
    inputSize: 518,
    bound: "short",
    render: { values: "inverse" },
  });
  await job("depthpro", {});
  expect(server.asked.inputs.at(-1)).toMatchObject({ render: { values: "reciprocal" } });
});

test("a strip is bound by its long side, so that its short side does not make it grow without end", async () => {
  await job("depthanything", { model: "v2-base", image: await server.upload(image("strip.png")) });
  expect(server.asked.inputs.at(-1)).toMatchObject({ inputSize: 8 * 518, bound: "long" });
});

test("quantize other than the default loads a copy of its own, and the result tells the bits", async () => {
  expect((await job("depthpro", {})).result!.params).toMatchObject({ quantize: 8 });
  expect((await job("depthpro", { quantize: 4 })).result!.params).toMatchObject({ quantize: 4 });
  expect((await job("depthanything", {})).result!.params).toMatchObject({ quantize: null });
  const keys = new Set(server.asked.loads.filter((key) => key.includes("depthpro")));
  expect(keys.size).toBe(2);
});

test("a model that is not here is refused with the command that brings it", async () => {
  const bare = await depthServer({ activated: ["depthanything/v3-base"] });
  const reference = await bare.upload(image("rgb.png"));
  const ask = async (path: string, model?: string) => {
    const answer = await bare.post(path, { image: reference, model }, asJson);
    return [answer.status, await answer.json()] as const;
  };
  expect(await ask(paths.depthpro)).toEqual([
    503,
    {
      code: "not_activated",
      detail:
        "model 'base' is not activated; missing: apple/DepthPro-hf. " +
        "Run: easel activate --model depthpro/base --accept-license",
    },
  ]);
  expect((await ask(paths.depthanything, "v2-giant"))[1]).toMatchObject({
    detail: expect.stringContaining('model_paths: {"depthanything/v2-giant"') as never,
  });
  expect((await bare.counts()).jobs).toBe(0);
  // Without a name: the first of the list that is here.
  expect((await ask(paths.depthanything))[1]).toMatchObject({ result: { model: "v3-base" } });
});

test("what the budget cannot hold fails with the largest size that it can", async () => {
  const small = await depthServer({ settings: { memory_limit_gb: 1 } });
  const reference = await small.upload(image("rgb.png"));
  const answer = await small.post(paths.depthanything, {
    image: reference,
    model: "v2-small",
    input_size: 4000,
  });
  expect(answer.status).toBe(503);
  const { code, detail } = (await answer.json()) as { code: string; detail: string };
  expect(code).toBe("over_budget");
  const size = Number(/a smaller input_size \(at most (\d+)\)/.exec(detail)?.[1]);
  const again = (input_size: number) =>
    small.post(paths.depthanything, { image: reference, model: "v2-small", input_size });
  expect((await again(size)).status).toBe(200);
  expect((await again(size + 14)).status).toBe(503);
});
