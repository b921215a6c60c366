/**
 * Gathers decoded tiles into one picture, which may be a whole number of times smaller: each of its pixels is then the mean of a square.
 *
 * @module
 */
import type { Plane } from "./libheif.ts";

export interface Canvas {
  pixels: Uint8Array;
  width: number;
  height: number;
  channels: 3 | 4;
  /** How many pixels of the file become one, along each side. */
  factor: number;
}

interface Size {
  width: number;
  height: number;
}

/**
 * Puts a tile into the picture. `left` and `top` are its place in the file's pixels, which may lie outside of the picture; `edge` is
 * the picture's size there.
 */
export function paste(canvas: Canvas, tile: Plane, at: { left: number; top: number }, edge: Size): void {
  const { factor, channels, width, pixels } = canvas;
  const { left, top } = at;
  const from = { x: Math.max(left, 0), y: Math.max(top, 0) };
  const to = { x: Math.min(left + tile.width, edge.width), y: Math.min(top + tile.height, edge.height) };
  if (factor === 1) {
    for (let y = from.y; y < to.y; y++) {
      const start = (y - top) * tile.stride + (from.x - left) * channels;
      const row = tile.bytes.subarray(start, start + (to.x - from.x) * channels);
      pixels.set(row, (y * width + from.x) * channels);
    }
    return;
  }
  for (let y = Math.floor(from.y / factor); y * factor < to.y; y++)
    for (let x = Math.floor(from.x / factor); x * factor < to.x; x++) {
      const square = {
        left: Math.max(x * factor, from.x) - left,
        right: Math.min((x + 1) * factor, to.x) - left,
        top: Math.max(y * factor, from.y) - top,
        bottom: Math.min((y + 1) * factor, to.y) - top,
      };
      pasteMean(canvas, (y * width + x) * channels, tile, square);
    }
}

interface Square {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

function pasteMean({ pixels, channels }: Canvas, to: number, tile: Plane, square: Square): void {
  const { left, right, top, bottom } = square;
  const count = (right - left) * (bottom - top);
  for (let channel = 0; channel < channels; channel++) {
    let sum = count >> 1;
    for (let y = top; y < bottom; y++) {
      const row = y * tile.stride + channel;
      for (let x = left; x < right; x++) sum += tile.bytes[row + x * channels]!;
    }
    pixels[to + channel] = sum / count;
  }
}
