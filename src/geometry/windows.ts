/**
 * Smallest and largest values in a window that slides over a line.
 *
 * @module
 */

/**
 * Writes the smallest and the largest of the values within `radius` of each place, in linear time (van Herk and Gil-Werman). The
 * line is `count` values of `values` from `start`, `stride` apart; the results lie side by side.
 */
export function slidingExtremes(
  values: Float32Array,
  start: number,
  stride: number,
  count: number,
  radius: number,
  least: Float32Array,
  most: Float32Array,
  scratch: Float32Array,
): void {
  const span = 2 * radius + 1;
  const half = scratch.length >> 1;
  // Extremes from each place to the end of its block.
  for (let i = count - 1, at = start + i * stride; i >= 0; i--, at -= stride) {
    const value = values[at]!;
    if (i === count - 1 || (i + 1) % span === 0) {
      scratch[i] = value;
      scratch[half + i] = value;
    } else {
      const low = scratch[i + 1]!;
      const high = scratch[half + i + 1]!;
      scratch[i] = Math.min(value, low);
      scratch[half + i] = Math.max(value, high);
    }
  }
  // Extremes from the start of each block, joined with those above.
  let low = 0;
  let high = 0;
  let place = 0;
  for (let i = 0, at = start; i < count + radius; i++, at += stride) {
    if (i < count) {
      const value = values[at]!;
      if (place === 0) {
        low = value;
        high = value;
      } else {
        if (value < low) low = value;
        if (value > high) high = value;
      }
    } else if (place === 0) {
      // A block past the line's end has no values of its own.
      low = Number.POSITIVE_INFINITY;
      high = Number.NEGATIVE_INFINITY;
    }
    if (++place === span) place = 0;
    const to = i - radius;
    if (to < 0) continue;
    const first = to - radius;
    const from = Math.max(first, 0);
    // The suffix of the window's first block covers nothing beyond it; a window that starts before the line is all prefix.
    const suffixLow = first < 0 ? low : scratch[from]!;
    const suffixHigh = first < 0 ? high : scratch[half + from]!;
    least[to] = Math.min(suffixLow, low);
    most[to] = Math.max(suffixHigh, high);
  }
}
