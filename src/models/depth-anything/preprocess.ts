/**
 * How each version's authors bring a picture to a size that the network takes.
 *
 * @module
 */
import { TaskError } from "../../engine/engine.ts";
import { type Pixels, resizeFloats, resizeOpenCv, roundHalfEven } from "../../images/pixels.ts";

export interface Sizing {
  /** Side that the network runs at, before it is rounded to whole patches. */
  inputSize: number;
  /** Which side of the picture that is. */
  bound: "short" | "long";
}

/** What each version runs at when nobody says. */
export const usualSizing: Readonly<Record<2 | 3, Sizing>> = {
  2: { inputSize: 518, bound: "short" },
  3: { inputSize: 504, bound: "long" },
};

/** A very long and thin picture would ask for more than this. */
const mostPixels = 2 ** 24;

interface Size {
  width: number;
  height: number;
}

function checked(size: Size, picture: Size, { inputSize }: Sizing): Size {
  if (size.width * size.height > mostPixels)
    throw new TaskError(
      `a picture of ${picture.width}×${picture.height} is too long and thin for an input size of ${inputSize}: ` +
        `the network would run at ${size.width}×${size.height}`,
      "invalid_input",
    );
  return size;
}

/** Sizes that a picture goes through: V2 goes to its last at once, V3 by way of the wanted side. */
export function networkSizes(
  version: 2 | 3,
  picture: Size,
  sizing: Sizing,
  patch: number,
): readonly [Size, Size] {
  const { inputSize, bound } = sizing;
  const { width, height } = picture;
  const scale = inputSize / (bound === "long" ? Math.max : Math.min)(width, height);
  const both = (change: (side: number) => number): Size => ({ width: change(width), height: change(height) });
  if (version === 2) {
    const fit = (length: number) => {
      const patches = (scale * length) / patch;
      const nearest = roundHalfEven(patches) * patch;
      if (bound === "short") return nearest >= inputSize ? nearest : Math.ceil(patches) * patch;
      return Math.max(nearest <= inputSize ? nearest : Math.floor(patches) * patch, patch);
    };
    const size = checked(both(fit), picture, sizing);
    return [size, size];
  }
  const first = both((length) => Math.max(1, roundHalfEven(length * scale)));
  const nearest = (length: number) => Math.max(Math.floor(length / patch + 0.5) * patch, patch);
  return [first, checked({ width: nearest(first.width), height: nearest(first.height) }, picture, sizing)];
}

/** RGB values from 0 to 1 at the network's size. */
export function preprocess(
  version: 2 | 3,
  picture: Pixels<Uint8Array>,
  sizing: Sizing,
  patch: number,
): Pixels<Float32Array> {
  const [first, last] = networkSizes(version, picture, sizing, patch);
  if (version === 2) {
    // Floats, cubic both ways, neither clamped nor smoothed.
    const resized = resizeFloats(picture, last.width, last.height, "bicubic");
    for (let i = 0; i < resized.data.length; i++) resized.data[i]! /= 255;
    return resized;
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
