/** Plans of memory, held to the headers of fixtures, to what loading them takes, and to what a run takes. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { clearCache, kernels, memory, resetPeak, useKernels } from "../../../ffi/index.ts";
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
import type { Panels } from "../../../src/nn/weight-memory.ts";
import { tensorTable } from "../../../src/weights/tensor-table.ts";
import { openForTests } from "../../ffi/open.ts";
import { sets } from "../../mlx-shim/sets.ts";
import { fixture } from "./fixtures.ts";
import { depthAnythings, depthPros } from "./measure.ts";
import { panelsInUse } from "./panels.ts";

openForTests();
/** Tests compute in single precision. */
const float = 4;
const fixtures = join(import.meta.dir, "../../fixtures");

const panels = panelsInUse();
/** Not every processor has every one. */
const everySet = sets.length > 0 ? sets : [kernels()];

/** Runs with one set of kernels, then goes back to the best. */
function withSet(set: string, body: (panels: Panels) => void): void {
  if (sets.length > 0) useKernels(set);
  try {
    body(panelsInUse());
  } finally {
    if (sets.length > 0) useKernels("");
  }
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

  test.each(everySet)("takes the planned memory for its weights with kernels for %s", (set) => {
    withSet(set, (panels) => {
      const exact = depthAnything.sizeOfFiles(tensorTable(paths)!, panels)!;
      for (const bits of [null, 8, 4] as const) {
        const before = memory().active;
        using _model = DepthAnything.load(paths, { bits });
        const took = memory().active - before;
        expect(took).toBe(depthAnything.weightBytes(exact, bits, float));
        expect(took).toBeLessThanOrEqual(depthAnything.weightBytes(size, bits, float));
      }
    });
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

  test.each(everySet)("takes the planned memory for its weights with kernels for %s", (set) => {
    withSet(set, (panels) => {
      const exact = depthPro.sizeOfFiles(tensorTable(paths)!, panels)!;
      for (const bits of [null, 8] as const) {
        const before = memory().active;
        using _model = DepthPro.load(paths, { bits });
        const took = memory().active - before;
        expect(took).toBe(depthPro.weightBytes(exact, bits, float));
        expect(took).toBeLessThanOrEqual(depthPro.weightBytes(size, bits, float));
      }
    });
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
  expect(memory().active - before).toBe(mini.weightBytes(tensorTable(path)!, panels));
});

describe("SeedVR2", () => {
  test.each(["3b", "7b"] as const)("%s takes the planned memory for its weights", (variant) => {
    const paths = [join(fixtures, "seedvr2", variant)];
    const file = filesOf(paths, variant).transformer!;
    const { amounts } = seedvr2.sizeOfFile(tensorTable(file)!, panels)!;
    for (const bits of [null, 8, 4] as const) {
      const { transformer, bytes } = loadTransformer(paths, variant, { bits });
      transformer[Symbol.dispose]();
      const size = { amounts, width: 1, hidden: 1 };
      const planned = seedvr2.footprint(size, seedvr2.publishedCoder, { bits, pixels: 1, tile: 128, float });
      expect(bytes).toBe(planned.transformer);
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
