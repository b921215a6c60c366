/** Plans of memory, held to the headers of fixtures, to what loading them takes, and to what a run takes. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { clearCache, memory, resetPeak } from "../../../ffi/index.ts";
import { DepthAnything } from "../../../src/models/depth-anything/depth-anything.ts";
import * as depthAnything from "../../../src/models/depth-anything/memory.ts";
import { DepthPro } from "../../../src/models/depth-pro/depth-pro.ts";
import * as depthPro from "../../../src/models/depth-pro/memory.ts";
import * as mini from "../../../src/models/mini/memory.ts";
import { MiniDepth } from "../../../src/models/mini/mini-depth.ts";
import { filesOf } from "../../../src/models/seedvr2/files.ts";
import { loadTransformer, loadVae } from "../../../src/models/seedvr2/load.ts";
import * as seedvr2 from "../../../src/models/seedvr2/memory.ts";
import { decode, encode } from "../../../src/models/seedvr2/upscale.ts";
import { tensorTable } from "../../../src/weights/tensor-table.ts";
import { openForTests } from "../../ffi/open.ts";
import { fixture } from "./fixtures.ts";
import { depthAnythings, depthPros } from "./measure.ts";

openForTests();
/** Tests compute in single precision. */
const float = 4;
const fixtures = join(import.meta.dir, "../../fixtures");

/** Kernels of a processor want channels in whole registers, which networks as narrow as these feel. */
function expectWeights(took: number, planned: number, least = planned) {
  expect(took).toBeGreaterThanOrEqual(least);
  expect(took).toBeLessThan(1.08 * planned);
}

/** Bytes that MLX has at most while `work` runs, more than before. */
function peakOf(work: () => void): number {
  clearCache();
  const { active } = memory();
  resetPeak();
  work();
  return memory().peak - active;
}

const picture = (width: number, height: number) => ({
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37) % 251),
  width,
  height,
  channels: 3,
});

describe.each(depthAnythings)("Depth Anything %s", (_, path) => {
  const paths = [fixture(path)];
  const size = depthAnything.sizeOfFiles(tensorTable(paths)!)!;

  test.each([null, 8, 4] as const)("takes the planned memory for weights of %p bits", (bits) => {
    const before = memory().active;
    using _model = DepthAnything.load(paths, { bits });
    expectWeights(memory().active - before, depthAnything.weightBytes(size, bits, float));
  });

  test("runs within the planned memory", () => {
    using model = DepthAnything.load(paths);
    for (const inputSize of [280, 518, 700]) {
      const seen = model.preprocess(picture(160, 120), { inputSize, bound: "short" });
      const planned = depthAnything.workingBytes(size, seen, float);
      expect(peakOf(() => model.predict(seen))).toBeLessThan(planned);
    }
  });
});

describe.each(depthPros)("Depth Pro %s", (_, path) => {
  const paths = [fixture(path)];
  const size = depthPro.sizeOfFiles(tensorTable(paths)!)!;

  test.each([null, 8] as const)("takes the planned memory for weights of %p bits", (bits) => {
    const before = memory().active;
    using _model = DepthPro.load(paths, { bits });
    const planned = depthPro.weightBytes(size, bits, float);
    // Where registers are short, convolutions of few channels are padded less than the plan of such a narrow network says.
    expectWeights(memory().active - before, planned, 0.98 * planned);
  });

  test("runs within the planned memory", () => {
    using model = DepthPro.load(paths);
    expect(2 * size.side).toBe(model.size);
    expect(peakOf(() => model.predict(picture(160, 120)))).toBeLessThan(depthPro.workingBytes(size, float));
  });
});

test("mini's own file has the numbers that a plan counts, and loading takes them", () => {
  const path = join(fixtures, "../../assets/mini/mini.safetensors");
  const planned = mini.weightBytes(tensorTable(path)!);
  expect(planned).toBe(mini.weightBytes());
  const before = memory().active;
  using _model = MiniDepth.load([path]);
  expectWeights(memory().active - before, planned);
});

describe("SeedVR2", () => {
  test.each(["3b", "7b"] as const)("%s takes the planned memory for its weights", (variant) => {
    const paths = [join(fixtures, "seedvr2", variant)];
    const file = filesOf(paths, variant).transformer!;
    const { amounts } = seedvr2.sizeOfFile(tensorTable(file)!)!;
    for (const bits of [null, 8, 4] as const) {
      const { transformer, bytes } = loadTransformer(paths, variant, { bits });
      transformer[Symbol.dispose]();
      const size = { amounts, width: 1, hidden: 1 };
      const planned = seedvr2.footprint(size, seedvr2.publishedCoder, { bits, pixels: 1, tile: 128, float });
      expectWeights(bytes, planned.transformer);
    }
  });

  const paths = [join(fixtures, "seedvr2")];
  const coder = seedvr2.coderOfFile(tensorTable(filesOf(paths, "").vae!)!);

  test("its coder takes the planned memory, and codes within it", () => {
    const planned = seedvr2.footprint(seedvr2.published["3b"], coder, {
      bits: null,
      pixels: 320 * 256,
      tile: 512,
      float,
    });
    const { vae, bytes } = loadVae(paths);
    using _ = vae;
    expect(bytes).toBeLessThanOrEqual(planned.vae);
    expect(bytes).toBeGreaterThan(0.9 * planned.vae);
    const tiles = { tile: 512, overlap: 64 };
    let latents: ReturnType<typeof encode> | undefined;
    const style = picture(320, 256);
    expect(
      peakOf(() => {
        latents = encode(vae, style, tiles);
      }),
    ).toBeLessThan(planned.encode);
    expect(peakOf(() => decode(vae, latents!, style, "none", tiles))).toBeLessThan(planned.decode);
  });

  test("the published coder is counted as its kernels lie in memory, without their taps of time", () => {
    const { matrices, others } = seedvr2.publishedCoder;
    expect((matrices + others) / 1e6).toBeCloseTo(86.2, 1);
  });
});
