/**
 * Where each output sample of a one-dimensional resize comes from: the exact forms of PyTorch, OpenCV and Pillow.
 *
 * A two-dimensional resize is one such table per axis. `pixels.ts` applies them to typed arrays, `interpolate.ts` to tensors.
 *
 * @module
 */
/** `count` inputs for each of `size` outputs: output `i` is the sum of `weights[i·count + k] · input[indices[i·count + k]]`. */
export interface Taps {
  size: number;
  count: number;
  indices: Int32Array;
  weights: Float64Array;
}

export type Kernel = "bilinear" | "bicubic";

export interface TapOptions {
  /** The first and last samples of both grids coincide, instead of their outer edges. */
  alignCorners?: boolean;
  /** PyTorch's `scale_factor`, kept instead of the ratio of the sizes. */
  factor?: number;
  /** Widens the kernel when shrinking, as PyTorch's `antialias` and Pillow do. */
  antialias?: boolean;
  /** The outputs from..to alone, where a table of all would be large. */
  range?: readonly [from: number, to: number];
}

const cubic = (a: number) => (x: number) => {
  const t = Math.abs(x);
  if (t <= 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? ((t - 5) * t + 8) * t * a - 4 * a : 0;
};
const triangle = (x: number) => Math.max(0, 1 - Math.abs(x));
const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
const lanczos = (x: number) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0);

/** PyTorch's `interpolate`, and OpenCV's INTER_CUBIC and INTER_LINEAR, which are the forms without `alignCorners`. */
export function taps(kernel: Kernel, input: number, output: number, options: TapOptions = {}): Taps {
  const [from, to] = options.range ?? [0, output];
  if (options.antialias) {
    return kernel === "bilinear"
      ? widened(triangle, 1, input, output, from, to)
      : widened(cubic(-0.5), 2, input, output, from, to);
  }
  const { alignCorners = false, factor } = options;
  const scale = alignCorners ? (input - 1) / Math.max(output - 1, 1) : 1 / (factor ?? output / input);
  const source = (i: number) => (alignCorners ? i * scale : (i + 0.5) * scale - 0.5);
  const count = kernel === "bilinear" ? 2 : 4;
  const result = room(to - from, count);
  const curve = cubic(-0.75);
  for (let i = from; i < to; i++) {
    const at = (i - from) * count;
    const s = kernel === "bilinear" ? Math.max(source(i), 0) : source(i);
    const first = Math.floor(s);
    for (let k = 0; k < count; k++) {
      const j = kernel === "bilinear" ? first + k : first - 1 + k;
      result.indices[at + k] = Math.min(Math.max(j, 0), input - 1);
      result.weights[at + k] = kernel === "bilinear" ? (k === 0 ? 1 - (s - first) : s - first) : curve(s - j);
    }
  }
  return result;
}

/** Every sample `times` times, PyTorch's "nearest" by a whole factor. */
export function repeated(input: number, times: number): Taps {
  const result = room(input * times, 1);
  result.indices.forEach((_, i, list) => {
    list[i] = Math.floor(i / times);
  });
  result.weights.fill(1);
  return result;
}

/** Pillow's filters. */
export const pillowTaps = (
  filter: "bilinear" | "bicubic" | "lanczos",
  input: number,
  output: number,
): Taps =>
  filter === "lanczos"
    ? widened(lanczos, 3, input, output)
    : taps(filter, input, output, { antialias: true });

/** OpenCV's INTER_AREA when shrinking: an output is the mean of the cell it covers. */
export function areaTaps(
  input: number,
  output: number,
  [from, to]: readonly [number, number] = [0, output],
): Taps {
  const ratio = input / output;
  const result = room(to - from, Math.ceil(ratio) + 1);
  for (let i = from; i < to; i++) {
    const start = i * ratio;
    const end = Math.min((i + 1) * ratio, input);
    const at = (i - from) * result.count;
    for (let k = 0, j = Math.floor(start); k < result.count; k++, j++) {
      const covered = Math.min(j + 1, end) - Math.max(j, start);
      result.indices[at + k] = Math.min(j, input - 1);
      result.weights[at + k] = Math.max(covered, 0) / ratio;
    }
  }
  return result;
}

function widened(
  filter: (x: number) => number,
  radius: number,
  input: number,
  output: number,
  from = 0,
  to = output,
): Taps {
  const ratio = input / output;
  const stretch = Math.max(ratio, 1);
  const support = radius * stretch;
  const result = room(to - from, Math.ceil(support) * 2 + 1);
  for (let i = from; i < to; i++) {
    const at = (i - from) * result.count;
    const center = ratio * (i + 0.5);
    const first = Math.max(Math.trunc(center - support + 0.5), 0);
    const last = Math.min(Math.trunc(center + support + 0.5), input);
    let sum = 0;
    for (let k = 0; k < result.count; k++) {
      const weight = first + k < last ? filter((first + k - center + 0.5) / stretch) : 0;
      result.indices[at + k] = Math.min(first + k, input - 1);
      result.weights[at + k] = weight;
      sum += weight;
    }
    for (let k = 0; k < result.count; k++) result.weights[at + k]! /= sum;
  }
  return result;
}

/** The table of some outputs, from..to, of an input that begins at `start`. */
export const section = (
  { count, indices, weights }: Taps,
  from: number,
  to: number,
  start: number,
): Taps => ({
  size: to - from,
  count,
  indices: indices.slice(from * count, to * count).map((index) => index - start),
  weights: weights.slice(from * count, to * count),
});

const room = (size: number, count: number): Taps => ({
  size,
  count,
  indices: new Int32Array(size * count),
  weights: new Float64Array(size * count),
});
