/**
 * How each version's authors bring a picture to a size that the network takes.
 *
 * @module
 */
import { TaskError } from "../../engine/engine.ts";
import { type Pixels, resizeFloats, resizeOpenCv } from "../../images/pixels.ts";
import type { Size, Sizing } from "../../images/sizing.ts";
import { resizePicture } from "../../nn/interpolate.ts";
import { networkSizes } from "./memory.ts";

/** A very long and thin picture would ask for more than this. */
const mostPixels = 2 ** 24;

function requireRunnable(size: Size, picture: Size, { inputSize }: Sizing): void {
  if (size.width * size.height > mostPixels)
    throw new TaskError(
      `a picture of ${picture.width}×${picture.height} is too long and thin for an input size of ${inputSize}: ` +
        `the network would run at ${size.width}×${size.height}`,
      "invalid_input",
    );
}

/** RGB values from 0 to 1 at the network's size. */
export function preprocess(
  version: 2 | 3,
  picture: Pixels<Uint8Array>,
  sizing: Sizing,
  patch: number,
): Pixels<Float32Array> {
  const [first, last] = networkSizes(version, picture, sizing, patch);
  requireRunnable(last, picture, sizing);
  if (version === 2) {
    // Floats, cubic both ways, neither clamped nor smoothed.
    return { ...last, channels: picture.channels, data: resizePicture(picture, last, "bicubic", 1 / 255) };
  }
  // Bytes, twice; cubic where the picture grows, area where it shrinks.
  const near = isSize(picture, first)
    ? picture
    : resize(picture, first, first.width > picture.width || first.height > picture.height);
  const grows = last.width > first.width || last.height > first.height;
  const done = isSize(near, last) ? near : resize(near, last, grows);
  return { ...done, data: Float32Array.from(done.data, (value) => value / 255) };
}

const isSize = (a: Size, b: Size) => a.width === b.width && a.height === b.height;

function resize(picture: Pixels<Uint8Array>, { width, height }: Size, grows: boolean): Pixels<Uint8Array> {
  return resizeOpenCv(picture, width, height, grows ? "cubic" : "area");
}

/** A map of the network at the picture's size, by the rule of the version's authors. */
export function resizeMap(version: 2 | 3, map: Float32Array, from: Size, to: Size): Float32Array {
  if (from.width === to.width && from.height === to.height) return map;
  const options = { alignCorners: version === 2 };
  return resizeFloats({ data: map, ...from, channels: 1 }, to.width, to.height, "bilinear", options).data;
}
