/**
 * Points in space from a surface and its camera.
 *
 * @module
 */
import type { Camera } from "./camera.ts";
import type { Rgb } from "./rgb.ts";
import type { Surface } from "./surface.ts";

export interface Points {
  /** x to the right, y up, the camera at the origin looking along −z. */
  positions: Float32Array;
  colors: Uint8Array;
  count: number;
}

export const MAX_POINTS = 2_000_000;

/**
 * One point for each pixel, or for one pixel of a square where that would be more than `most`. Pixels without surface and those
 * behind the horizon give none.
 */
export function pointsOf(surface: Surface, picture: Rgb, camera: Camera, most = MAX_POINTS): Points {
  const { width, height, inverse, horizon } = surface;
  const step = strideFor(width, height, most);
  const columns = Math.ceil(width / step);
  const rows = Math.ceil(height / step);
  const positions = new Float32Array(columns * rows * 3);
  const colors = new Uint8Array(columns * rows * 3);
  const { pixels } = picture;
  let count = 0;
  for (let row = 0; row < rows; row++) {
    const y = Math.min(row * step + (step >> 1), height - 1);
    const up = (height / 2 - (y + 0.5)) / camera.focal;
    for (let column = 0; column < columns; column++) {
      const x = Math.min(column * step + (step >> 1), width - 1);
      const pixel = y * width + x;
      const nearness = inverse[pixel]!;
      if (!(nearness > 0 && nearness >= horizon)) continue;
      const distance = 1 / nearness;
      const at = count++ * 3;
      positions[at] = ((x + 0.5 - width / 2) / camera.focal) * distance;
      positions[at + 1] = up * distance;
      positions[at + 2] = -distance;
      colors[at] = pixels[pixel * 3]!;
      colors[at + 1] = pixels[pixel * 3 + 1]!;
      colors[at + 2] = pixels[pixel * 3 + 2]!;
    }
  }
  return { positions: positions.subarray(0, count * 3), colors: colors.subarray(0, count * 3), count };
}

/** The smallest step over columns and rows that gives at most `most` points. */
function strideFor(width: number, height: number, most: number): number {
  let step = Math.max(1, Math.floor(Math.sqrt((width * height) / most)));
  while (Math.ceil(width / step) * Math.ceil(height / step) > most) step++;
  return step;
}
