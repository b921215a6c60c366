/**
 * The size that `mini` sees a picture at, and the memory that this takes. Plans use it before the network is loaded, so nothing
 * here knows MLX.
 *
 * @module
 */
import { longestAspect, type Size, type Sizing } from "../../images/sizing.ts";
import {
  type Amounts,
  amountsOf,
  type Panels,
  weightBytes as weightBytesOf,
} from "../../nn/weight-memory.ts";
import type { TensorTable } from "../../weights/tensor-table.ts";

/** Sides of the network's picture are multiples of this. */
export const stride = 32;

/** The size at which its maps are best, and how far from it the short side may be. */
export const usualSizing: Sizing = { inputSize: 256, bound: "short" };
export const sides = { least: 96, most: 320 } as const;

/** The size that the network sees a picture at: the named side near `inputSize`, both in whole strides. */
export function sizeSeen({ width, height }: Size, { inputSize, bound }: Sizing): Size {
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  const aspect = Math.min(long / short, longestAspect);
  const wanted = bound === "short" ? inputSize : inputSize / aspect;
  const side = Math.min(Math.max(wanted, sides.least), sides.most);
  // Equal to side / short for all but very long pictures, whose short side would make the long one grow without end.
  const scale = (side * aspect) / long;
  const fit = (length: number) => Math.max(Math.round((length * scale) / stride), 1) * stride;
  return { width: fit(width), height: fit(height) };
}

/** Numbers of the file inside the program. */
const published: Amounts = {
  matrices: 0,
  ragged: 286_976,
  others: 2_652_948,
  fill: { matrices: 0, ragged: 74_496, others: 294_400 },
};

/** Bytes of the loaded weights, which are never quantized: of a file on this machine, or of the one inside the program. */
export const weightBytes = (table?: TensorTable, panels?: Panels): number =>
  weightBytesOf(table ? amountsOf(table, { matrix: /weight$/ }, panels) : published, {
    bits: null,
    float: 4,
  });

/** Measured: bytes of a pixel's activations at their peak, and what a picture of any size takes besides. */
const bytesOfPixel = 160;
const bytesBesides = 1_000_000;

/** Bytes of the network's activations at their peak. */
export const workingBytes = ({ width, height }: Size) => width * height * bytesOfPixel + bytesBesides;
