/**
 * A grid of inverse distances over a picture, with the soft edges of depth networks made steps.
 *
 * @module
 */
import { FARTHER, OBJECT_FROM, ON_SURFACE, SLOPE, type Surface } from "./surface.ts";
import { slidingExtremes } from "./windows.ts";

/** Corners of `columns` × `rows` equal cells that cover the whole picture. */
export interface Grid {
  columns: number;
  rows: number;
  /** For each corner, (columns + 1) × (rows + 1): inverse distance, 0 where there is no surface. */
  inverse: Float32Array;
}

/** Soft edges reach over this share of the longer side, and a second look goes half as far. */
const SOFT = 1 / 128;
/** What lies within reach differs by at least these shares of the depth range where it is an edge. */
const FIRST_RANGE = 0.09;
const SECOND_RANGE = 0.06;

export function gridOf(surface: Surface, columns: number, rows: number): Grid {
  const { width, height, horizon } = surface;
  const inverse = new Float32Array((columns + 1) * (rows + 1));
  for (let row = 0, to = 0; row <= rows; row++) {
    const y = (row * height) / rows - 0.5;
    for (let column = 0; column <= columns; column++) {
      const value = sample(surface, (column * width) / columns - 0.5, y);
      // The sky becomes a backdrop at the horizon.
      inverse[to++] = value > 0 && value < horizon ? horizon : value;
    }
  }
  const scale = Math.max(surface.near - surface.far, surface.near / 4);
  const reach = Math.max(1, Math.round(Math.max(columns, rows) * SOFT));
  const grid = { columns, rows, inverse };
  sharpen(grid, reach, FIRST_RANGE * scale);
  if (reach > 1) sharpen(grid, reach >> 1, SECOND_RANGE * scale);
  return grid;
}

/** The value between four pixels, or of the nearest where one of them has no surface. */
function sample({ width, height, inverse }: Surface, x: number, y: number): number {
  const left = Math.min(Math.max(Math.floor(x), 0), width - 1);
  const top = Math.min(Math.max(Math.floor(y), 0), height - 1);
  const right = x < 0 ? left : Math.min(left + 1, width - 1);
  const bottom = y < 0 ? top : Math.min(top + 1, height - 1);
  const a = inverse[top * width + left]!;
  const b = inverse[top * width + right]!;
  const c = inverse[bottom * width + left]!;
  const d = inverse[bottom * width + right]!;
  const u = Math.max(x - left, 0);
  const v = Math.max(y - top, 0);
  if (a === 0 || b === 0 || c === 0 || d === 0) return v < 0.5 ? (u < 0.5 ? a : b) : u < 0.5 ? c : d;
  return (a + (b - a) * u) * (1 - v) + (c + (d - c) * u) * v;
}

/** Whether values around a corner go on rising farther away than within `radius`, where they differ by `range`. */
function isSlope(
  values: Float32Array,
  wide: number,
  high: number,
  column: number,
  row: number,
  radius: number,
  range: number,
): boolean {
  const left = Math.max(column - FARTHER * radius, 0);
  const right = Math.min(column + FARTHER * radius, wide - 1);
  const top = Math.max(row - FARTHER * radius, 0);
  const bottom = Math.min(row + FARTHER * radius, high - 1);
  const [above, middle, below] = [top * wide, row * wide, bottom * wide];
  const a = values[above + left]!;
  const b = values[above + column]!;
  const c = values[above + right]!;
  const d = values[middle + left]!;
  const e = values[middle + right]!;
  const f = values[below + left]!;
  const g = values[below + column]!;
  const h = values[below + right]!;
  // By the border there is less of both distances.
  const across = (right - left) / (Math.min(column + radius, wide - 1) - Math.max(column - radius, 0));
  const along = (bottom - top) / (Math.min(row + radius, high - 1) - Math.max(row - radius, 0));
  const farRange = Math.max(a, b, c, d, e, f, g, h) - Math.min(a, b, c, d, e, f, g, h);
  return farRange > SLOPE * Math.min(across, along) * range;
}

/** Toggle mapping: where values around a corner differ by more than `range`, it takes one of their extremes. */
function sharpen({ columns, rows, inverse }: Grid, radius: number, range: number): void {
  const wide = columns + 1;
  const high = rows + 1;
  const least = new Float32Array(inverse.length);
  const most = new Float32Array(inverse.length);
  const before = inverse.slice();
  const longer = Math.max(wide, high);
  const low = new Float32Array(longer);
  const top = new Float32Array(longer);
  const rest = new Float32Array(longer);
  const scratch = new Float32Array(longer * 2);
  for (let row = 0; row < high; row++) {
    slidingExtremes(inverse, row * wide, 1, wide, radius, low, top, scratch);
    least.set(low.subarray(0, wide), row * wide);
    most.set(top.subarray(0, wide), row * wide);
  }
  for (let column = 0; column < wide; column++) {
    slidingExtremes(least, column, wide, high, radius, low, rest, scratch);
    slidingExtremes(most, column, wide, high, radius, rest, top, scratch);
    for (let row = 0, at = column; row < high; row++, at += wide) {
      const lowest = low[row]!;
      const highest = top[row]!;
      const whole = highest - lowest;
      if (whole <= range) continue;
      const share = (inverse[at]! - lowest) / whole;
      if (share < ON_SURFACE || share > 1 - ON_SURFACE) continue;
      if (isSlope(before, wide, high, column, row, radius, whole)) continue;
      inverse[at] = share > OBJECT_FROM ? highest : lowest;
    }
  }
}
