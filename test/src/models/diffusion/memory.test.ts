/** What parts of Z-Image and FLUX.2 take in memory, beside what is planned for them. */
import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { clearCache, evaluate, kernels, memory, random, scope, useKernels } from "../../../../ffi/index.ts";
import { encoderBits, type Packing, pipelineOf } from "../../../../src/models/diffusion/memory.ts";
import * as loadFlux2 from "../../../../src/models/flux2/load.ts";
import * as flux2 from "../../../../src/models/flux2/memory.ts";
import * as loadZimage from "../../../../src/models/zimage/load.ts";
import * as zimage from "../../../../src/models/zimage/memory.ts";
import type { Weights } from "../../../../src/nn/weights.ts";
import { openForTests } from "../../../ffi/open.ts";
import { sets } from "../../../mlx-shim/sets.ts";
import { panelsInUse } from "../panels.ts";
import { fixtures } from "./recorded.ts";

openForTests();
afterAll(() => {
  if (sets.length > 0) useKernels("");
});
/** Not every processor has every one. */
const everySet = sets.length > 0 ? sets : [kernels()];
/** Tests compute in float32, also where a server would not. */
const single = 4;

/** Bytes of the tensors that a part owns. */
function taken(load: () => Disposable): number {
  using part = load();
  const owner = "language" in part ? part.language : part;
  return (owner as unknown as { weights: Weights }).weights.bytes;
}

const job = { width: 1024, height: 1024, guided: false };
const families = {
  zimage: {
    load: loadZimage,
    footprint: (bits: 8 | 4 | null, folder: string, packing?: Packing) =>
      zimage.footprint({ ...job, bits }, pipelineOf([folder], zimage.published()), single, packing),
    ownBits: zimage.ownBits,
  },
  flux2: {
    load: loadFlux2,
    footprint: (bits: 8 | 4 | null, folder: string, packing?: Packing) =>
      flux2.footprint(
        { ...job, bits, references: [], first: false },
        pipelineOf([folder], flux2.published("4B")),
        single,
        packing,
      ),
    ownBits: flux2.ownBits,
  },
};

describe.each(["zimage", "flux2"] as const)("the plan of %s", (name) => {
  const { load, footprint } = families[name];
  const folders = [join(fixtures, name, "model"), join(fixtures, `${name}-mflux`)];

  test.each(everySet)("is what loading the files takes, to the byte, with kernels for %s", (set) => {
    if (sets.length > 0) useKernels(set);
    for (const products of ["float32", "bfloat16"] as const) {
      // By float32 instructions, which every processor has, in the same form.
      const here = products === "float32" ? products : "bfloat16ByFloat32";
      const packing = { panels: panelsInUse(here), products };
      const how = { products: here, quantizedProducts: "float32" } as const;
      for (const bits of [8, 4, null] as const) {
        for (const folder of folders) {
          const planned = footprint(bits, folder, packing);
          const took = {
            transformer: taken(() => load.loadTransformer([folder], { bits, ...how })),
            textEncoder: taken(() => load.loadTextEncoder([folder], { bits: encoderBits(bits), ...how })),
          };
          const { transformer, textEncoder } = planned;
          expect([products, bits, took]).toEqual([products, bits, { transformer, textEncoder }]);
          // A plan that does not know the kernels yet never counts less.
          const widest = footprint(bits, folder);
          expect(widest.transformer).toBeGreaterThanOrEqual(transformer);
          expect(widest.textEncoder).toBeGreaterThanOrEqual(textEncoder);
        }
      }
      for (const folder of folders) {
        const { vae } = footprint(null, folder, packing);
        expect([products, taken(() => load.loadVae([folder], how))]).toEqual([products, vae]);
        expect(footprint(null, folder).vae).toBeGreaterThanOrEqual(vae);
      }
    }
  });

  test("knows the bits of files that are quantized as a whole", () => {
    const [plain, saved] = folders.map((folder) => pipelineOf([folder], zimage.published()).transformer);
    expect(families[name].ownBits(saved!)).toBe(4);
    expect(families[name].ownBits(plain!)).toBeUndefined();
  });
});

test("published transformers have the parameters that their authors tell", () => {
  const bytes = (pipeline: ReturnType<typeof zimage.published>) =>
    [...pipeline.transformer.values()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  expect(bytes(zimage.published()) / 1e6).toBeCloseTo(6154.9, 1);
  expect(bytes(flux2.published("4B")) / 1e6).toBeCloseTo(3875.5, 1);
  expect(bytes(flux2.published("9B")) / 1e6).toBeCloseTo(9078.6, 1);
  expect(zimage.published().transformer.size).toBe(521);
  expect(flux2.published("4B").transformer.size).toBe(169);
  expect(zimage.published().vae.size).toBe(244);
  // One tensor that counts batches is in the files besides.
  expect(flux2.published("4B").vae.size).toBe(250);
});

test("a larger picture, references and more bits take more, each in its own phase", () => {
  const plan = (change: Partial<flux2.Job>) =>
    flux2.footprint(
      { bits: 8, ...job, references: [], first: false, ...change },
      flux2.published("4B"),
      single,
    );
  const base = plan({});
  expect(plan({ bits: 4 }).transformer).toBeLessThan(base.transformer);
  expect(plan({ bits: 4 }).textEncoder).toBeLessThan(base.textEncoder);
  expect(plan({ width: 2048, height: 2048 }).decode).toBeGreaterThan(3 * base.decode);
  expect(plan({ references: [1e6, 1e6] }).denoise).toBeGreaterThan(2 * base.denoise);
  expect(plan({ first: true }).look).toBeGreaterThan(10 * base.look);
});

test("a transformer frees what a block was given once the next block has it", () => {
  using transformer = loadFlux2.loadTransformer([join(fixtures, "flux2/model")]);
  const [cells, words, width] = [32 * 32, 512, 128];
  scope(() => {
    const side = transformer.side(random.normal([words, 192], random.key(1)), [32, 32]);
    const latents = random.normal([cells, 128], random.key(2));
    evaluate(latents);
    clearCache();
    const held: number[] = [];
    transformer.forward(latents, 0.5, side, () => {
      held.push(memory().active);
    });
    expect(held.length).toBe(4);
    // What every block gave would be a map of all tokens more each time.
    expect(held.at(-1)! - held[0]!).toBeLessThan(0.5 * (cells + words) * width * 4);
  });
});
