import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clearCache, kernels, memory, resetPeak, Tensor, useKernels } from "../../../../ffi/index.ts";
import { decode, encode } from "../../../../src/models/qwen-image/diffusion.ts";
import {
  loadModulator,
  loadTextEncoder,
  loadTransformer,
  loadVae,
} from "../../../../src/models/qwen-image/load.ts";
import {
  coderOf,
  footprint as footprintOf,
  type Job,
  ownBits,
  type PipelineSize,
  published,
  textEncoderOf,
  transformerOf,
} from "../../../../src/models/qwen-image/memory.ts";
import type { Panels } from "../../../../src/nn/weight-memory.ts";
import type { Weights } from "../../../../src/nn/weights.ts";
import { type TensorTable, tensorTable } from "../../../../src/weights/tensor-table.ts";
import { openForTests } from "../../../ffi/open.ts";
import { sets } from "../../../mlx-shim/sets.ts";
import { panelsInUse } from "../panels.ts";
import { model } from "./fixtures.ts";
import { publishedTensors } from "./published.ts";

openForTests();
const saved = join(import.meta.dir, "../../../fixtures/qwen-mflux");
const place = mkdtempSync(join(tmpdir(), "footprint-"));
afterAll(() => rmSync(place, { recursive: true }));

const partOf = (folder: string, part: string) => tensorTable(join(folder, part))!;
const sizeOf = (folder: string, panels?: Panels): PipelineSize => ({
  transformer: transformerOf(partOf(folder, "transformer"), panels),
  textEncoder: textEncoderOf(partOf(folder, "text_encoder"), panels),
  coder: coderOf(partOf(folder, "vae"), panels),
});
/** The instruction sets that this machine has kernels for. */
const everySet = sets.length > 0 ? sets : [kernels()];
afterEach(() => {
  if (sets.length > 0) useKernels("");
});

/** Bytes of the tensors that a part owns. */
function taken(load: () => Disposable): number {
  using part = load();
  return (part as unknown as { weights: Weights }).weights.bytes;
}

/** Tests compute in float32, also where a server would not. */
const single = 4;

/** Bytes of the mean and the deviation of latents, which no file holds. */
const config = 2 * 16 * 4;

const footprint = (job: Job, size = published) => footprintOf(job, size, single);

const usual = {
  bits: 8,
  pixels: 1024 * 1024,
  steps: 30,
  references: 0,
  referencePixels: 1024 * 1024,
  tile: 1024,
  batch: false,
} as const;

describe("the footprint of Qwen-Image", () => {
  test("grows with bits, pixels and references, each in its own phase", () => {
    const base = footprint(usual);
    expect(footprint({ ...usual, bits: 4 }).transformer).toBeLessThan(base.transformer);
    expect(footprint({ ...usual, bits: null }).transformer).toBeGreaterThan(base.transformer);
    expect(footprint({ ...usual, bits: 4 }).textEncoder).toBe(base.textEncoder);
    expect(footprint({ ...usual, pixels: 2048 * 2048 }).denoise).toBeGreaterThan(base.denoise);
    expect(footprint({ ...usual, batch: true }).denoise).toBeGreaterThan(1.5 * base.denoise);
    const edit = footprint({ ...usual, references: 2 });
    expect(edit.denoise).toBeGreaterThan(base.denoise);
    expect(edit.encode).toBeGreaterThan(base.encode);
    expect(footprint({ ...usual, references: 2, referencePixels: 512 * 512 }).denoise).toBeLessThan(
      edit.denoise,
    );
    expect(footprint({ ...usual, pixels: 2048 * 2048, tile: 512 }).decode).toBeLessThan(
      footprint({ ...usual, pixels: 2048 * 2048 }).decode,
    );
  });

  test("keeps the picture's modulation at eight bits when the rest has four", () => {
    const [four, three, eight] = ([4, 3, 8] as const).map((bits) => footprint({ ...usual, bits }).modulation);
    expect(four! - three!).toBeGreaterThan((eight! - four!) / 2);
    expect(four!).toBeLessThan(eight!);
  });

  test("is that of the published tensors: 20.4 billion parameters in half precision", () => {
    const { transformer, modulation } = footprint({ ...usual, bits: null });
    expect((transformer + modulation) / 1e9).toBeCloseTo(40.86, 1);
  });

  test.each(everySet)("is, for files that are here, what loading them takes with kernels for %s", (set) => {
    if (sets.length > 0) useKernels(set);
    const size = sizeOf(model, panelsInUse());
    for (const bits of [8, 4, 3, null] as const) {
      const planned = footprint({ ...usual, bits }, size);
      expect(taken(() => loadTransformer([model], { bits }))).toBe(planned.transformer);
      expect(taken(() => loadModulator([model], { bits }))).toBe(planned.modulation);
    }
    const { textEncoder, vae } = footprint(usual, size);
    expect(taken(() => loadTextEncoder([model]))).toBe(textEncoder);
    expect(taken(() => loadVae([model]))).toBe(vae + config);
    // What a plan counts before the kernels are known is never less.
    const widest = footprint(usual, sizeOf(model));
    expect([widest.textEncoder >= textEncoder, widest.vae >= vae]).toEqual([true, true]);
  });

  test.each(everySet)(
    "is that of the files' own bits where they are quantized already, with kernels for %s",
    (set) => {
      if (sets.length > 0) useKernels(set);
      const planned = footprint({ ...usual, bits: 8 }, sizeOf(saved, panelsInUse()));
      expect(taken(() => loadTransformer([saved], { bits: 8 }))).toBe(planned.transformer);
      expect(taken(() => loadModulator([saved], { bits: 8 }))).toBe(planned.modulation);
      expect(taken(() => loadVae([saved]))).toBe(planned.vae + config);
      expect(taken(() => loadTextEncoder([saved]))).toBe(planned.textEncoder);
    },
  );
});

