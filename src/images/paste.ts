/**
 * Puts kept pixels back into a picture, with a soft edge. For the engine thread: these are loops over pixels.
 *
 * @module
 */

/** Pixels over which an edge fades. */
export const featherWidth = 8;

/**
 * The picture where the mask is 255, and `original` where it is 0. The edge fades inside the white area alone, so that the black one is
 * the original's to the byte; a line that is narrower than two edges fades over half its width. Rows of red, green and blue.
 */
export function pasteKept(
  image: Uint8Array,
  original: Uint8Array,
  mask: Uint8Array,
  width: number,
): Uint8Array<ArrayBuffer> {
  const weights = feathered(mask, width);
  const out = new Uint8Array(image.length);
  for (let i = 0; i < weights.length; i++) {
    const share = weights[i]!;
    for (let at = 3 * i; at < 3 * i + 3; at++) {
      const from = original[at]!;
      out[at] = Math.round(from + (image[at]! - from) * share);
    }
  }
  return out;
}

/** How much of each pixel is new, 0 … 1. */
function feathered(mask: Uint8Array, width: number): Float32Array {
  const inside = distances(mask, width);
  const depth = widest(inside, width);
  return Float32Array.from(mask, (value, i) =>
    value === 0
      ? 0
      : ((value / 255) * Math.min(inside[i]!, featherWidth)) / Math.min(depth[i]!, featherWidth),
  );
}

/** Steps, diagonal ones too, from each pixel to the nearest black one; one more than the feather's width at most. */
function distances(mask: Uint8Array, width: number): Uint8Array {
  const far = featherWidth + 1;
  const out = Uint8Array.from(mask, (value) => (value === 0 ? 0 : far));
  const height = mask.length / width;
  /** `step` is 1 from the top left, −1 from the bottom right. */
  const pass = (step: 1 | -1) => {
    for (let n = 0; n < height; n++) {
      const y = step === 1 ? n : height - 1 - n;
      const before = y - step >= 0 && y - step < height;
      for (let k = 0; k < width; k++) {
        const x = step === 1 ? k : width - 1 - k;
        const i = y * width + x;
        let least = out[i]!;
        if (least === 0) continue;
        if (x - step >= 0 && x - step < width) least = Math.min(least, out[i - step]! + 1);
        if (before)
          for (let dx = -1; dx <= 1; dx++)
            if (x + dx >= 0 && x + dx < width) least = Math.min(least, out[i - step * width + dx]! + 1);
        out[i] = least;
      }
    }
  };
  pass(1);
  pass(-1);
  return out;
}

/** The largest distance within the feather's width of each pixel: how far the white area reaches there. */
function widest(distance: Uint8Array, width: number): Uint8Array {
  const height = distance.length / width;
  const across = maximum(distance, { lines: height, length: width, next: 1, line: width });
  return maximum(across, { lines: width, length: height, next: width, line: 1 });
}

function maximum(
  from: Uint8Array,
  { lines, length, next, line }: { lines: number; length: number; next: number; line: number },
): Uint8Array {
  const out = new Uint8Array(from.length);
  for (let n = 0; n < lines; n++)
    for (let k = 0; k < length; k++) {
      let most = 0;
      const end = Math.min(length - 1, k + featherWidth);
      for (let j = Math.max(0, k - featherWidth); j <= end; j++)
        most = Math.max(most, from[n * line + j * next]!);
      out[n * line + k * next] = most;
    }
  return out;
}
