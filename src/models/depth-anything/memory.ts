/**
 * The sizes that Depth Anything sees a picture at, and the memory that it takes. Plans use it before the network is loaded, so
 * nothing here knows MLX.
 *
 * @module
 */
import { roundHalfEven } from "../../images/round.ts";
import type { Size, Sizing } from "../../images/sizing.ts";

/** A network's sizes that its memory follows from. */
export interface NetworkSize {
  /** Numbers in millions, and how many of them are in matrices that quantize. */
  parameters: number;
  quantizable: number;
  /** Width of a token, heads of 64, and channels of the head's largest map at full size. */
  width: number;
  heads: number;
  channels: number;
}

export const v2: Readonly<Record<"small" | "base" | "large" | "giant", NetworkSize>> = {
  small: { parameters: 24.8, quantizable: 21.2, width: 384, heads: 6, channels: 32 },
  base: { parameters: 97.5, quantizable: 84.9, width: 768, heads: 12, channels: 64 },
  large: { parameters: 335.3, quantizable: 302, width: 1024, heads: 16, channels: 128 },
  giant: { parameters: 1258.2, quantizable: 1132, width: 1536, heads: 24, channels: 192 },
};
export const v3: Readonly<Record<"small" | "base" | "large" | "giant" | "mono" | "nested", NetworkSize>> = {
  small: { parameters: 25, quantizable: 21.2, width: 384, heads: 6, channels: 32 },
  base: { parameters: 98.3, quantizable: 84.9, width: 768, heads: 12, channels: 64 },
  large: { parameters: 337, quantizable: 302, width: 1024, heads: 16, channels: 128 },
  giant: { parameters: 1172, quantizable: 1132, width: 1536, heads: 24, channels: 128 },
  mono: { parameters: 334.2, quantizable: 302, width: 1024, heads: 16, channels: 128 },
  nested: { parameters: 1525, quantizable: 1434, width: 1536, heads: 24, channels: 128 },
};

/** The size that each version runs at unless a request names one: the rules of its authors. */
export const usualSizing: Readonly<Record<2 | 3, Sizing>> = {
  2: { inputSize: 518, bound: "short" },
  3: { inputSize: 504, bound: "long" },
};

export const patch = 14;

/** Smallest and largest side that a request may run the network at. */
export const inputSizes = { min: 126, max: 4096 } as const;

/** Sizes that a picture goes through: V2 goes to its last at once, V3 by way of the wanted side. */
export function networkSizes(
  version: 2 | 3,
  { width, height }: Size,
  { inputSize, bound }: Sizing,
  patchSize = patch,
): readonly [Size, Size] {
  const scale = inputSize / (bound === "long" ? Math.max : Math.min)(width, height);
  const both = (change: (side: number) => number): Size => ({ width: change(width), height: change(height) });
  if (version === 2) {
    const fit = (length: number) => {
      const patches = (scale * length) / patchSize;
      const nearest = roundHalfEven(patches) * patchSize;
      if (bound === "short") return nearest >= inputSize ? nearest : Math.ceil(patches) * patchSize;
      return Math.max(nearest <= inputSize ? nearest : Math.floor(patches) * patchSize, patchSize);
    };
    const size = both(fit);
    return [size, size];
  }
  const first = both((length) => Math.max(1, roundHalfEven(length * scale)));
  const nearest = (length: number) => Math.max(Math.floor(length / patchSize + 0.5) * patchSize, patchSize);
  return [first, { width: nearest(first.width), height: nearest(first.height) }];
}

/** Attention works on this many rows of its scores at a time, and on no more bytes of them. */
const queryRows = 512;
const scoreBytes = 64e6;
/** Maps at the full size are made in strips, of which this many bytes are alive at once. */
const stripBytes = 150e6;

/** Bytes of the activations at their peak, for a network's picture of that size, with numbers of `float` bytes. */
export function workingBytes({ width, heads, channels }: NetworkSize, size: Size, float: number): number {
  const area = size.width * size.height;
  const tokens = area / patch ** 2 + 1;
  // The maps that the head holds, in single precision everywhere, and strips of those at the full size; one block's own values, the
  // four outputs that the head starts from, a chunk of scores.
  const map = area * channels * 4;
  const head = 0.75 * map + Math.min(1.75 * map, stripBytes);
  const block = tokens * width * (3 + 4 + 2);
  const taps = 4 * tokens * width * 2;
  const scores = Math.min(2 * heads * Math.min(queryRows, tokens) * tokens * float, scoreBytes);
  return Math.round(head + (block + taps) * float + scores);
}