test("pictures are coded within the planned memory", () => {
  using vae = loadVae([model]);
  const coder = coderOf(partOf(model, "vae"));
  const tiles = { tile: 1024, overlap: 64 };
  const peakOf = (work: () => void) => {
    clearCache();
    const { active } = memory();
    resetPeak();
    work();
    return memory().peak - active;
  };
  for (const [width, height] of [
    [256, 192],
    [640, 512],
  ] as const) {
    const planned = footprint({ ...usual, pixels: width * height }, { ...published, coder });
    let tokens: ReturnType<typeof encode> | undefined;
    const looked = peakOf(() => {
      using pixels = Tensor.from(new Float32Array(width * height * 3), [height, width, 3]);
      tokens = encode(vae, pixels, tiles);
    });
    expect(looked).toBeLessThan(planned.look);
    expect(peakOf(() => decode(vae, tokens!, tiles))).toBeLessThan(planned.decode);
  }
});

test("files that are quantized as a whole tell their bits, which a request cannot change", () => {
  const table = (path: string) => partOf(path, "transformer");
  expect(ownBits(table(saved))).toBe(4);
  expect(ownBits(table(model))).toBeUndefined();
  const mixed = new Map(table(saved));
  mixed.set("transformer_blocks.0.attn.to_k.weight", { dtype: "BF16", shape: [128, 128] });
  expect(ownBits(mixed)).toBeUndefined();
});

describe("the tensors of Qwen-Image", () => {
  const count = (table: TensorTable) =>
    [...table.values()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0) / 1e6;

  test("are as many as were counted in the published files", () => {
    const { transformer, textEncoder, vae } = publishedTensors();
    expect(count(transformer)).toBeCloseTo(20_430.4, 1);
    // With the head that nobody asks: 545 million.
    expect(count(textEncoder)).toBeCloseTo(7070.6 + 676.6 + 545, 0);
    expect(count(vae)).toBeCloseTo(126.9, 1);
  });

  test("have the names and shapes of a checkpoint that diffusers and transformers wrote", () => {
    const made = publishedTensors({
      blocks: 2,
      width: 128,
      head: 32,
      latents: 64,
      language: { layers: 3, width: 64, keys: 32, hidden: 128, vocabulary: 632 },
      vision: { layers: 4, width: 32, hidden: 85 },
      coder: { base: 8, factors: [1, 2, 4, 4], latents: 16 },
    });
    const found = {
      transformer: partOf(model, "transformer"),
      textEncoder: partOf(model, "text_encoder"),
      vae: partOf(model, "vae"),
    };
    const sorted = (table: TensorTable) => [...table].sort(([a], [b]) => (a < b ? -1 : 1));
    for (const part of ["transformer", "textEncoder", "vae"] as const)
      expect(sorted(made[part])).toEqual(sorted(found[part]));
  });

  test("are what the constants of the plan count", () => {
    const { transformer, textEncoder, vae } = publishedTensors();
    const none = {
      finer: 0,
      ragged: 0,
      single: 0,
      packed: 0,
      fill: { matrices: 0, ragged: 0, others: 0 },
    };
    const whole = ({ transformer, textEncoder, coder }: PipelineSize) => ({
      transformer: {
        ...transformer,
        modulation: { ...none, ...transformer.modulation },
        blocks: { ...none, ...transformer.blocks },
      },
      textEncoder: { ...textEncoder, amounts: { ...none, ...textEncoder.amounts } },
      coder: { ...coder, amounts: { ...none, ...coder.amounts } },
    });
    expect(whole(published)).toEqual(
      whole({
        transformer: transformerOf(transformer),
        textEncoder: textEncoderOf(textEncoder),
        coder: coderOf(vae),
      }),
    );
  });
});

test("a header is read once, and again when its file has changed", () => {
  const copy = join(place, "model");
  cpSync(model, copy, { recursive: true });
  const folder = join(copy, "transformer");
  expect(tensorTable(folder)?.size).toBe(77);
  expect(tensorTable(folder)).toBe(tensorTable(folder));
  writeFileSync(join(folder, "diffusion_pytorch_model.safetensors"), "damaged");
  expect(tensorTable(folder)).toBeUndefined();
});
