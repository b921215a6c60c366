/**
 * Triangles over a grid, fine where the surface needs it and coarse where it is plane (a 4-8 mesh: squares that are halved again and
 * again along their diagonals). Neighbours always share their corners, so there are no cracks.
 *
 * @module
 */
import type { Grid } from "./grid.ts";

/** Side of the coarsest squares in cells. Columns and rows of a grid are multiples of it. */
export const TILE = 32;

/** Differences of inverse distance below this share of the nearest are not worth a triangle. */
const INVISIBLE = 1 / 2048;

/** Corner indices, three for each triangle. Counter-clockwise as the camera sees them. */
export type Triangles = Int32Array;

/**
 * At most `most` triangles, unless cuts alone need more: cells that `cut` names, one byte for each, stay two triangles of their own.
 */
export function simplify(grid: Grid, cut: Uint8Array, most: number, near: number): Triangles {
  const errors = errorsOf(grid, cut);
  const base = 2 * (grid.columns / TILE) * (grid.rows / TILE);
  return emit(grid, errors, thresholdFor(errors, grid, most - base, near * INVISIBLE));
}

/**
 * For each corner, by how much the surface would be wrong if the triangles around it were not halved there; never less than for the
 * corners that need it to be halved.
 */
function errorsOf({ columns, rows, inverse }: Grid, cut: Uint8Array): Float32Array {
  const wide = columns + 1;
  const errors = new Float32Array(inverse.length);
  const own = (at: number, a: number, b: number) => Math.abs(inverse[at]! - (inverse[a]! + inverse[b]!) / 2);

  for (let s = 1; s < TILE; s *= 2) {
    const twice = 2 * s;
    // Middles of the sides of squares of this size.
    for (let y = 0; y <= rows; y += s) {
      const odd = (y & s) !== 0;
      for (let x = odd ? 0 : s; x <= columns; x += twice) {
        const at = y * wide + x;
        let error = odd ? own(at, at - s * wide, at + s * wide) : own(at, at - s, at + s);
        if (s > 1) {
          const h = s >> 1;
          for (let k = 0; k < 4; k++) {
            const cx = x + (k & 1 ? h : -h);
            const cy = y + (k & 2 ? h : -h);
            if (cx < 0 || cy < 0 || cx > columns || cy > rows) continue;
            const child = errors[cy * wide + cx]!;
            if (child > error) error = child;
          }
        } else if (touchesCut(cut, columns, rows, x, y)) error = Number.POSITIVE_INFINITY;
        errors[at] = error;
      }
    }
    // Middles of the squares themselves.
    for (let y = s; y <= rows; y += twice) {
      for (let x = s; x <= columns; x += twice) {
        const at = y * wide + x;
        // The diagonal that is halved runs through the middle of the square that this one is a quarter of.
        const falling = ((x >> 1) & s) === ((y >> 1) & s);
        const across = falling ? s * wide + s : s * wide - s;
        let error = own(at, at - across, at + across);
        error = Math.max(
          error,
          errors[at - s]!,
          errors[at + s]!,
          errors[at - s * wide]!,
          errors[at + s * wide]!,
        );
        errors[at] = error;
      }
    }
  }
  return errors;
}

/** Whether one of the cells at a corner is cut. */
function touchesCut(cut: Uint8Array, columns: number, rows: number, x: number, y: number): boolean {
  const left = x > 0;
  const right = x < columns;
  if (y > 0) {
    const above = (y - 1) * columns + x;
    if ((left && cut[above - 1]) || (right && cut[above])) return true;
  }
  if (y < rows) {
    const below = y * columns + x;
    if ((left && cut[below - 1]) || (right && cut[below])) return true;
  }
  return false;
}

const BUCKETS = 4096;

/** The least error that still has to be halved away, so that halving adds no more than `budget` triangles. */
function thresholdFor(errors: Float32Array, { columns, rows }: Grid, budget: number, least: number): number {
  const wide = columns + 1;
  let largest = 0;
  for (let i = 0; i < errors.length; i++) {
    const error = errors[i]!;
    if (error > largest && error < Number.POSITIVE_INFINITY) largest = error;
  }
  // Errors vary by orders of magnitude, so buckets are of equal ratio.
  const perBucket = Math.log(Math.max(largest / least, 2)) / BUCKETS;
  const counts = new Float64Array(BUCKETS + 1);
  let forced = 0;
  for (let y = 0; y <= rows; y++) {
    const border = y === 0 || y === rows;
    for (let x = 0; x <= columns; x++) {
      const error = errors[y * wide + x]!;
      if (error <= least) continue;
      // On the border there is a triangle on one side alone.
      const added = border || x === 0 || x === columns ? 1 : 2;
      if (error === Number.POSITIVE_INFINITY) forced += added;
      else counts[Math.min(Math.floor(Math.log(error / least) / perBucket), BUCKETS)]! += added;
    }
  }
  let left = budget - forced;
  let bucket = BUCKETS;
  for (; bucket >= 0; bucket--) {
    left -= counts[bucket]!;
    if (left < 0) break;
  }
  // StridedConv is asked for above the threshold, so it is the upper end of the bucket that was too much.
  return bucket < 0 ? least : least * Math.exp((bucket + 1) * perBucket);
}

function emit({ columns, rows }: Grid, errors: Float32Array, threshold: number): Triangles {
  const wide = columns + 1;
  let triangles = new Int32Array(1 << 16);
  let count = 0;
  // Each entry is a triangle: the ends of its longest side, then the corner across. StridedConv is at most 2 × 5 deep.
  const stack = new Int32Array(3 * 64);
  for (let ty = 0; ty < rows; ty += TILE) {
    for (let tx = 0; tx < columns; tx += TILE) {
      const first = ty * wide + tx;
      const [tr, bl, br] = [first + TILE, first + TILE * wide, first + TILE * wide + TILE];
      const falling = ((tx / TILE) & 1) === ((ty / TILE) & 1);
      if (falling) stack.set([first, br, bl, br, first, tr]);
      else stack.set([tr, bl, first, bl, tr, br]);
      let top = 6;
      while (top > 0) {
        const apex = stack[--top]!;
        const b = stack[--top]!;
        const a = stack[--top]!;
        // Ends of the longest side that are no even number of cells apart have no corner between them.
        const middle = (a + b) >> 1;
        const dx = Math.abs((a % wide) - (b % wide));
        const splits = (dx > 1 || Math.abs(a - b) >= 2 * wide) && errors[middle]! > threshold;
        if (splits) {
          stack[top++] = apex;
          stack[top++] = a;
          stack[top++] = middle;
          stack[top++] = b;
          stack[top++] = apex;
          stack[top++] = middle;
          continue;
        }
        if (count + 3 > triangles.length) {
          const larger = new Int32Array(triangles.length * 2);
          larger.set(triangles);
          triangles = larger;
        }
        triangles[count++] = a;
        triangles[count++] = apex;
        triangles[count++] = b;
      }
    }
  }
  return triangles.subarray(0, count);
}
