/**
 * Sizes and memory of the built-in upscaler. Plans use them before the network is loaded, so nothing here knows MLX.
 *
 * @module
 */

import type { Size } from "../../images/sizing.ts";

/** Enlargements that the network makes by itself. */
export const factors = [2, 3, 4] as const;
export type Factor = (typeof factors)[number];

/** Pixels around a place of the input that its result depends on. */
export const margin = 10;

/** Most pixels of the input that are enlarged at a time, and the longest side of such a tile. */
const tilePixels = 2 ** 17;
export const tileSide = 512;

/** Measured: bytes of a tile's pixel at the peak, and how many more for each pixel that it becomes. */
const bytesOfPixel = 290;
const bytesOfResult = 62;

/** The factor for a wanted enlargement: the smallest that reaches it, or the largest. Nothing where nothing grows. */
export function factorFor(enlargement: number): Factor | undefined {
  if (enlargement <= 1) return undefined;
  return factors.find((factor) => factor >= enlargement - 1e-9) ?? 4;
}

/** Bytes of the loaded weights, which are never quantized. */
export const weightBytes = 426_192;

/** Columns and rows of the input that are enlarged at a time. */
export function tileOf({ width, height }: Size): { columns: number; rows: number } {
  const columns = Math.min(width, tileSide);
  return { columns, rows: Math.min(height, Math.floor(tilePixels / columns)) };
}

/** Bytes at the peak of a run: a tile's maps, the picture that the network makes, and the result. */
export function workingBytes(input: Size, outputPixels: number): number {
  const inputPixels = input.width * input.height;
  const factor = factorFor(Math.sqrt(outputPixels / inputPixels));
  if (factor === undefined) return 3 * (inputPixels + 2 * outputPixels);
  const { columns, rows } = tileOf(input);
  const tile = (columns + 2 * margin) * (rows + 2 * margin);
  const maps = tile * (bytesOfPixel + bytesOfResult * factor ** 2);
  return Math.round(maps + 3 * (inputPixels * (1 + factor ** 2) + 2 * outputPixels));
}
