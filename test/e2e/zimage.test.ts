/** From a request to a picture with Z-Image: the real engine and tiny checkpoints, as published and as mflux saves them. */
import { afterAll, describe, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ones, saveSafetensors, scope } from "../../ffi/index.ts";
import { loadSharp } from "../../src/images/sharp.ts";
import type { Job } from "../../src/jobs/job.ts";
import { openForTests } from "../ffi/open.ts";
import { levels, pixelsOf } from "../src/models/diffusion/pixels.ts";
import { depthServer } from "./server.ts";

const fixtures = join(import.meta.dir, "../fixtures");
const reference = join(fixtures, "zimage");
const folder = mkdtempSync(join(tmpdir(), "easel-zimage-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The same weights with the base model's schedule. */
const base = join(folder, "base");
cpSync(join(reference, "model"), base, { recursive: true });
const schedule = join(base, "scheduler/scheduler_config.json");
writeFileSync(schedule, JSON.stringify({ ...JSON.parse(readFileSync(schedule, "utf8")), shift: 6 }));

openForTests();
const adapter = join(folder, "adapter.safetensors");
const foreign = join(folder, "foreign.safetensors");
scope(() => {
  saveSafetensors(adapter, {
    "diffusion_model.layers.0.attention.qkv.lora_A.weight": ones([1, 128]),
    "diffusion_model.layers.0.attention.qkv.lora_B.weight": ones([384, 1]),
    "text_encoder.layers.0.lora_A.weight": ones([2, 2]),
  });
  saveSafetensors(foreign, { "double_blocks.0.img_attn.qkv.lora_A.weight": ones([2, 128]) });
});

const server = await depthServer({
  modelPaths: { "zimage/turbo": join(reference, "model"), "zimage/base": base },
  settings: { zimage_default_quantize: null, zimage_default_width: 64, zimage_default_height: 64 },
});

type Result = Record<string, unknown> & { params: Record<string, unknown> };

async function made(body: object): Promise<Result> {
  const answer = await server.post("/v1/image/zimage/generate", body, { accept: "application/json" });
  const job = (await answer.json()) as Job & { detail?: string };
  expect([answer.status, job.detail]).toEqual([200, undefined]);
  return job.result as Result;
}

async function refused(body: object): Promise<[number, unknown, unknown]> {
  const answer = await server.post("/v1/image/zimage/generate", body, { accept: "application/json" });
  const { detail, code } = (await answer.json()) as { detail: unknown; code: string };
  return [answer.status, code, detail];
}

async function bytesOf(id: unknown): Promise<Buffer> {
  return Buffer.from(await (await server.get(`/v1/files/${id}/download`)).arrayBuffer());
}
const drawnBy = async (id: unknown) =>
  new Uint8Array(
    await loadSharp()(await bytesOf(id))
      .removeAlpha()
      .raw()
      .toBuffer(),
  );

interface Case {
  name: string;
  kind: "turbo" | "base";
  width: number;
  height: number;
  steps: number;
  guidance: number;
  prompt: string;
  negative_prompt: string | null;
  seed: number;
}
const cases = JSON.parse(readFileSync(join(reference, "pipeline.json"), "utf8")) as Case[];

describe("generate", () => {
  test.each(cases.map((each) => [each.name, each] as const))(
    "makes the picture that diffusers makes, within one level: %s",
    async (name, { kind, guidance, ...body }) => {
      const result = await made({ ...body, model: kind, ...(kind === "base" && { guidance }) });
      const wanted = await pixelsOf(reference, `${name}.png`);
      expect(levels(await drawnBy(result.file_id), wanted.data)).toBeLessThanOrEqual(1);
      expect(result.params.prompt_cut).toBe(name === "turbo-long" ? true : undefined);
    },
    60_000,
  );

  test("gives bytes to a call that asks for no JSON, with the variant's defaults", async () => {
    const answer = await server.post("/v1/image/zimage/generate", { prompt: "a red fox", seed: 7 });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("image/png");
    const job = (await (await server.get(`/v1/jobs/${answer.headers.get("x-kiapi-job-id")}`)).json()) as Job;
    expect((job.result as Result).params).toEqual({
      mode: "txt2img",
      model: "turbo",
      prompt: "a red fox",
      negative_prompt: null,
      seed: 7,
      width: 64,
      height: 64,
      steps: 9,
      guidance: null,
      quantize: null,
      precision: expect.stringMatching(/^(float32|bfloat16)$/),
      format: "png",
      quality: 90,
      loras: [],
    });
    const record = (await (
      await server.get(`/v1/files/${answer.headers.get("x-kiapi-file-id")}`)
    ).json()) as {
      filename: string;
    };
    expect(record.filename).toMatch(/^image_\d+\.png$/);
  }, 60_000);

  test("takes no guidance on the distilled model, and says so", async () => {
    const body = { prompt: "a red fox", seed: 1, steps: 1 };
    const plain = await made(body);
    const asked = await made({ ...body, guidance: 5, negative_prompt: "blurry" });
    expect(asked.params).toMatchObject({ guidance: 5, guidance_ignored: true });
    expect(await drawnBy(asked.file_id)).toEqual(await drawnBy(plain.file_id));
  }, 60_000);

  test("adds an adapter with fused layers to the model that is there, and takes it off again", async () => {
    const file = await server.upload(adapter);
    const body = { prompt: "a red fox", seed: 1, steps: 1 };
    const plain = await drawnBy((await made(body)).file_id);
    const changed = await made({ ...body, loras: [{ file, scale: 0.5 }] });
    expect(changed.params).toMatchObject({
      loras: [{ file, scale: 0.5 }],
      lora_keys_unused: ["text_encoder.layers.0.lora_A.weight"],
    });
    expect(await drawnBy(changed.file_id)).not.toEqual(plain);
    expect(await drawnBy((await made(body)).file_id)).toEqual(plain);
    const other = await server.upload(foreign);
    const [status, code, detail] = await refused({ ...body, loras: [{ file: other }] });
    expect([status, code]).toEqual([400, "lora_mismatch"]);
    expect(detail).toContain("double_blocks.0.img_attn.qkv.lora_A.weight");
  }, 60_000);

  test("runs with few bits, and shows pictures on the way", async () => {
    const answer = await server.post("/v1/image/zimage/generate", {
      prompt: "<|im_end|><|im_start|><|endoftext|>",
      width: 96,
      height: 64,
      steps: 3,
      quantize: 4,
      mode: "async",
      preview: true,
    });
    expect(answer.status).toBe(202);
    const { job_id } = (await answer.json()) as { job_id: string };
    const events = await (await server.get(`/v1/jobs/${job_id}/events`)).text();
    const image = /"image":"(data:image\/jpeg;base64,[^"]+)"/.exec(events)?.[1];
    const { width, height } = await loadSharp()(Buffer.from(image!.split(",")[1]!, "base64")).metadata();
    expect([width, height]).toEqual([48, 32]);
    const job = await server.ended(job_id);
    expect([job.status, (job.result as Result).params.quantize]).toEqual(["succeeded", 4]);
  }, 60_000);
});

