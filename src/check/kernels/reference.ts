/**
 * Operations of networks as plain loops in double precision, as the reference of kernels. Arrays are flat; the last axis runs
 * fastest.
 *
 * @module
 */

export type Numbers = ArrayLike<number>;

const filled = (length: number, of: (i: number) => number): Float64Array =>
  Float64Array.from({ length }, (_, i) => of(i));

function sum(length: number, of: (i: number) => number): number {
  let total = 0;
  for (let i = 0; i < length; i++) total += of(i);
  return total;
}

/** Numbers from −1 to 1 in single precision, the same every time. */
export function numbers(length: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed * 2654435 + 1;
  return Float32Array.from({ length }, () => {
    state = (state * 48271) % 2147483647;
    return (2 * state) / 2147483647 - 1;
  });
}

/** The same numbers, each with as many bits as bfloat16 has. */
export function halfNumbers(length: number, seed: number): Float32Array<ArrayBuffer> {
  return numbers(length, seed).map((value) => Math.round(value * 64) / 64);
}

/** a [rows, inner] · b [inner, columns]; with `transposed`, b is [columns, inner]. */
export function product(
  a: Numbers,
  b: Numbers,
  rows: number,
  inner: number,
  columns: number,
  transposed = false,
) {
  return filled(rows * columns, (at) => {
    const [i, j] = [Math.floor(at / columns), at % columns];
    return sum(inner, (k) => a[i * inner + k]! * b[transposed ? j * inner + k : k * columns + j]!);
  });
}

export interface Convolution {
  side: number;
  inputs: number;
  outputs: number;
  kernel: number;
  stride: number;
  padding: number;
  groups: number;
}

/** x [side, side, inputs] with weight [outputs, kernel, kernel, inputs / groups]. */
export function convolution(x: Numbers, weight: Numbers, conv: Convolution): Float64Array {
  const { side, inputs, outputs, kernel, stride, padding, groups } = conv;
  const out = Math.floor((side + 2 * padding - kernel) / stride) + 1;
  const [taken, made] = [inputs / groups, outputs / groups];
  return filled(out * out * outputs, (at) => {
    const [o, column, row] = [at % outputs, Math.floor(at / outputs) % out, Math.floor(at / outputs / out)];
    return sum(kernel * kernel * taken, (tap) => {
      const [channel, dx, dy] = [
        tap % taken,
        Math.floor(tap / taken) % kernel,
        Math.floor(tap / taken / kernel),
      ];
      const [px, py] = [column * stride + dx - padding, row * stride + dy - padding];
      if (px < 0 || py < 0 || px >= side || py >= side) return 0;
      const from = Math.floor(o / made) * taken + channel;
      return (
        x[(py * side + px) * inputs + from]! * weight[((o * kernel + dy) * kernel + dx) * taken + channel]!
      );
    });
  });
}

/** Every pixel of x [side, side, inputs] becomes kernel × kernel of them, by a weight [kernel, kernel, outputs, inputs]. */
export function transposedConvolution(
  x: Numbers,
  weight: Numbers,
  { side, inputs, outputs, kernel }: Pick<Convolution, "side" | "inputs" | "outputs" | "kernel">,
): Float64Array {
  const out = side * kernel;
  return filled(out * out * outputs, (at) => {
    const [o, column, row] = [at % outputs, Math.floor(at / outputs) % out, Math.floor(at / outputs / out)];
    const [px, py] = [Math.floor(column / kernel), Math.floor(row / kernel)];
    const tap = ((row % kernel) * kernel + (column % kernel)) * outputs + o;
    return sum(
      inputs,
      (channel) => x[(py * side + px) * inputs + channel]! * weight[tap * inputs + channel]!,
    );
  });
}

export function softmax(x: Numbers, width: number): Float64Array {
  const result = filled(x.length, (i) => x[i]!);
  for (let from = 0; from < x.length; from += width) {
    const row = result.subarray(from, from + width);
    const most = row.reduce((a, b) => Math.max(a, b));
    const powers = row.map((value) => Math.exp(value - most));
    const total = powers.reduce((a, b) => a + b);
    row.set(powers.map((power) => power / total));
  }
  return result;
}

/** One head: q [queries, channels] over k and v [keys, channels]. */
export function attention(q: Numbers, k: Numbers, v: Numbers, channels: number, scale: number): Float64Array {
  const [queries, keys] = [q.length / channels, k.length / channels];
  const scores = product(q, k, queries, channels, keys, true).map((score) => score * scale);
  return product(softmax(scores, keys), v, queries, keys, channels);
}

/** Each run of `width` numbers, less its mean where `centred`, over the root of its mean square. */
export function normalized(x: Numbers, width: number, eps: number, centred: boolean): Float64Array {
  const result = filled(x.length, (i) => x[i]!);
  for (let from = 0; from < x.length; from += width) {
    const row = result.subarray(from, from + width);
    const mean = centred ? row.reduce((a, b) => a + b) / width : 0;
    const square = row.reduce((total, value) => total + (value - mean) ** 2, 0) / width;
    row.set(row.map((value) => (value - mean) / Math.sqrt(square + eps)));
  }
  return result;
}

/** x [pixels, channels], normalized over all pixels and a group's channels. */
export function groupNormalized(x: Numbers, channels: number, groups: number, eps: number): Float64Array {
  const [pixels, width] = [x.length / channels, channels / groups];
  const place = (group: number, i: number) => Math.floor(i / width) * channels + group * width + (i % width);
  const result = new Float64Array(x.length);
  for (let group = 0; group < groups; group++) {
    const run = filled(pixels * width, (i) => x[place(group, i)]!);
    normalized(run, run.length, eps, true).forEach((value, i) => {
      result[place(group, i)] = value;
    });
  }
  return result;
}

export interface Quantized {
  /** Numbers of few bits, several to a word, the first in the lowest bits. */
  words: Uint32Array<ArrayBuffer>;
  scales: Float32Array<ArrayBuffer>;
  biases: Float32Array<ArrayBuffer>;
  /** What they stand for. */
  values: Float64Array;
}

/** A matrix of numbers of 4 or 8 bits, in groups of 64 that share a scale and a bias. */
export function quantizedNumbers(length: number, bits: 4 | 8, seed: number): Quantized {
  const levels = 2 ** bits;
  const codes = numbers(length, seed).map((value) =>
    Math.min(levels - 1, Math.floor(((value + 1) / 2) * levels)),
  );
  const perWord = 32 / bits;
  const words = new Uint32Array(length / perWord);
  codes.forEach((code, i) => {
    words[Math.floor(i / perWord)]! += code * 2 ** (bits * (i % perWord));
  });
  const scales = numbers(length / 64, seed + 1).map((value) => (2 + value) / levels);
  const biases = scales.map((scale) => (-scale * levels) / 2);
  const values = filled(length, (i) => codes[i]! * scales[i >> 6]! + biases[i >> 6]!);
  return { words, scales, biases, values };
}
