/**
 * What `bench/kernels` measures: ops, the numbers that make their inputs, and what our side does for each.
 *
 * @module
 */
import {
  conv2d,
  deconv2d,
  dequantize,
  evaluate,
  gated,
  groupNorm,
  layerNorm,
  linear,
  Packed,
  packed,
  type Quantized,
  quantize,
  quantizedLinear,
  quantizedMatmul,
  random,
  rmsNorm,
  scope,
  sdpa,
  split,
  type Tensor,
} from "../../ffi/index.ts";
import { enlarge, resize } from "../../src/nn/interpolate.ts";

export type Numbers = readonly number[];
export type Case = readonly [op: string, numbers: Numbers, of: string];

export const cases: readonly Case[] = [
  ["conv", [148, 148, 256, 256, 3, 1], "256 → 256 channels, 148², 3×3"],
  ["conv", [296, 296, 64, 64, 3, 1], "64 → 64 channels, 296², 3×3"],
  ["conv", [518, 518, 32, 32, 3, 1], "32 → 32 channels, 518², 3×3"],
  ["conv", [37, 37, 64, 64, 3, 1], "64 → 64 channels, 37², 3×3"],
  ["conv", [148, 148, 128, 128, 3, 2], "128 → 128 channels, 148², 3×3, stride 2"],
  ["conv", [148, 148, 256, 128, 1, 1], "256 → 128 channels, 148², 1×1"],
  ["conv", [74, 74, 64, 64, 3, 1, 4], "64 → 64 channels in 4 groups, 74², 3×3"],
  ["deconv", [296, 296, 256, 128, 2], "256 → 128 channels, 296² → 592²"],
  ["sdpa", [6, 1370, 64], "6 heads, 1370 tokens, 64 wide"],
  ["sdpa", [16, 577, 64], "16 heads, 577 tokens, 64 wide"],
  ["sdpa", [1, 1600, 512], "1 head, 1600 tokens, 512 wide"],
  ["linear", [1370, 384, 1536], "1370 × 384 × 1536"],
  ["linear", [1370, 1536, 384], "1370 × 1536 × 384"],
  ["linear", [577, 1024, 4096], "577 × 1024 × 4096"],
  ["packed", [1370, 384, 1536], "1370 × 384 × 1536, then GELU"],
  ["packed", [1370, 1536, 384], "1370 × 1536 × 384, then GELU"],
  ["packed", [577, 1024, 4096], "577 × 1024 × 4096, then GELU"],
  ["packed", [16, 3072, 12288], "16 × 3072 × 12288, then GELU"],
  ["packed", [1, 3072, 12288], "1 × 3072 × 12288, then GELU"],
  ["softmax", [8220, 1370], "8220 rows of 1370"],
  ["gelu", [1370, 4096], "1370 × 4096"],
  ["gelu_tanh", [1370, 4096], "1370 × 4096"],
  ["silu", [1370, 4096], "1370 × 4096"],
  ["gated", [1370, 4096], "1370 × 4096, halves of one tensor"],
  ["layer_norm", [1370, 1024], "1370 rows of 1024"],
  ["rms_norm", [1370, 1024], "1370 rows of 1024"],
  ["group_norm", [256, 256, 128, 32], "32 groups of 128 channels, 256²"],
  ["bilinear", [296, 296, 64, 592, 592], "64 channels, 296² → 592²"],
  ["bilinear", [296, 296, 32, 518, 518], "32 channels, 296² → 518²"],
  ["bicubic", [37, 37, 384, 74, 74], "384 channels, 37² → 74²"],
  ["nearest", [256, 256, 128, 512, 512], "128 channels, 256² → 512²"],
];

/** What each instruction set is measured with. */
export const chosen: readonly Case[] = [
  ["packed", [577, 1024, 4096], "product, 577 × 1024 × 4096"],
  ["conv", [296, 296, 64, 64, 3, 1], "convolution, 64 → 64 channels, 296², 3×3"],
  ["sdpa", [6, 1370, 64], "attention, 6 heads, 1370 tokens"],
  ["gelu", [1370, 4096], "GELU, 1370 × 4096"],
  ["quantized", [16, 3072, 12288, 8], "product with 8 bits, 16 × 3072 × 12288"],
];

/** Product operations of an op as it is defined, each with its addition; none where products are not what takes the time. */
export function operations(op: string, n: Numbers): number | undefined {
  const [a, b, c, d, kernel, stride, groups = 1] = n as [
    ...[number, number, number, number, number, number],
    number?,
  ];
  if (op === "conv") {
    const side = (length: number) => Math.floor((length + 2 * (kernel >> 1) - kernel) / stride) + 1;
    return side(a) * side(b) * d * (c / groups) * kernel * kernel;
  }
  if (op === "deconv") return a * b * c * d * kernel * kernel;
  if (op === "sdpa") return 2 * a * b * b * c;
  if (/linear|packed|quantized/.test(op)) return a * b * c;
  return undefined;
}

const normal = (seed: number, ...shape: number[]) => random.normal(shape, random.key(seed));

