/** From a request to a picture, with the real engine and a tiny checkpoint in the published layout. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { saveSafetensors, scope, Tensor } from "../../ffi/index.ts";
import { loadSharp } from "../../src/images/sharp.ts";
import type { Job } from "../../src/jobs/job.ts";
import { openForTests } from "../ffi/open.ts";
import { depthServer } from "./server.ts";

const fixtures = join(import.meta.dir, "../fixtures/qwen");
const folder = mkdtempSync(join(tmpdir(), "easel-qwen-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The checkpoint of the newer edit model: the same weights, and a config that asks for clean references. */
const newer = join(folder, "edit-2511");
cpSync(join(fixtures, "image"), newer, { recursive: true });
const config = join(newer, "transformer/config.json");
writeFileSync(config, JSON.stringify({ ...JSON.parse(readFileSync(config, "utf8")), zero_cond_t: true }));

/** An adapter that changes one layer, and one for another network. */
const adapter = join(folder, "adapter.safetensors");
const foreign = join(folder, "foreign.safetensors");
openForTests();
scope(() => {
  const filled = (shape: [number, number], value: number) =>
    Tensor.from(new Float32Array(shape[0] * shape[1]).fill(value), shape);
  const layer = "transformer_blocks.0.attn.to_q";
  saveSafetensors(adapter, {
    [`${layer}.lora_A.weight`]: filled([2, 128], 0.1),
    [`${layer}.lora_B.weight`]: filled([128, 2], 0.5),
    "text_encoder.layers.0.lora_A.weight": filled([2, 2], 1),
  });
  saveSafetensors(foreign, { "double_blocks.0.img_attn.qkv.lora_A.weight": filled([2, 128], 1) });
});

const server = await depthServer({
  modelPaths: {
    "qwen/image": join(fixtures, "image"),
    "qwen/edit-2509": join(fixtures, "image"),
    "qwen/edit-2511": newer,
  },
  settings: {
    qwen_default_width: 64,
    qwen_default_height: 48,
    qwen_lightning_4: adapter,
    qwen_edit_2509_lightning_4: adapter,
    qwen_reference_pixels: 128 * 128,
  },
});

/** Where this server looks for downloads; another test file sets the variable anew. */
const hubCache = process.env.HF_HUB_CACHE!;

type Result = Record<string, unknown> & { params: Record<string, unknown> };
const small = { width: 64, height: 48, steps: 2, seed: 7 };

async function made(path: string, body: object): Promise<Result> {
  const answer = await server.post(`/v1/image/qwen/${path}`, body, { accept: "application/json" });
  const job = (await answer.json()) as Job & { detail?: string };
  expect([answer.status, job.detail]).toEqual([200, undefined]);
  return job.result as Result;
}

async function refused(path: string, body: object): Promise<[number, unknown, unknown]> {
  const answer = await server.post(`/v1/image/qwen/${path}`, body, { accept: "application/json" });
  const { detail, code } = (await answer.json()) as { detail: unknown; code: string };
  return [answer.status, code, detail];
}

async function bytesOf(id: unknown): Promise<Buffer> {
  return Buffer.from(await (await server.get(`/v1/files/${id}/download`)).arrayBuffer());
}
const pixelsOf = async (id: unknown) =>
  loadSharp()(await bytesOf(id))
    .raw()
    .toBuffer();

