/** From a request to a picture with FLUX.2 klein: the real engine and tiny checkpoints, as published and as mflux saves them. */
import { afterAll, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ones, saveSafetensors, scope } from "../../ffi/index.ts";
import { loadSharp } from "../../src/images/sharp.ts";
import type { Job } from "../../src/jobs/job.ts";
import { openForTests } from "../ffi/open.ts";
import { levels, pixelsOf } from "../src/models/diffusion/pixels.ts";
import { depthServer } from "./server.ts";

const fixtures = join(import.meta.dir, "../fixtures");
const reference = join(fixtures, "flux2");
const folder = mkdtempSync(join(tmpdir(), "easel-flux2-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The same weights as a model that was not distilled. */
const base = join(folder, "base");
cpSync(join(reference, "model"), base, { recursive: true });
writeFileSync(join(base, "model_index.json"), JSON.stringify({ _class_name: "Flux2KleinPipeline" }));

openForTests();
const adapter = join(folder, "adapter.safetensors");
const other = join(folder, "other.safetensors");
scope(() => {
  saveSafetensors(adapter, {
    "lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight": ones([1, 128]),
    "lora_unet_double_blocks_0_img_attn_qkv.lora_up.weight": ones([384, 1]),
  });
  saveSafetensors(other, {
    "transformer.single_transformer_blocks.0.attn.to_out.lora_A.weight": ones([1, 4096]),
    "transformer.single_transformer_blocks.0.attn.to_out.lora_B.weight": ones([4096, 1]),
  });
});

const server = await depthServer({
  modelPaths: { "flux2/klein-4b": join(reference, "model"), "flux2/klein-base-4b": base },
  activated: ["flux2/klein-4b", "flux2/klein-base-4b"],
  settings: { flux2_default_quantize: null, flux2_default_width: 64, flux2_default_height: 64 },
});

type Result = Record<string, unknown> & { params: Record<string, unknown> };

async function made(path: string, body: object): Promise<Result> {
  const asked = { model: "klein-4b", ...body };
  const answer = await server.post(`/v1/image/flux2/${path}`, asked, { accept: "application/json" });
  const job = (await answer.json()) as Job & { detail?: string };
  expect([answer.status, job.detail]).toEqual([200, undefined]);
  return job.result as Result;
}

async function refused(path: string, body: object): Promise<[number, unknown, unknown]> {
  const asked = { model: "klein-4b", prompt: "x", ...body };
  const answer = await server.post(`/v1/image/flux2/${path}`, asked, { accept: "application/json" });
  const { detail, code } = (await answer.json()) as { detail: unknown; code: string };
  return [answer.status, code, detail];
}

const drawnBy = async (id: unknown) => {
  const bytes = await (await server.get(`/v1/files/${id}/download`)).arrayBuffer();
  return new Uint8Array(await loadSharp()(Buffer.from(bytes)).removeAlpha().raw().toBuffer());
};

interface Case {
  name: string;
  width: number;
  height: number;
  steps: number;
  guidance: number;
  prompt: string;
  seed: number;
  distilled: boolean;
  images: string[];
  init_image?: string;
  image_strength?: number;
}
const cases = (await Bun.file(join(reference, "pipeline.json")).json()) as Case[];

describe("a picture", () => {
  test.each(cases.map((each) => [each.name, each] as const))(
    "is diffusers' within one level: %s",
    async (name, { distilled, images, init_image, name: _, ...body }) => {
      const files = await Promise.all(images.map((image) => server.upload(join(reference, image))));
      const first = init_image && (await server.upload(join(reference, init_image)));
      const result = await made(files.length > 0 ? "edit" : "generate", {
        ...body,
        model: distilled ? "klein-4b" : "klein-base-4b",
        ...(files.length > 0 && { images: files }),
        ...(first && { init_image: first }),
      });
      const wanted = await pixelsOf(reference, `${name}.png`);
      expect(levels(await drawnBy(result.file_id), wanted.data)).toBeLessThanOrEqual(1);
      expect(result.params.prompt_cut).toBe(name === "txt2img-long" ? true : undefined);
    },
    120_000,
  );

  test("tells what it used, with the variant's defaults", async () => {
    const plain = await made("generate", { prompt: "a red fox", seed: 7 });
    expect(plain.params).toEqual({
      kind: "txt2img",
      model: "klein-4b",
      prompt: "a red fox",
      init_image_file_id: null,
      image_strength: null,
      seed: 7,
      width: 64,
      height: 64,
      steps: 4,
      guidance: 1,
      quantize: null,
      precision: expect.stringMatching(/^(float32|bfloat16)$/),
      scheduler: "flow_match_euler_discrete",
      format: "png",
      quality: 90,
      loras: [],
    });
    const base = await made("generate", { prompt: "a red fox", model: "FLUX2-Klein-Base-4B ", steps: 1 });
    expect(base.params).toMatchObject({ model: "klein-base-4b", guidance: 4 });
  }, 60_000);

  test("of a distilled model takes no guidance, also where only its folder says that it is one", async () => {
    const body = { prompt: "a red fox", seed: 1, steps: 1 };
    const plain = await made("generate", body);
    const asked = await made("generate", { ...body, guidance: 5 });
    expect(asked.params).toMatchObject({ guidance: 5, guidance_ignored: true });
    expect(await drawnBy(asked.file_id)).toEqual(await drawnBy(plain.file_id));
    const named = await depthServer({
      modelPaths: { "flux2/klein-base-4b": join(reference, "model") },
      activated: ["flux2/klein-base-4b"],
    });
    const answer = await named.post(
      "/v1/image/flux2/generate",
      { ...body, model: "klein-base-4b", width: 64, height: 64 },
      { accept: "application/json" },
    );
    const { result } = (await answer.json()) as { result: Result };
    expect(result.params).toMatchObject({ guidance: 4, guidance_ignored: true });
  }, 60_000);

  test("of an edit does not depend on image_strength, which is said", async () => {
    const image = await server.upload(join(reference, "tall.png"));
    const body = { prompt: "make it blue", images: [image], seed: 1, steps: 1 };
    const plain = await made("edit", body);
    const asked = await made("edit", { ...body, image_strength: 0.9 });
    expect(asked.params).toMatchObject({
      kind: "edit",
      image_file_ids: [image.file_id],
      image_strength: 0.9,
      image_strength_ignored: true,
    });
    expect(await drawnBy(asked.file_id)).toEqual(await drawnBy(plain.file_id));
  }, 60_000);

  test("starts from a picture, of which more stays at a higher strength", async () => {
    const init_image = await server.upload(join(reference, "wide.png"));
    const body = { prompt: "a red fox", init_image, seed: 3, steps: 20 };
    const usual = await made("generate", body);
    expect(usual.params).toMatchObject({
      kind: "img2img",
      init_image_file_id: init_image.file_id,
      image_strength: 0.4,
    });
    const whole = await drawnBy((await made("generate", { ...body, image_strength: 1 })).file_id);
    const off = async (image_strength: number) => {
      const pixels = await drawnBy((await made("generate", { ...body, image_strength })).file_id);
      return pixels.reduce((sum, value, i) => sum + Math.abs(value - whole[i]!), 0);
    };
    expect(await off(0.95)).toBeLessThan(await off(0.05));
  }, 60_000);

  test("is seen on the way, and a prompt that comes again is not encoded again", async () => {
    const body = { model: "klein-4b", prompt: "seen on the way", steps: 3, quantize: 8, mode: "async" };
    const run = async () => {
      const answer = await server.post("/v1/image/flux2/generate", { ...body, preview: true });
      const { job_id } = (await answer.json()) as { job_id: string };
      const events = await (await server.get(`/v1/jobs/${job_id}/events`)).text();
      return events;
    };
    const first = await run();
    expect(first).toContain("event: preview");
    expect(first).toContain('"encoding"');
    const image = /"image":"(data:image\/jpeg;base64,[^"]+)"/.exec(first)?.[1];
    const { width, height } = await loadSharp()(Buffer.from(image!.split(",")[1]!, "base64")).metadata();
    expect([width, height]).toEqual([32, 32]);
    expect(await run()).not.toContain('"encoding"');
  }, 60_000);

  test("changes with an adapter in the authors' names", async () => {
    const file = await server.upload(adapter);
    const body = { prompt: "a red fox", seed: 1, steps: 1 };
    const plain = await drawnBy((await made("generate", body)).file_id);
    const changed = await made("generate", { ...body, loras: [{ file, scale: 0.3 }] });
    expect(await drawnBy(changed.file_id)).not.toEqual(plain);
    expect(await drawnBy((await made("generate", body)).file_id)).toEqual(plain);
    const wrong = await server.upload(other);
    const [status, code, detail] = await refused("generate", { loras: [{ file: wrong }], steps: 1 });
    expect([status, code]).toEqual([400, "lora_mismatch"]);
    expect(detail).toContain("Adapters of the 4B and the 9B models do not fit each other");
  }, 60_000);
});

