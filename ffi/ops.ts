/**
 * Operations of several tensors, and those that make one.
 *
 * @module
 */
import { type Dtype, numberOf } from "./dtype.ts";
import { c, got, ints, pointers } from "./library.ts";
import { formOf, Packed, type QuantizedProducts } from "./packed.ts";
import { handleOf, type Tensor, wrap } from "./tensor.ts";

export function full(shape: readonly number[], value: number, dtype: Dtype = "float32"): Tensor {
  return wrap(c.easel_full(ints(shape), shape.length, value, numberOf[dtype]));
}

export function zeros(shape: readonly number[], dtype: Dtype = "float32"): Tensor {
  return full(shape, 0, dtype);
}

export function ones(shape: readonly number[], dtype: Dtype = "float32"): Tensor {
  return full(shape, 1, dtype);
}

/** 0, 1, … n − 1. */
export function arange(n: number, dtype: Dtype = "int32"): Tensor {
  return wrap(c.easel_arange(0, n, 1, numberOf[dtype]));
}

export function concat(list: readonly Tensor[], axis: number): Tensor {
  return wrap(c.easel_concatenate(pointers(list.map(handleOf)), list.length, axis));
}

export function stack(list: readonly Tensor[], axis: number): Tensor {
  return wrap(c.easel_stack(pointers(list.map(handleOf)), list.length, axis));
}

/** Splits the axis into a number of equal parts, or at the given indices. */
export function split(x: Tensor, sections: number | readonly number[], axis: number): Tensor[] {
  const at = axis < 0 ? axis + x.ndim : axis;
  const length = x.shape[at];
  if (length === undefined)
    throw new RangeError(`split: there is no axis ${axis} in [${x.shape.join(", ")}]`);
  if (typeof sections === "number" && length % sections !== 0) {
    throw new RangeError(`split: an axis of ${length} does not divide into ${sections} parts`);
  }
  const places =
    typeof sections === "number"
      ? Array.from({ length: sections - 1 }, (_, i) => ((i + 1) * length) / sections)
      : sections;
  return [...places, length].map((stop, i) => {
    const start = i === 0 ? 0 : places[i - 1]!;
    const before = new Array<number>(at).fill(0);
    return x.slice([...before, start], [...x.shape.slice(0, at), stop]);
  });
}

/** `a` where the condition holds, else `b`. */
export function where(condition: Tensor, a: Tensor, b: Tensor): Tensor {
  return wrap(c.easel_where(handleOf(condition), handleOf(a), handleOf(b)));
}

export function matmul(a: Tensor, b: Tensor): Tensor {
  return wrap(c.easel_matmul(handleOf(a), handleOf(b)));
}

/** alpha · a b + beta · c */
export function addmm(base: Tensor, a: Tensor, b: Tensor, { alpha = 1, beta = 1 } = {}): Tensor {
  return wrap(c.easel_addmm(handleOf(base), handleOf(a), handleOf(b), alpha, beta));
}

const curves = ["none", "gelu", "geluTanh", "silu", "relu"] as const;

/** What becomes of a linear layer's result before it is written: residual + scale · curve(x Wᵀ + b). */
export interface Ending {
  curve?: (typeof curves)[number];
  /** One number for each output. */
  scale?: Tensor;
  /** Of the result's shape. */
  residual?: Tensor;
}

/** x Wᵀ + b, with the weight as [out, in]. */
export function linear(
  x: Tensor,
  weight: Tensor | Packed,
  bias?: Tensor | null,
  { curve = "none", scale, residual }: Ending = {},
): Tensor {
  const isPacked = weight instanceof Packed;
  const options = ints([
    ...(isPacked ? [weight.packing, ...weight.shape] : [-1, 0, 0]),
    curves.indexOf(curve),
  ]);
  return wrap(
    c.easel_linear(
      handleOf(x),
      handleOf(isPacked ? weight.data : weight),
      bias ? handleOf(bias) : null,
      scale ? handleOf(scale) : null,
      residual ? handleOf(residual) : null,
      options,
      4,
    ),
  );
}