/** Parts of models in memory: all that were loaded without those that left. */
async function loaded(): Promise<number> {
  const text = await (await server.get("/metrics")).text();
  const total = (name: string) =>
    [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)$`, "gm"))].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    );
  return total("easel_model_loads_total") - total("easel_model_evictions_total");
}

let first: { type: string; file_id: string };
beforeAll(async () => {
  first = await server.upload(join(fixtures, "first.png"));
});

describe("generate", () => {
  test("gives bytes to a call that asks for no JSON", async () => {
    const answer = await server.post("/v1/image/qwen/generate", { prompt: "a red fox", ...small });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("image/png");
    expect(answer.headers.get("x-kiapi-file-id")).toMatch(/^file_/);
    const { width, height } = await loadSharp()(Buffer.from(await answer.arrayBuffer())).metadata();
    expect([width, height]).toEqual([64, 48]);
  }, 60_000);

  test("tells what it used, and the same again gives the same picture", async () => {
    const body = { prompt: "a red fox", negative_prompt: "blurry", ...small };
    const result = await made("generate", body);
    expect(result).toMatchObject({
      model: "image",
      prompt: "a red fox",
      width: 64,
      height: 48,
      params: {
        kind: "txt2img",
        model: "image",
        prompt: "a red fox",
        negative_prompt: "blurry",
        init_image_file_id: null,
        image_strength: null,
        seed: 7,
        width: 64,
        height: 48,
        steps: 2,
        guidance: 4,
        quantize: 8,
        precision: expect.stringMatching(/^(float32|bfloat16|integer)$/),
        scheduler: "linear",
        format: "png",
        quality: 90,
        loras: [],
        batch_guidance: true,
        vae_tile: 1024,
        vae_tile_overlap: 64,
      },
    });
    expect(Object.keys(result)).toEqual(
      expect.arrayContaining([
        "file_id",
        "image_bytes",
        "model",
        "prompt",
        "params",
        "width",
        "height",
        "timings",
      ]),
    );
    const again = await made("generate", body);
    expect(await pixelsOf(again.file_id)).toEqual(await pixelsOf(result.file_id));
    const other = await made("generate", { ...body, seed: 8 });
    expect(await pixelsOf(other.file_id)).not.toEqual(await pixelsOf(result.file_id));
  }, 60_000);

  test("writes into the picture how it was made", async () => {
    const result = await made("generate", { prompt: "a grüne 狐", ...small });
    const png = (await bytesOf(result.file_id)).toString("utf8");
    expect(png).toContain('"prompt":"a grüne 狐"');
    expect(png).toContain('"seed":7');
    expect(png).toContain('"family":"qwen"');
  }, 60_000);

  test("starts from a picture, of which more stays at a higher strength", async () => {
    const body = { prompt: "a red fox", init_image: first, ...small, steps: 5 };
    const usual = await made("generate", body);
    expect(usual.params).toMatchObject({
      kind: "img2img",
      init_image_file_id: first.file_id,
      image_strength: 0.4,
    });
    const whole = await pixelsOf((await made("generate", { ...body, image_strength: 1 })).file_id);
    const off = async (strength: number) => {
      const pixels = await pixelsOf((await made("generate", { ...body, image_strength: strength })).file_id);
      return pixels.reduce((sum, value, i) => sum + Math.abs(value - whole[i]!), 0);
    };
    expect(await off(0.8)).toBeLessThan(await off(0.2));
  }, 120_000);

  test("works on asynchronous calls, and shows pictures of the way", async () => {
    const answer = await server.post("/v1/image/qwen/generate", {
      prompt: "a red fox",
      ...small,
      steps: 3,
      mode: "async",
      preview: true,
    });
    expect(answer.status).toBe(202);
    const { job_id } = (await answer.json()) as { job_id: string };
    const events = await (await server.get(`/v1/jobs/${job_id}/events`)).text();
    expect(events).toContain("event: preview");
    const image = /"image":"(data:image\/jpeg;base64,[^"]+)"/.exec(events)?.[1];
    const { width, height } = await loadSharp()(Buffer.from(image!.split(",")[1]!, "base64")).metadata();
    expect([width, height]).toEqual([32, 24]);
    const job = await server.ended(job_id);
    expect([job.status, job.artifacts.length]).toEqual(["succeeded", 1]);
  }, 60_000);

  test("takes other bits, formats, and one step", async () => {
    const result = await made("generate", {
      prompt: "a red fox",
      ...small,
      steps: 1,
      quantize: 4,
      format: "webp",
    });
    expect(result.params).toMatchObject({ quantize: 4, steps: 1, format: "webp" });
    expect((await loadSharp()(await bytesOf(result.file_id)).metadata()).format).toBe("webp");
  }, 60_000);

  test("adds adapters to the model that is there", async () => {
    const body = { prompt: "a red fox", ...small };
    const file = await server.upload(adapter);
    const plain = await pixelsOf((await made("generate", body)).file_id);
    const changed = await made("generate", { ...body, loras: [{ file, scale: 1.5 }] });
    expect(changed.params).toMatchObject({
      loras: [{ file, scale: 1.5 }],
      lora_keys_unused: ["text_encoder.layers.0.lora_A.weight"],
    });
    expect(await pixelsOf(changed.file_id)).not.toEqual(plain);
    expect(await pixelsOf((await made("generate", body)).file_id)).toEqual(plain);
  }, 60_000);

  test("is fast with the adapter that the settings name", async () => {
    const result = await made("generate", { prompt: "a red fox", width: 64, height: 48, fast: 4 });
    expect(result.params).toMatchObject({ fast: 4, steps: 4, guidance: 1 });
    expect(await refused("generate", { prompt: "x", fast: 8 })).toEqual([
      503,
      "not_activated",
      "fast: 8 needs an adapter. Give its file in the setting qwen_lightning_8",
    ]);
  }, 60_000);
});

describe("edit", () => {
  test("changes a picture, with each of the models made for it", async () => {
    const body = { prompt: "make it blue", images: [first], ...small, steps: 1, guidance: 1 };
    const older = await made("edit", body);
    expect(older).toMatchObject({
      model: "edit-2509",
      width: 64,
      height: 48,
      params: { kind: "edit", image_file_ids: [first.file_id], guidance: 1, steps: 1 },
    });
    const newest = await made("edit", { ...body, model: "edit-2511" });
    expect(newest.model).toBe("edit-2511");
    expect(await pixelsOf(newest.file_id)).not.toEqual(await pixelsOf(older.file_id));
  }, 300_000);
});

describe("a request is refused", () => {
  const prompt = "x";
  const limits: [string, string, object, number, string, string][] = [
    [
      "an edit model",
      "generate",
      { model: "edit-2509" },
      400,
      "unknown_model",
      "qwen generate requires model 'image'",
    ],
    [
      "a generation model",
      "edit",
      { model: "image", images: [1] },
      400,
      "unknown_model",
      "qwen edit requires model 'edit-2509'",
    ],
    [
      "a model of no name",
      "generate",
      { model: "nope" },
      400,
      "unknown_model",
      "unknown qwen model 'nope'; available: [",
    ],
    ["no width", "generate", { width: 0 }, 422, "invalid_parameter", "width and height must be positive"],
    [
      "an odd width",
      "generate",
      { width: 100 },
      422,
      "invalid_parameter",
      "width and height must be multiples of 16",
    ],
    [
      "a large size",
      "generate",
      { width: 2064, height: 2064 },
      422,
      "invalid_parameter",
      "size 2064x2064 exceeds the cap 2048x2048",
    ],
    ["many steps", "generate", { steps: 101 }, 422, "invalid_parameter", "steps must be in 1..100"],
    [
      "odd bits",
      "generate",
      { quantize: 7 },
      422,
      "invalid_parameter",
      "quantize must be one of 3, 4, 5, 6, 8",
    ],
    [
      "a fifth adapter",
      "generate",
      { loras: Array(5).fill({}) },
      422,
      "invalid_parameter",
      "at most 4 loras may be applied",
    ],
    [
      "a strength of 2",
      "generate",
      { image_strength: 2 },
      422,
      "invalid_parameter",
      "image_strength must be in 0..1",
    ],
    [
      "a ninth picture",
      "edit",
      { images: Array(9).fill(1) },
      422,
      "invalid_parameter",
      "at most 8 images may be given",
    ],
    [
      "another scheduler",
      "generate",
      { scheduler: "os.path" },
      422,
      "invalid_parameter",
      "unknown scheduler 'os.path'",
    ],
    [
      "a model that is not here",
      "generate",
      { model: "image-2512" },
      503,
      "not_activated",
      "model 'image-2512' is not activated",
    ],
  ];

  test.each(limits)("%s", async (_, path, changes, status, code, text) => {
    const body: Record<string, unknown> = { prompt, ...small, ...changes };
    if (Array.isArray(body.images)) body.images = body.images.map(() => first);
    if (Array.isArray(body.loras)) body.loras = body.loras.map(() => ({ file: first }));
    const before = await server.counts();
    const [answered, named, detail] = await refused(path, body);
    expect([answered, named]).toEqual([status, code]);
    expect(detail).toStartWith(text);
    expect(await server.counts()).toEqual(before);
  });

  test.each([
    ["no prompt", "generate", {}],
    ["an empty prompt", "generate", { prompt: "" }],
    ["no pictures", "edit", { prompt }],
    ["an empty list of pictures", "edit", { prompt, images: [] }],
    ["no steps", "generate", { prompt, steps: 0 }],
    [
      "a scale that is no number",
      "generate",
      { prompt, loras: [{ file: { file_id: "a" }, scale: "strong" }] },
    ],
    ["six fast steps", "generate", { prompt, fast: 6 }],
  ])("by its schema: %s", async (_, path, body) => {
    const [status, code, detail] = await refused(path, body);
    expect([status, code, Array.isArray(detail)]).toEqual([422, "invalid_request", true]);
  });

  test("for an adapter that is for another network, whose model stays", async () => {
    await made("generate", { prompt, ...small });
    const before = await loaded();
    expect(before).toBeGreaterThan(0);
    const file = await server.upload(foreign);
    const [status, code, detail] = await refused("generate", { prompt, ...small, loras: [{ file }] });
    expect([status, code]).toEqual([400, "lora_mismatch"]);
    expect(detail).toContain("it has no layer for double_blocks.0.img_attn.qkv.lora_A.weight");
    const picture = await refused("generate", { prompt, ...small, loras: [{ file: first }] });
    expect(picture.slice(0, 2)).toEqual([400, "lora_mismatch"]);
    expect(String(picture[2])).toStartWith("picture cannot be read as safetensors: ");
    expect(await loaded()).toBe(before);
  }, 60_000);

  test("for a prompt longer than the model reads, instead of cutting it", async () => {
    const [status, code, detail] = await refused("generate", { prompt: "fox ".repeat(2000), ...small });
    expect([status, code]).toEqual([422, "invalid_parameter"]);
    expect(detail).toMatch(/^prompt has \d+ tokens, and the model reads at most 1024$/);
  }, 60_000);
});

test("broken inputs are refused before the engine sees them", async () => {
  const broken = join(folder, "broken.png");
  writeFileSync(broken, readFileSync(join(fixtures, "first.png")).subarray(0, 2000));
  const file = await server.upload(broken);
  for (const [path, more] of [
    ["generate", { init_image: file }],
    ["edit", { images: [first, file] }],
  ] as const) {
    const [status, code] = await refused(path, { prompt: "x", ...small, ...more });
    expect([status, code]).toEqual([400, "invalid_image"]);
  }
  const infinite = `{"prompt":"x","loras":[{"file":{"file_id":"${first.file_id}"},"scale":1e999}]}`;
  const answer = await fetch(new URL("/v1/image/qwen/generate", server.origin), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: infinite,
  });
  expect(answer.status).toBe(422);
}, 60_000);

test("the models are listed, the contract's first", async () => {
  const models = (await (await server.get("/v1/image/qwen/models")).json()) as Record<string, unknown>[];
  expect(models.map(({ name, default: usual }) => [name, usual])).toEqual([
    ["image", true],
    ["edit-2509", false],
    ["image-2512", false],
    ["edit-2511", false],
  ]);
});

test("OpenAI's routes make pictures with it", async () => {
  const answer = await server.post("/v1/images/generations", {
    prompt: "a red fox",
    size: "64x48",
    quality: "low",
  });
  const body = (await answer.json()) as { data: { b64_json: string }[] };
  expect(answer.status).toBe(200);
  const { width, height } = await loadSharp()(Buffer.from(body.data[0]!.b64_json, "base64")).metadata();
  expect([width, height]).toEqual([64, 48]);
}, 120_000);

test("a job that is cancelled on its way stops, and the next one works", async () => {
  const answer = await server.post("/v1/image/qwen/generate", {
    prompt: "a long one",
    ...small,
    steps: 100,
    mode: "async",
  });
  const { job_id } = (await answer.json()) as { job_id: string };
  while (((await (await server.get(`/v1/jobs/${job_id}`)).json()) as Job).progress_label !== "denoising")
    await Bun.sleep(5);
  expect((await server.post(`/v1/jobs/${job_id}/cancel`, {})).status).toBe(200);
  expect((await server.ended(job_id)).status).toBe("canceled");
  await made("generate", { prompt: "a red fox", ...small });
}, 60_000);

test("after a restart, a prompt that was encoded before needs no text encoder", async () => {
  const body = { prompt: "a prompt to remember", ...small };
  const parts = async (from: typeof server) =>
    [
      ...(await (await from.get("/metrics")).text()).matchAll(/easel_model_memory_bytes\{.*part="(\w+)"/g),
    ].map((match) => match[1]);
  const picture = async (from: typeof server) =>
    Buffer.from(
      await (await from.post("/v1/image/qwen/generate", body, { accept: "image/png" })).arrayBuffer(),
    );
  const cache_dir = join(folder, "cache");
  const options = (more: object = {}) => ({
    modelPaths: { "qwen/image": join(fixtures, "image") },
    settings: { cache_dir, embed_metadata: false, ...more },
  });
  const first = await depthServer(options());
  const made = await picture(first);
  expect(await parts(first)).toContain("text_encoder");
  const files = readdirSync(join(cache_dir, "prompts"));
  expect(files).toHaveLength(2);
  expect(files.join()).not.toContain("remember");

  const second = await depthServer(options());
  expect(await picture(second)).toEqual(made);
  expect(await parts(second)).toEqual(["modulation", "transformer", "vae"]);

  const third = await depthServer(options({ qwen_prompt_cache_mb: 0, cache_dir: join(folder, "other") }));
  expect(await picture(third)).toEqual(made);
  expect(await parts(third)).toContain("text_encoder");
  expect(readdirSync(join(folder, "other"))).toEqual(["quantized"]);
}, 120_000);

test("a repeated prompt is not encoded again", async () => {
  const labels = async () => {
    const answer = await server.post("/v1/image/qwen/generate", {
      prompt: `a prompt of its own`,
      ...small,
      mode: "async",
    });
    const { job_id } = (await answer.json()) as { job_id: string };
    await server.ended(job_id);
    return (await server.get(`/v1/jobs/${job_id}/events`)).text();
  };
  const [before, after] = [await labels(), await labels()];
  const steps = (events: string) => events.split("encoding").length;
  expect(steps(after)).toBeLessThan(steps(before));
}, 60_000);

test.each([
  [{ guidance: 1e300 }, "guidance must be in 0..100"],
  [{ guidance: -0.5 }, "guidance must be in 0..100"],
  [
    { loras: [{ file: { file_id: `file_${"0".repeat(32)}` }, scale: 1e9 }] },
    "a lora's scale must be in -100..100",
  ],
])("numbers without any sense are refused before anything runs: %o", async (body, message) => {
  for (const [path, more] of [
    ["generate", {}],
    ["edit", { images: [first] }],
  ] as const)
    expect(await refused(path, { prompt: "x", ...small, ...more, ...body })).toEqual([
      422,
      "invalid_parameter",
      message,
    ]);
});

test("an edit is fast with the adapter that the settings name for its variant", async () => {
  const body = { prompt: "x", width: 64, height: 48, seed: 7, images: [first], fast: 4 };
  const fast = await made("edit", body);
  expect(fast.params).toMatchObject({ model: "edit-2509", fast: 4, steps: 4, guidance: 1 });
  const plain = await made("edit", { ...body, fast: null, steps: 4, guidance: 1 });
  expect(plain.params.fast).toBeUndefined();
  expect(await pixelsOf(plain.file_id)).not.toEqual(await pixelsOf(fast.file_id));
  expect(await refused("edit", { ...body, model: "edit-2511" })).toEqual([
    503,
    "not_activated",
    "fast: 4 needs an adapter. Run: easel activate qwen/edit-2511 --fast. Or give its file in the setting qwen_edit_2511_lightning_4",
  ]);
  expect((await refused("edit", { ...body, fast: 5 }))[0]).toBe(422);

  // As activation leaves it in the hub's cache.
  const commit = "b".repeat(40);
  const repository = join(hubCache, "models--lightx2v--Qwen-Image-Edit-2511-Lightning");
  mkdirSync(join(repository, "refs"), { recursive: true });
  mkdirSync(join(repository, "snapshots", commit), { recursive: true });
  writeFileSync(join(repository, "refs/main"), commit);
  const file = "Qwen-Image-Edit-2511-Lightning-4steps-V1.0-bf16.safetensors";
  cpSync(adapter, join(repository, "snapshots", commit, file));
  const fetched = await made("edit", { ...body, model: "edit-2511" });
  expect(fetched.params).toMatchObject({ model: "edit-2511", fast: 4, steps: 4, guidance: 1 });
  expect((await refused("edit", { ...body, model: "edit-2511", fast: 8 }))[1]).toBe("not_activated");
}, 60_000);