describe("a request is refused", () => {
  const id = { type: "file_id", file_id: "file_0123456789abcdef" };
  test.each([
    ["generate", { model: "klein" }, 400, "unknown_model", /unknown flux2 model 'klein'; available: \[/],
    ["generate", { width: 0 }, 422, "invalid_parameter", "width and height must be positive"],
    ["generate", { height: 8 }, 422, "invalid_parameter", "width and height must be multiples of 16"],
    ["generate", { height: 4096 }, 422, "invalid_parameter", "size 64x4096 exceeds the cap 2048x2048"],
    ["generate", { steps: 101 }, 422, "invalid_parameter", "steps must be in 1..100"],
    ["generate", { quantize: 2 }, 422, "invalid_parameter", "quantize must be one of 3, 4, 5, 6, 8"],
    ["generate", { loras: Array(5).fill({ file: id }) }, 422, "invalid_parameter", /^at most 4 loras/],
    ["generate", { guidance: 101 }, 422, "invalid_parameter", "guidance must be in 0..100"],
    ["generate", { guidance: -1 }, 422, "invalid_parameter", "guidance must be in 0..100"],
    ["generate", { loras: [{ file: id, scale: 1e9 }] }, 422, "invalid_parameter", /scale must be in/],
    ["generate", { image_strength: 1.5 }, 422, "invalid_parameter", "image_strength must be in 0..1"],
    [
      "edit",
      { images: [id], image_strength: -1 },
      422,
      "invalid_parameter",
      "image_strength must be in 0..1",
    ],
    ["edit", { images: Array(9).fill(id) }, 422, "invalid_parameter", "at most 8 images may be given"],
    ["generate", { scheduler: "linear" }, 422, "invalid_parameter", /unknown scheduler 'linear'/],
    ["edit", { images: [id] }, 400, "unknown_file", /./],
  ] as const)("in the original's words: %s %p", async (path, change, status, code, detail) => {
    const [gotStatus, gotCode, gotDetail] = await refused(path, change);
    expect([gotStatus, gotCode]).toEqual([status, code]);
    if (typeof detail === "string") expect(gotDetail).toBe(detail);
    else expect(gotDetail).toMatch(detail);
  });

  test("with reference pictures that are too small or too long", async () => {
    const picture = async (width: number, height: number) => {
      const path = join(folder, `${width}x${height}.png`);
      const noise = Buffer.from(Array.from({ length: width * height * 3 }, (_, i) => (i * 37) % 251));
      await loadSharp()(noise, { raw: { width, height, channels: 3 } })
        .png()
        .toFile(path);
      return server.upload(path);
    };
    expect(await refused("edit", { images: [await picture(63, 80)] })).toEqual([
      422,
      "invalid_parameter",
      "images must be at least 64 pixels wide and high, and one is 63x80",
    ]);
    expect(await refused("edit", { images: [await picture(64, 513)] })).toEqual([
      422,
      "invalid_parameter",
      "images may be at most 8 times as long as wide, and one is 64x513",
    ]);
  });

  test("for a model that is not here, with a word about the free one", async () => {
    const [status, code, detail] = await refused("generate", { model: "klein-9b" });
    expect([status, code]).toEqual([503, "not_activated"]);
    expect(detail).toContain("model 'klein-9b' is not activated");
    expect(detail).toContain("easel activate --model flux2/klein-4b");
  });

  test("unless it names no model: then it gets klein-4b, where klein-9b is not here", async () => {
    const body = { prompt: "x", steps: 1, seed: 1 };
    const answer = await server.post("/v1/image/flux2/generate", body, { accept: "application/json" });
    expect(((await answer.json()) as Job).result).toMatchObject({ model: "klein-4b" });
    const models = (await (await server.get("/v1/image/flux2/models")).json()) as {
      name: string;
      default: boolean;
    }[];
    expect(models.map(({ name }) => name)).toEqual([
      "klein-9b",
      "klein-base-4b",
      "klein-base-9b",
      "klein-4b",
    ]);
    expect(models.filter((model) => model.default).map(({ name }) => name)).toEqual(["klein-4b"]);
  });

  test("with the contract's code for training", async () => {
    const answer = await server.post("/v1/image/flux2/train", { dataset: id });
    expect(answer.status).toBe(501);
  });
});

test("a folder that mflux has saved runs at its own bits, and one with the authors' single file runs, too", async () => {
  const single = join(folder, "single");
  mkdirSync(single);
  cpSync(
    join(reference, "authors/transformer/flux-2-klein-4b.safetensors"),
    join(single, "flux.safetensors"),
  );
  const saved = await depthServer({
    modelPaths: { "flux2/klein-4b": join(fixtures, "flux2-mflux"), "flux2/klein-base-4b": single },
    activated: ["flux2/klein-4b", "flux2/klein-base-4b"],
  });
  const body = { prompt: "a red fox", width: 64, height: 48, steps: 2, seed: 1 };
  const post = (more: object) =>
    saved.post("/v1/image/flux2/generate", { ...body, ...more }, { accept: "application/json" });
  const job = (await (await post({})).json()) as Job;
  expect((job.result as Result).params).toMatchObject({ model: "klein-4b", quantize: 4 });
  // Its other parts are not there.
  const answer = await post({ model: "klein-base-4b" });
  expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
    500,
    "checkpoint_invalid",
  ]);
}, 60_000);
