/**
 * How each version's authors bring a picture to a size that the network takes.
 *
 * @module
 */
import { TaskError } from "../../engine/engine.ts";
import { type Pixels, resizeFloats, resizeOpenCv, roundHalfEven } from "../../nn/pixels.ts";

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

/** RGB values from 0 to 1 at the network's size. */
export function preprocess(
  version: 2 | 3,
  picture: Pixels<Uint8Array>,
  sizing: Sizing,
  patch: number,
): Pixels<Float32Array> {
  return version === 2 ? cubicFloats(picture, sizing, patch) : bytesTwice(picture, sizing, patch);
}

/** V2: floats, cubic both ways, neither clamped nor smoothed. */
function cubicFloats(picture: Pixels<Uint8Array>, sizing: Sizing, patch: number): Pixels<Float32Array> {
  const { inputSize, bound } = sizing;
  const ratios = [inputSize / picture.height, inputSize / picture.width];
  const scale = bound === "short" ? Math.max(...ratios) : Math.min(...ratios);
  const fit = (side: number) => {
    const nearest = roundHalfEven((scale * side) / patch) * patch;
    if (bound === "short") return nearest >= inputSize ? nearest : Math.ceil((scale * side) / patch) * patch;
    return Math.max(nearest <= inputSize ? nearest : Math.floor((scale * side) / patch) * patch, patch);
  };
  const size = checked({ width: fit(picture.width), height: fit(picture.height) }, picture, sizing);
  const resized = resizeFloats(picture, size.width, size.height, "bicubic");
  for (let i = 0; i < resized.data.length; i++) resized.data[i]! /= 255;
  return resized;
}

/** V3: bytes, first to the wanted side, then to whole patches; cubic where it grows, area where it shrinks. */
function bytesTwice(picture: Pixels<Uint8Array>, sizing: Sizing, patch: number): Pixels<Float32Array> {
  const { inputSize, bound } = sizing;
  const side = (bound === "long" ? Math.max : Math.min)(picture.width, picture.height);
  const scale = inputSize / side;
  const first = {
    width: Math.max(1, roundHalfEven(picture.width * scale)),
    height: Math.max(1, roundHalfEven(picture.height * scale)),
  };
  const nearest = (length: number) => Math.max(Math.floor(length / patch + 0.5) * patch, patch);
  const second = checked({ width: nearest(first.width), height: nearest(first.height) }, picture, sizing);
  const near = scale === 1 ? picture : resize(picture, first, scale > 1);
  const grows = second.width > first.width || second.height > first.height;
  const done =
    second.width === first.width && second.height === first.height ? near : resize(near, second, grows);
  return { ...done, data: Float32Array.from(done.data, (value) => value / 255) };
}

function resize(picture: Pixels<Uint8Array>, { width, height }: Size, grows: boolean): Pixels<Uint8Array> {
  return resizeOpenCv(picture, width, height, grows ? "cubic" : "area");
}

/** A map of the network at the picture's size, by the rule of the version's authors. */
export function resizeMap(version: 2 | 3, map: Float32Array, from: Size, to: Size): Float32Array {
  if (from.width === to.width && from.height === to.height) return map;
  const options = { alignCorners: version === 2 };
  return resizeFloats({ data: map, ...from, channels: 1 }, to.width, to.height, "bilinear", options).data;
}