/** silu(gate) · x */
export function gated(gate: Tensor, x: Tensor): Tensor {
  return wrap(c.easel_gated(handleOf(gate), handleOf(x)));
}

/** One number for both axes, or one for rows and one for columns. */
export type Pair = number | readonly [number, number];
const pair = (value: Pair): readonly [number, number] => (typeof value === "number" ? [value, value] : value);

export interface Conv2dOptions extends Omit<Ending, "scale"> {
  bias?: Tensor | null | undefined;
  stride?: Pair;
  padding?: Pair;
  /** After the last row and column, where it is not what is before the first ones. */
  paddingHigh?: Pair;
  dilation?: Pair;
  groups?: number;
  /** Of relu(x). */
  rectified?: boolean;
}

/**
 * x is [batch, rows, columns, channels], the weight [out, rows, columns, channels / groups]. What comes before and after is part of
 * the same pass where a kernel of our own does it: residual + curve(relu(x) ∗ W + b).
 */
export function conv2d(
  x: Tensor,
  weight: Tensor,
  {
    bias,
    stride = 1,
    padding = 0,
    paddingHigh = padding,
    dilation = 1,
    groups = 1,
    rectified = false,
    curve = "none",
    residual,
  }: Conv2dOptions = {},
): Tensor {
  const [before, after] = [bias, residual].map((tensor) => (tensor ? handleOf(tensor) : null));
  const options = ints(pair(stride), pair(padding), pair(paddingHigh), pair(dilation), [
    groups,
    +rectified,
    curves.indexOf(curve),
  ]);
  return wrap(c.easel_conv2d(handleOf(x), handleOf(weight), before!, after!, options, 11));
}

/**
 * A transposed convolution whose stride is its kernel: each pixel becomes kernel × kernel of them, by a matrix
 * [rows · columns · out, in].
 */
export function deconv2d(x: Tensor, weight: Tensor | Packed, kernel: number, bias?: Tensor | null): Tensor {
  const isPacked = weight instanceof Packed;
  const options = ints([...(isPacked ? [weight.packing, ...weight.shape] : [-1, 0, 0]), kernel]);
  const data = handleOf(isPacked ? weight.data : weight);
  return wrap(c.easel_deconv2d(handleOf(x), data, bias ? handleOf(bias) : null, options, 4));
}

export interface ConvGeneralOptions {
  stride?: readonly number[];
  paddingLow?: readonly number[];
  paddingHigh?: readonly number[];
  dilation?: readonly number[];
  inputDilation?: readonly number[];
  groups?: number;
  flip?: boolean;
}

/** Convolution over any number of spatial axes, each with its own padding before and after. Slow on the CPU. */
export function convGeneral(x: Tensor, weight: Tensor, options: ConvGeneralOptions = {}): Tensor {
  const axes = Array.from({ length: x.ndim - 2 }, (_, axis) => axis);
  const list = (values: readonly number[] | undefined, otherwise: number) =>
    axes.map((axis) => values?.[axis] ?? otherwise);
  const values = ints(
    list(options.stride, 1),
    list(options.paddingLow, 0),
    list(options.paddingHigh, 0),
    list(options.dilation, 1),
    list(options.inputDilation, 1),
  );
  const { groups = 1, flip = false } = options;
  return wrap(c.easel_conv_general(handleOf(x), handleOf(weight), values, 5 * axes.length, groups, +flip));
}

export interface AttentionOptions {
  /** Usually 1 / √(length of a head). */
  scale: number;
  /** Added to the scores if it has their type, or false where a key is hidden; or every query sees the keys up to its own. */
  mask?: Tensor | "causal" | null | undefined;
}

/** Attention: softmax(q kᵀ · scale + mask) v, each [batch, heads, length, channels]. Keys may have fewer heads than queries. */
export function sdpa(q: Tensor, k: Tensor, v: Tensor, { scale, mask }: AttentionOptions): Tensor {
  const causal = mask === "causal";
  const added = mask && mask !== "causal" ? handleOf(mask) : null;
  return wrap(c.easel_sdpa(handleOf(q), handleOf(k), handleOf(v), added, scale, +causal));
}

