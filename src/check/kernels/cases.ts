/**
 * One small case for each kind of kernel, with its expected result.
 *
 * @module
 */
import {
  conv2d,
  type Dtype,
  deconv2d,
  groupNorm,
  layerNorm,
  linear,
  matmul,
  quantizedLinear,
  random,
  rmsNorm,
  sdpa,
  Tensor,
} from "../../../ffi/index.ts";
import {
  attention,
  type Convolution,
  convolution,
  groupNormalized,
  halfNumbers,
  type Numbers,
  normalized,
  numbers,
  product,
  quantizedNumbers,
  softmax,
  transposedConvolution,
} from "./reference.ts";

export interface Case {
  name: string;
  compute(): Tensor;
  expected(): Numbers;
  /** The largest error, as a share of the largest number of the result. */
  tolerance: number;
}

/** Single precision to rounding; Winograd's convolutions lose a digit; bfloat16 has eight bits. */
const single = 2e-5;
const convolved = 2e-4;
const half = 1.2e-2;

const tensor = (data: Numbers, shape: readonly number[], dtype: Dtype = "float32") =>
  Tensor.from(Float32Array.from(data), shape, dtype);

function matrixProduct(rows: number, dtype: "float32" | "bfloat16"): Case {
  const [inner, columns] = [96, 65];
  const make = dtype === "float32" ? numbers : halfNumbers;
  const [a, b] = [make(rows * inner, 1), make(inner * columns, 2)];
  return {
    name: `product of ${rows === 1 ? "a vector and a matrix" : "matrices"}, ${dtype}`,
    compute: () => matmul(tensor(a, [rows, inner], dtype), tensor(b, [inner, columns], dtype)),
    expected: () => product(a, b, rows, inner, columns),
    tolerance: dtype === "float32" ? single : half,
  };
}

function quantizedProduct(bits: 4 | 8, rows: number): Case {
  const [inner, columns] = [128, 64];
  const x = numbers(rows * inner, 3);
  const { words, scales, biases, values } = quantizedNumbers(columns * inner, bits, 4);
  return {
    name: `product with a matrix of ${bits} bits, ${rows === 1 ? "one row" : "many rows"}`,
    compute: () =>
      quantizedLinear(
        tensor(x, [rows, inner]),
        {
          weight: Tensor.from(words, [columns, (inner * bits) / 32]),
          scales: tensor(scales, [columns, inner / 64]),
          biases: tensor(biases, [columns, inner / 64]),
        },
        { bits },
      ),
    expected: () => product(x, values, rows, inner, columns, true),
    tolerance: single,
  };
}

function convolutionCase(name: string, conv: Convolution): Case {
  const { side, inputs, outputs, kernel, stride, padding, groups } = conv;
  const x = numbers(side * side * inputs, 5);
  const weight = numbers((outputs * kernel * kernel * inputs) / groups, 6);
  return {
    name,
    compute: () =>
      conv2d(tensor(x, [1, side, side, inputs]), tensor(weight, [outputs, kernel, kernel, inputs / groups]), {
        stride,
        padding,
        groups,
      }),
    expected: () => convolution(x, weight, conv),
    tolerance: convolved,
  };
}

function attentionCase(channels: number, queries: number, dtype: "float32" | "bfloat16"): Case {
  const keys = 70;
  const make = dtype === "float32" ? numbers : halfNumbers;
  const [q, k, v] = [make(queries * channels, 7), make(keys * channels, 8), make(keys * channels, 9)];
  const scale = channels ** -0.5;
  const head = (data: Numbers) => tensor(data, [1, 1, data.length / channels, channels], dtype);
  return {
    name: `attention of ${queries === 1 ? "one query" : "many queries"} with heads of ${channels}, ${dtype}`,
    compute: () => sdpa(head(q), head(k), head(v), { scale }),
    expected: () => attention(q, k, v, channels, scale),
    tolerance: dtype === "float32" ? single : half,
  };
}

