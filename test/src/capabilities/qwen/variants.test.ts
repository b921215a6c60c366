import { describe, expect, test } from "bun:test";
import { footprint, variants } from "../../../../src/capabilities/qwen/variants.ts";
import { loadModulator, loadTransformer } from "../../../../src/models/qwen-image/load.ts";
import { linearNames } from "../../../../src/models/qwen-image/names.ts";
import { openForTests } from "../../../ffi/open.ts";
import { model } from "../../models/qwen-image/fixtures.ts";

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
});

test("names and aliases are told apart", () => {
  const names = variants.flatMap(({ name, aliases }) => [name, ...aliases]);
  expect(new Set(names).size).toBe(names.length);
});

test("the names that an adapter may change are those of the network", () => {
  openForTests();
  using transformer = loadTransformer([model]);
  using modulator = loadModulator([model]);
  const names = [...transformer.linears.keys(), ...modulator.linears.keys()];
  expect(linearNames(transformer.config.num_layers).sort()).toEqual(names.sort());
});