/** Normalizes the last axis. */
export function layerNorm(x: Tensor, weight: Tensor | null, bias: Tensor | null, eps: number): Tensor {
  return wrap(
    c.easel_layer_norm(handleOf(x), weight ? handleOf(weight) : null, bias ? handleOf(bias) : null, eps),
  );
}

/** Divides the last axis by the root of its mean square. */
export function rmsNorm(x: Tensor, weight: Tensor | null, eps: number): Tensor {
  return wrap(c.easel_rms_norm(handleOf(x), weight ? handleOf(weight) : null, eps));
}

/** Normalizes groups of neighbouring channels; channels are the last axis, the batch is the first. */
export function groupNorm(
  x: Tensor,
  groups: number,
  weight: Tensor | null,
  bias: Tensor | null,
  eps: number,
): Tensor {
  const w = weight ? handleOf(weight) : null;
  return wrap(c.easel_group_norm(handleOf(x), w, bias ? handleOf(bias) : null, groups, eps));
}

/** `count` inputs for each of `size` outputs along an axis: output `i` is the sum of `weights[i·count + k] · input[indices[i·count + k]]`. */
export interface Taps {
  size: number;
  count: number;
  indices: Int32Array;
  weights: ArrayLike<number>;
}

/** Resamples the rows and the columns of [batch, rows, columns, channels]; an axis without a table stays as it is. */
export function resample(x: Tensor, down: Taps | null, across: Taps | null): Tensor {
  const sizes = ints([down, across].flatMap((taps) => [taps?.size ?? 0, taps?.count ?? 0]));
  const [rows, columns] = [down, across].map((taps) => taps && Float32Array.from(taps.weights));
  return wrap(
    c.easel_resample(handleOf(x), down?.indices ?? null, rows!, across?.indices ?? null, columns!, sizes, 4),
  );
}

/** How a matrix is quantized: groups of neighbours in a row share a scale and a bias. */
export interface Quantization {
  bits: 2 | 3 | 4 | 5 | 6 | 8;
  groupSize?: 32 | 64 | 128;
}

export interface Quantized {
  /** Packed, uint32. */
  weight: Tensor;
  scales: Tensor;
  biases: Tensor;
}

/** Quantizes the rows of a matrix. */
export function quantize(w: Tensor, { bits, groupSize = 64 }: Quantization): Quantized {
  const list = got(c.easel_quantize(handleOf(w), groupSize, bits));
  try {
    return {
      weight: wrap(c.easel_list_at(list, 0)),
      scales: wrap(c.easel_list_at(list, 1)),
      biases: wrap(c.easel_list_at(list, 2)),
    };
  } finally {
    c.easel_list_free(list);
  }
}

export function dequantize(
  { weight, scales, biases }: Quantized,
  { bits, groupSize = 64 }: Quantization,
): Tensor {
  return wrap(c.easel_dequantize(handleOf(weight), handleOf(scales), handleOf(biases), groupSize, bits));
}

/** x Wᵀ with a quantized W, which is [out, in]; with `transpose: false`, x W. */
export function quantizedMatmul(
  x: Tensor,
  { weight, scales, biases }: Quantized,
  { bits, groupSize = 64 }: Quantization,
  { transpose = true } = {},
): Tensor {
  return wrap(
    c.easel_quantized_matmul(
      handleOf(x),
      handleOf(weight),
      handleOf(scales),
      handleOf(biases),
      +transpose,
      groupSize,
      bits,
    ),
  );
}

/** x Wᵀ + b with a quantized W. */
export function quantizedLinear(
  x: Tensor,
  { weight, scales, biases }: Quantized,
  { bits, groupSize = 64 }: Quantization,
  bias?: Tensor | null,
  products: QuantizedProducts = "float32",
): Tensor {
  return wrap(
    c.easel_quantized_linear(
      handleOf(x),
      handleOf(weight),
      handleOf(scales),
      handleOf(biases),
      bias ? handleOf(bias) : null,
      groupSize,
      bits,
      formOf(products),
    ),
  );
}