/** Every case, made lazily: their numbers would slow each start of the engine. */
export function makeCases(): readonly Case[] {
  const base = { side: 14, kernel: 3, stride: 1, padding: 1, groups: 1 };
  const x = numbers(24 * 96, 10);
  const weights = numbers(96, 11);
  const order = [5, 0, 23, 7, 7, 1];
  const points = [-2, -0.5, 0, 0.5, 1];

  return [
    matrixProduct(33, "float32"),
    matrixProduct(33, "bfloat16"),
    matrixProduct(1, "float32"),
    {
      name: "linear layer with a bias",
      compute: () =>
        linear(tensor(x, [24, 96]), tensor(numbers(64 * 96, 12), [64, 96]), tensor(numbers(64, 13), [64])),
      expected: () =>
        product(x, numbers(64 * 96, 12), 24, 96, 64, true).map(
          (value, i) => value + numbers(64, 13)[i % 64]!,
        ),
      tolerance: single,
    },
    quantizedProduct(4, 33),
    quantizedProduct(4, 1),
    quantizedProduct(8, 33),
    quantizedProduct(8, 1),
    convolutionCase("convolution of 3×3", { ...base, inputs: 32, outputs: 32 }),
    convolutionCase("convolution of 3×3 with a stride", { ...base, inputs: 32, outputs: 16, stride: 2 }),
    convolutionCase("convolution of each channel by itself", {
      ...base,
      inputs: 16,
      outputs: 16,
      groups: 16,
    }),
    convolutionCase("convolution of patches", {
      side: 28,
      inputs: 3,
      outputs: 32,
      kernel: 14,
      stride: 14,
      padding: 0,
      groups: 1,
    }),
    {
      name: "transposed convolution",
      compute: () =>
        deconv2d(
          tensor(numbers(6 * 6 * 32, 14), [1, 6, 6, 32]),
          tensor(numbers(4 * 16 * 32, 15), [64, 32]),
          2,
        ),
      expected: () =>
        transposedConvolution(numbers(6 * 6 * 32, 14), numbers(4 * 16 * 32, 15), {
          side: 6,
          inputs: 32,
          outputs: 16,
          kernel: 2,
        }),
      tolerance: single,
    },
    attentionCase(64, 40, "float32"),
    attentionCase(64, 1, "float32"),
    attentionCase(128, 40, "bfloat16"),
    attentionCase(384, 40, "float32"),
    {
      name: "layer norm",
      compute: () => layerNorm(tensor(x, [24, 96]), tensor(weights, [96]), null, 1e-6),
      expected: () => normalized(x, 96, 1e-6, true).map((value, i) => value * weights[i % 96]!),
      tolerance: single,
    },
    {
      name: "RMS norm",
      compute: () => rmsNorm(tensor(x, [24, 96]), tensor(weights, [96]), 1e-6),
      expected: () => normalized(x, 96, 1e-6, false).map((value, i) => value * weights[i % 96]!),
      tolerance: single,
    },
    {
      name: "group norm",
      compute: () => groupNorm(tensor(x, [1, 24, 96]), 8, null, null, 1e-6),
      expected: () => groupNormalized(x, 96, 8, 1e-6),
      tolerance: single,
    },
    {
      name: "softmax",
      compute: () => tensor(x, [24, 96]).mul(4).softmax(),
      expected: () =>
        softmax(
          x.map((value) => value * 4),
          96,
        ),
      tolerance: single,
    },
    {
      name: "sums of rows",
      compute: () => tensor(x, [24, 96]).sum([1]),
      expected: () =>
        Float64Array.from({ length: 24 }, (_, i) => x.subarray(96 * i, 96 * i + 96).reduce((a, b) => a + b)),
      tolerance: single,
    },
    {
      name: "running sums",
      compute: () => tensor(weights, [96]).cumsum(0),
      expected: () => weights.map((_, i) => weights.subarray(0, i + 1).reduce((a, b) => a + b)),
      tolerance: single,
    },
    {
      name: "sorting",
      compute: () => tensor(x, [x.length]).sort(0),
      expected: () => x.toSorted(),
      tolerance: 0,
    },
    {
      name: "gathering rows",
      compute: () => tensor(x, [24, 96]).take(Tensor.from(Int32Array.from(order), [order.length]), 0),
      expected: () => order.flatMap((row) => [...x.subarray(96 * row, 96 * row + 96)]),
      tolerance: 0,
    },
    {
      name: "copying a turned and padded matrix",
      compute: () => tensor(x, [24, 96]).transpose(1, 0).pad([1, 0], [0, 0]).contiguous(),
      expected: () =>
        Float64Array.from({ length: 97 * 24 }, (_, i) =>
          i < 24 ? 0 : x[(i % 24) * 96 + Math.floor(i / 24) - 1]!,
        ),
      tolerance: 0,
    },
    {
      name: "curves (exp, tanh, sigmoid)",
      compute: () =>
        tensor(x, [24, 96])
          .exp()
          .tanh()
          .mul(tensor(x, [24, 96]).sigmoid()),
      expected: () => Float64Array.from(x, (value) => Math.tanh(Math.exp(value)) / (1 + Math.exp(-value))),
      tolerance: single,
    },
    {
      name: "error function",
      compute: () => tensor(points, [points.length]).erf(),
      expected: () => [-0.9953222650189527, -0.5204998778130465, 0, 0.5204998778130465, 0.8427007929497149],
      tolerance: single,
    },
    {
      name: "random bits of a seed",
      compute: () => random.bits([4], random.key(42)).astype("float32"),
      expected: () => randomBits.map(Math.fround),
      tolerance: 0,
    },
  ];
}

/** Of seed 42 by Threefry, as every MLX gives them. */
const randomBits = [2465931498, 3679230171, 255383827, 267815257];