/** Inputs to be held, and what is done with them. */
export interface Made {
  inputs: { [Symbol.dispose](): void }[];
  run: () => Tensor;
}

const rowwise: Record<string, (x: Tensor, w: Tensor, bias: Tensor) => Tensor> = {
  softmax: (x) => x.softmax(-1),
  gelu: (x) => x.gelu(),
  gelu_tanh: (x) => x.geluTanh(),
  silu: (x) => x.silu(),
  layer_norm: (x, w, bias) => layerNorm(x, w, bias, 1e-5),
  rms_norm: (x, w) => rmsNorm(x, w, 1e-5),
};

export function make(op: string, n: Numbers): Made {
  const [a, b, c, d, kernel, stride, groups = 1] = n as [
    ...[number, number, number, number, number, number],
    number?,
  ];
  const held = <T extends Tensor[]>(inputs: T, run: (...inputs: T) => Tensor): Made => {
    evaluate(...inputs);
    return { inputs, run: () => run(...inputs) };
  };
  switch (op) {
    case "conv":
      return held(
        [normal(1, 1, a, b, c), normal(2, d, kernel, kernel, c / groups), normal(3, d)],
        (x, w, bias) => conv2d(x, w, { bias, stride, groups, padding: kernel >> 1 }),
      );
    case "deconv":
      return matrix(kernel * kernel * d, c, [normal(1, 1, a, b, c), normal(3, d)], ([x, bias], weight) =>
        deconv2d(x!, weight, kernel, bias),
      );
    case "sdpa":
      return held([normal(1, 1, a, b, c), normal(2, 1, a, b, c), normal(3, 1, a, b, c)], (q, k, v) =>
        sdpa(q, k, v, { scale: c ** -0.5 }),
      );
    case "linear":
      return held([normal(1, a, b), normal(2, c, b), normal(3, c)], (x, w, bias) => linear(x, w, bias));
    case "packed":
      return matrix(c, b, [normal(1, a, b), normal(3, c)], ([x, bias], weight) =>
        linear(x!, weight, bias, { curve: "gelu" }),
      );
    case "gated":
      return held([normal(1, a, 2 * b)], (x) => {
        const [gate, value] = split(x, 2, 1) as [Tensor, Tensor];
        return gated(gate, value);
      });
    case "group_norm":
      return held([normal(1, 1, a, b, c), normal(2, c), normal(3, c)], (x, w, bias) =>
        groupNorm(x, d, w, bias, 1e-5),
      );
    case "bilinear":
      return held([normal(1, 1, a, b, c)], (x) => resize(x, d, kernel, "bilinear", { alignCorners: true }));
    case "bicubic":
      return held([normal(1, 1, a, b, c)], (x) => resize(x, d, kernel, "bicubic"));
    case "nearest":
      return held([normal(1, 1, a, b, c)], (x) => enlarge(x, d / a));
    case "quantized":
    case "quantized_mlx":
    case "dequantized": {
      const kind = { bits: d as 8, groupSize: 64 } as const;
      const x = normal(1, a, b);
      const q = quantized(c, b, kind.bits);
      const ways: Record<string, () => Tensor> = {
        quantized: () => quantizedLinear(x, q, kind),
        quantized_mlx: () => quantizedMatmul(x, q, kind),
        dequantized: () => linear(x, dequantize(q, kind)),
      };
      evaluate(x);
      return { inputs: [x], run: ways[op]! };
    }
  }
  return held([normal(1, a, b), normal(2, b), normal(3, b)], rowwise[op]!);
}

/** With a matrix as a network keeps it. */
function matrix(
  outputs: number,
  depth: number,
  inputs: Tensor[],
  run: (inputs: readonly Tensor[], weight: Tensor | Packed) => Tensor,
): Made {
  const data = (one: Tensor | Packed) => (one instanceof Packed ? one.data : one);
  const plain = normal(2, outputs, depth);
  const weight = packed(plain);
  evaluate(...inputs, data(weight));
  if (weight !== plain) plain[Symbol.dispose]();
  return { inputs: [...inputs, data(weight)], run: () => run(inputs, weight) };
}

const kept = new Map<string, Quantized>();

/** Making one takes longer than multiplying with it. */
function quantized(n: number, k: number, bits: 3 | 4 | 5 | 6 | 8): Quantized {
  const key = `${n} ${k} ${bits}`;
  const q = kept.get(key) ?? scope(() => quantize(normal(2, n, k), { bits, groupSize: 64 }));
  evaluate(q.weight, q.scales, q.biases);
  kept.set(key, q);
  return q;
}

/** How far the product with so many bits is from the one in float32, as a share of the largest value. */
export function lost(k: number, n: number, bits: number): number {
  return scope(() => {
    const x = normal(1, 16, k);
    const exact = linear(x, normal(2, n, k));
    const kind = { bits: bits as 8, groupSize: 64 } as const;
    const apart = quantizedLinear(x, quantized(n, k, kind.bits), kind)
      .sub(exact)
      .abs()
      .max();
    return apart.item() / exact.abs().max().item();
  });
}
