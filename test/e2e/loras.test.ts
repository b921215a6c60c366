/** The folder of adapters, with the real engine and a tiny checkpoint in the published layout. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { saveSafetensors, scope, Tensor } from "../../ffi/index.ts";
import { loadSharp } from "../../src/images/sharp.ts";
import type { Job } from "../../src/jobs/job.ts";
import { openForTests } from "../ffi/open.ts";
import { depthServer } from "./server.ts";

const fixtures = join(import.meta.dir, "../fixtures");
const place = mkdtempSync(join(tmpdir(), "easel-loras-"));
afterAll(() => rmSync(place, { recursive: true }));
const folder = join(place, "loras");
const elsewhere = join(place, "outside.safetensors");

openForTests();
const filled = (shape: [number, number], value: number) =>
  Tensor.from(new Float32Array(shape[0] * shape[1]).fill(value), shape);
const ofQwen = (path: string, inputs = 128, value = 0.5) =>
  scope(() =>
    saveSafetensors(path, {
      "transformer_blocks.0.attn.to_q.lora_A.weight": filled([2, inputs], 0.1),
      "transformer_blocks.0.attn.to_q.lora_B.weight": filled([inputs, 2], value),
    }),
  );

beforeAll(() => {
  mkdirSync(join(folder, "styles"), { recursive: true });
  ofQwen(join(folder, "plain.safetensors"));
  copyFileSync(join(folder, "plain.safetensors"), join(folder, "styles", "ink.safetensors"));
  ofQwen(join(folder, "wide.safetensors"), 3072);
  scope(() =>
    saveSafetensors(join(folder, "zimage.safetensors"), {
      "diffusion_model.layers.0.attention.to_q.lora_A.weight": filled([2, 3840], 0.1),
      "diffusion_model.layers.0.attention.to_q.lora_B.weight": filled([3840, 2], 0.1),
    }),
  );
  scope(() =>
    saveSafetensors(join(folder, "lokr.safetensors"), {
      "transformer_blocks.0.attn.to_q.lokr_w1": filled([2, 2], 0.1),
    }),
  );
  scope(() =>
    saveSafetensors(join(folder, "half.safetensors"), {
      "transformer_blocks.0.attn.to_q.lora_A.weight": filled([2, 128], 0.1),
    }),
  );
  writeFileSync(join(folder, "page.safetensors"), "<!doctype html><title>404</title>");
  writeFileSync(join(folder, "notes.txt"), "not an adapter");
  writeFileSync(join(folder, "pickle.ckpt"), "not safetensors");
  copyFileSync(join(folder, "plain.safetensors"), join(folder, "LOUD.SAFETENSORS"));
  ofQwen(elsewhere);
  symlinkSync(elsewhere, join(folder, "escape.safetensors"));
  symlinkSync(place, join(folder, "up"));
  symlinkSync(folder, join(folder, "circle"));
  symlinkSync(join(folder, "plain.safetensors"), join(folder, "alias.safetensors"));
  symlinkSync(join(folder, "gone"), join(folder, "dangling.safetensors"));
});

const server = await depthServer({
  modelPaths: { "qwen/image": join(fixtures, "qwen/image"), "qwen/edit-2509": join(fixtures, "qwen/image") },
  settings: {
    qwen_default_width: 64,
    qwen_default_height: 48,
    qwen_reference_pixels: 128 * 128,
    lora_dir: folder,
  },
});

interface Entry {
  name: string;
  size: number;
  fits: { family: string; models: string[] }[];
  problem?: string;
}
const listed = async (query = "") =>
  ((await (await server.get(`/v1/loras${query}`)).json()) as { data: Entry[] }).data;

const body = { prompt: "a red ball", width: 64, height: 48, steps: 2, seed: 7 };
const send = (loras: unknown, more: object = {}) =>
  server.post("/v1/image/qwen/generate", { ...body, loras, ...more }, { accept: "application/json" });

async function made(loras: unknown): Promise<{ params: { loras: unknown[] }; pixels: Buffer }> {
  const answer = await send(loras);
  const { result, detail } = (await answer.json()) as Job & { detail?: string };
  expect([answer.status, detail]).toEqual([200, undefined]);
  const { file_id, params } = result as { file_id: string; params: { loras: unknown[] } };
  const bytes = await (await server.get(`/v1/files/${file_id}/download`)).arrayBuffer();
  return { params, pixels: await loadSharp()(bytes).raw().toBuffer() };
}

async function refused(loras: unknown, more: object = {}): Promise<[number, unknown, string]> {
  const before = await server.counts();
  const answer = await send(loras, more);
  const { code, detail } = (await answer.json()) as { code: string; detail: unknown };
  expect(await server.counts()).toEqual(before);
  return [answer.status, code, JSON.stringify(detail)];
}

describe("the list", () => {
  test("names what the folder has, and of a link that leads outside its name alone", async () => {
    const list = await listed();
    expect(list.filter(({ size }) => size === 0).map(({ name }) => name)).toEqual([
      "dangling.safetensors",
      "escape.safetensors",
    ]);
    const names = list.map(({ name }) => name);
    expect(names).toEqual([
      "LOUD.SAFETENSORS",
      "alias.safetensors",
      "dangling.safetensors",
      "escape.safetensors",
      "half.safetensors",
      "lokr.safetensors",
      "page.safetensors",
      "pickle.ckpt",
      "plain.safetensors",
      "styles/ink.safetensors",
      "wide.safetensors",
      "zimage.safetensors",
    ]);
  });

  test("says what each adapter fits: models on this machine by their files, others as published", async () => {
    const fits = Object.fromEntries((await listed()).map(({ name, fits }) => [name, fits]));
    expect(fits["plain.safetensors"]).toEqual([{ family: "qwen", models: ["image", "edit-2509"] }]);
    expect(fits["wide.safetensors"]).toContainEqual({ family: "qwen", models: ["image-2512", "edit-2511"] });
    expect(fits["zimage.safetensors"]).toEqual([{ family: "zimage", models: ["turbo", "base"] }]);
    for (const name of ["half", "lokr", "page"]) expect(fits[`${name}.safetensors`]).toEqual([]);
  });

  test("says why a file fits nothing", async () => {
    const problems = Object.fromEntries((await listed()).map(({ name, problem }) => [name, problem]));
    expect(problems["page.safetensors"]).toContain("it is a web page");
    expect(problems["lokr.safetensors"]).toContain("LyCORIS");
    for (const name of ["dangling", "escape"])
      expect(problems[`${name}.safetensors`]).toContain("a link that leads to none: copy the file there");
    expect(problems["pickle.ckpt"]).toContain("it is no safetensors file: convert it");
    expect(problems["plain.safetensors"]).toBeUndefined();
    expect(JSON.stringify(problems)).not.toContain(place);
  });

  test("can be asked for a family or a model", async () => {
    expect((await listed("?family=zimage")).map(({ name }) => name)).toEqual(["zimage.safetensors"]);
    expect((await listed("?family=qwen&model=edit-2511")).map(({ name }) => name)).toEqual([
      "wide.safetensors",
    ]);
    expect(await listed("?family=depthpro")).toEqual([]);
  });
});

describe("a request", () => {
  test("names an adapter by its file, without a restart, and gets the picture of the uploaded one", async () => {
    const upload = await server.upload(join(folder, "plain.safetensors"));
    const [none, named, uploaded] = [
      await made([]),
      await made([{ file: { lora: "plain" }, scale: 0.8 }]),
      await made([{ file: upload, scale: 0.8 }]),
    ];
    expect(named.params.loras).toEqual([{ file: { type: "lora", lora: "plain.safetensors" }, scale: 0.8 }]);
    expect(named.pixels.equals(uploaded.pixels)).toBe(true);
    expect(named.pixels.equals(none.pixels)).toBe(false);

    ofQwen(join(folder, "late.safetensors"), 128, -0.5);
    expect((await listed()).map(({ name }) => name)).toContain("late.safetensors");
    const late = await made([{ file: { type: "lora", lora: "late.safetensors" } }]);
    expect(late.pixels.equals(none.pixels)).toBe(false);
    rmSync(join(folder, "late.safetensors"));
    expect((await listed()).map(({ name }) => name)).not.toContain("late.safetensors");
  });

  test("takes a file of a folder inside, and a link that stays inside", async () => {
    const plain = await made([{ file: { lora: "plain" } }]);
    expect((await made([{ file: { lora: "styles/ink" } }])).pixels.equals(plain.pixels)).toBe(true);
    expect((await made([{ file: { lora: "alias" } }])).pixels.equals(plain.pixels)).toBe(true);
    const loud = await made([{ file: { lora: "LOUD.SAFETENSORS" } }]);
    expect(loud.pixels.equals(plain.pixels)).toBe(true);
  });

  test.each([
    ["zimage", "has no layer for"],
    ["wide", "takes [128] to [128]"],
    ["half", "only one half"],
    ["lokr", "LyCORIS"],
    ["page", "web page"],
  ])("with the adapter %s, which does not fit, is refused with 422 and leaves nothing", async (lora, why) => {
    const [status, code, detail] = await refused([{ file: { lora } }]);
    expect([status, code]).toEqual([422, "invalid_parameter"]);
    expect(detail).toContain(why);
    expect(detail).toContain("qwen/image");
  });

  test.each([
    ["../outside"],
    ["../outside.safetensors"],
    ["/etc/passwd"],
    [elsewhere],
    ["styles/../plain"],
    ["./plain"],
    ["styles//ink"],
    ["..\\outside"],
    ["plain\0"],
    ["escape"],
    ["up/outside"],
    ["dangling"],
    ["notes.txt"],
    ["pickle.ckpt"],
    ["styles"],
    ["missing"],
    ["x".repeat(400)],
  ])("reaches nothing outside of the folder: %j", async (lora) => {
    const [status, code, detail] = await refused([{ file: { lora } }]);
    expect([status, code]).toEqual([400, "unknown_file"]);
    if (lora !== elsewhere) expect(detail).not.toContain(place);
  });

  test("cannot name one in the place of a picture", async () => {
    const [status, code] = await refused([], { init_image: { lora: "plain" } });
    expect([status, code]).toEqual([400, "invalid_reference"]);
    const depth = await server.post("/v1/image/depthpro/estimate", { image: { lora: "plain" } });
    expect([depth.status, await depth.text()]).toEqual([
      422,
      expect.stringContaining("a file of lora_dir can be named in loras alone"),
    ]);
  });

  test("learns of one that fits nothing what holds for every model", async () => {
    const { problem } = (await listed()).find(({ name }) => name === "lokr.safetensors")!;
    expect(problem).not.toContain("this model");
  });
});

test("a folder that is not there is empty", async () => {
  rmSync(folder, { recursive: true });
  expect(await listed()).toEqual([]);
  const [status, code] = await refused([{ file: { lora: "plain" } }]);
  expect([status, code]).toEqual([400, "unknown_file"]);
});
