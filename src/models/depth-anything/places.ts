import { Tensor } from "../../../ffi/index.ts";
import { each, type Rows } from "../../nn/rows.ts";

const strength = 0.1;
const base = 100;

/**
 * Adds the embedding of places that Depth Anything 3 gives its maps: sines and cosines of a pixel's place in a picture of the given
 * aspect whose half diagonal is 1. The first half of the channels knows the column, the second the row.
 */
export function withPlaces(map: Rows, channels: number, aspect: number): Rows {
  const diagonal = Math.sqrt(aspect * aspect + 1);
  const across = waves(map.width, aspect / diagonal, channels, 0);
  const down = waves(map.height, 1 / diagonal, channels, channels / 2);
  return each(map, (pixels, from, to) =>
    pixels
      .add(Tensor.from(across, [1, 1, map.width, channels]))
      .add(Tensor.from(down.subarray(from * channels, to * channels), [1, to - from, 1, channels])),
  );
}

/** Sines, then cosines, of each of `size` places between −span and span, in half of the channels; the others are 0. */
function waves(size: number, span: number, channels: number, first: number): Float32Array {
  const edge = (span * (size - 1)) / size;
  const count = channels / 4;
  const out = new Float32Array(size * channels);
  for (let i = 0; i < size; i++) {
    const place = size === 1 ? -edge : -edge + (2 * edge * i) / (size - 1);
    for (let k = 0; k < count; k++) {
      const angle = place / base ** (k / count);
      out[i * channels + first + k] = strength * Math.sin(angle);
      out[i * channels + first + count + k] = strength * Math.cos(angle);
    }
  }
  return out;
}