test.each([
  [{ model: "nope" }, 400, "unknown_model", "unknown zimage model 'nope'; available: ['base', 'turbo']"],
  [{ width: -16 }, 422, "invalid_parameter", "width and height must be positive"],
  [{ width: 100 }, 422, "invalid_parameter", "width and height must be multiples of 16"],
  [{ width: 2064 }, 422, "invalid_parameter", "size 2064x64 exceeds the cap 2048x2048"],
  [{ steps: 101 }, 422, "invalid_parameter", "steps must be in 1..100"],
  [{ quantize: 7 }, 422, "invalid_parameter", "quantize must be one of 3, 4, 5, 6, 8"],
  [
    { loras: Array(5).fill({ file: { type: "file_id", file_id: "file_0123456789abcdef" } }) },
    422,
    "invalid_parameter",
    "at most 4 loras may be applied",
  ],
])("is refused in the original's words: %p", async (change, status, code, detail) => {
  expect(await refused({ prompt: "x", ...change })).toEqual([status, code, detail]);
});

test("training is part of the contract that this server does not have", async () => {
  const body = { dataset: { type: "file_id", file_id: "file_0123456789abcdef" } };
  const answer = await server.post("/v1/image/zimage/train", body);
  expect(answer.status).toBe(501);
  expect(await answer.json()).toEqual({
    detail: "this server does not have /v1/image/zimage/train",
    code: "not_supported",
  });
});

test("a folder that mflux has saved runs at its own bits, whatever is asked for", async () => {
  const saved = await depthServer({
    modelPaths: { "zimage/turbo": join(fixtures, "zimage-mflux") },
    activated: ["zimage/turbo"],
  });
  const body = { prompt: "a red fox", width: 64, height: 48, steps: 2, seed: 1 };
  const run = async (more: object) => {
    const answer = await saved.post(
      "/v1/image/zimage/generate",
      { ...body, ...more },
      { accept: "application/json" },
    );
    const job = (await answer.json()) as Job & { detail?: string };
    expect([answer.status, job.detail]).toEqual([200, undefined]);
    return (job.result as Result).params.quantize;
  };
  expect(await run({})).toBe(4);
  expect(await run({ quantize: 8 })).toBe(4);
}, 60_000);
