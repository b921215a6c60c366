import { describe, expect, test } from "bun:test";
import {
  conv2d,
  deconv2d,
  full,
  gated,
  groupNorm,
  type KernelOp,
  kernelCalls,
  layerNorm,
  linear,
  quantize,
  quantizedLinear,
  resample,
  rmsNorm,
  scope,
  sdpa,
  type Tensor,
  useKernels,
} from "../../ffi/index.ts";
import { sets } from "./sets.ts";
import { normal, testsKernels } from "./setup.ts";

testsKernels();

const half = (seed: number, ...shape: number[]) => normal(seed, ...shape).astype("float16");
const nothing = (...shape: number[]) => full(shape, 1);
const heads = (queries: number, keys: number, width: number) =>
  [normal(1, 1, 2, queries, width), normal(2, 1, 2, keys, width), normal(3, 1, 2, keys, width)] as const;
const once = { size: 1, count: 1, indices: Int32Array.of(1), weights: [1] };
const bits = { bits: 4, groupSize: 64 } as const;

/** One that is not covered, or several for different reasons. */
const cases: Record<Exclude<KernelOp, "pack">, Record<string, () => Tensor>> = {
  conv2d: {
    "in groups": () => conv2d(normal(1, 1, 9, 9, 8), normal(2, 6, 3, 3, 4), { groups: 2 }),
    "of half precision": () => conv2d(half(1, 1, 9, 9, 8), half(2, 6, 3, 3, 8)),
    "of no picture": () => conv2d(nothing(0, 9, 9, 8), normal(2, 6, 3, 3, 8)),
    "with everything around it": () =>
      conv2d(half(1, 1, 9, 9, 8), half(2, 8, 3, 3, 8), {
        padding: 1,
        bias: half(3, 8),
        rectified: true,
        curve: "relu",
        residual: half(4, 1, 9, 9, 8),
      }),
  },
  deconv2d: {
    "of half precision": () => deconv2d(half(1, 1, 5, 5, 8), half(2, 24, 8), 2, half(3, 6)),
    "of no picture": () => deconv2d(nothing(0, 5, 5, 8), normal(2, 24, 8), 2, normal(3, 6)),
  },
  sdpa: {
    "very wide": () => sdpa(...heads(3, 4, 600), { scale: 0.1 }),
    "of half precision": () =>
      sdpa(half(1, 1, 2, 5, 16), half(2, 1, 2, 7, 16), half(3, 1, 2, 7, 16), { scale: 0.1 }),
    "with more queries than keys that are hidden in turn": () =>
      sdpa(...heads(5, 3, 16), { scale: 0.1, mask: "causal" }),
  },
  softmax: {
    "along another axis": () => normal(1, 4, 5).softmax(0),
    "of half precision": () => half(1, 4, 5).softmax(-1),
  },
  gelu: { "of nothing": () => nothing(0, 4).gelu() },
  gelu_tanh: { "of nothing": () => nothing(0, 4).geluTanh() },
  silu: { "of half precision": () => half(1, 30).silu() },
  gated: {
    "of half precision": () => gated(half(1, 3, 30), half(2, 3, 30)),
    "of shapes that spread": () => gated(normal(1, 3, 30), normal(2, 1, 30)),
  },
  linear: {
    "of half precision": () => linear(half(1, 3, 4), half(2, 5, 4)),
    "with all that may follow": () =>
      linear(half(1, 3, 4), half(2, 5, 4), half(3, 5), {
        curve: "silu",
        scale: half(4, 5),
        residual: half(5, 3, 5),
      }),
  },
  layer_norm: { "of half precision": () => layerNorm(half(1, 3, 30), half(2, 30), null, 1e-5) },
  rms_norm: { "of half precision": () => rmsNorm(half(1, 3, 30), half(2, 30), 1e-5) },
  group_norm: { "of half precision": () => groupNorm(half(1, 1, 3, 3, 8), 2, null, null, 1e-5) },
  resample: { "of half precision": () => resample(half(1, 1, 2, 2, 3), once, null) },
  quantized_linear: {
    "of half precision": () => quantizedLinear(half(1, 3, 64), quantize(normal(2, 5, 64), bits), bits),
  },
};

const list = Object.entries(cases).flatMap(([op, reasons]) =>
  Object.entries(reasons).map(([reason, run]) => [op as KernelOp, reason, run] as const),
);

describe.if(sets.length > 0)("what a kernel does not cover goes to MLX's op, and is counted", () => {
  test.each(list)("%s %s", (op, _, run) => {
    const made = (set: string) =>
      scope(() => {
        useKernels(set);
        return run().astype("float32").read("float32");
      });
    const theirs = made("off");
    for (const set of sets) {
      useKernels(set);
      const counted = kernelCalls()[op];
      const ours = made(set);
      expect(ours.length).toBe(theirs.length);
      // MLX's ops multiply with the chosen set's products, which round in another order.
      const largest = theirs.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
      for (const [i, value] of ours.entries())
        expect(Math.abs(value - theirs[i]!) / largest).toBeLessThan(1e-6);
      expect(kernelCalls()[op]).toEqual({ covered: counted.covered, fallback: counted.fallback + 1 });
    }
  });

  test("for every op that is counted, but for packing, which is never asked of what cannot be packed", () => {
    expect([...Object.keys(cases), "pack"].sort()).toEqual(Object.keys(kernelCalls()).sort());
  });
});
