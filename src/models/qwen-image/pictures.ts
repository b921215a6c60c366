/**
 * Pictures as the networks want them: bytes resized as Pillow does, numbers in −1 … 1 for the picture coder, patches for the
 * language model's eyes.
 *
 * @module
 */
import { Tensor } from "../../../ffi/index.ts";
import { type Pixels, resizePillow } from "../../images/pixels.ts";
import { roundHalfEven } from "../../images/round.ts";
import type { Size } from "../diffusion/tokens.ts";
import type { VisionConfig } from "./config.ts";
import type { Patches } from "./vision.ts";

/** Pixels at which the language model sees a picture. */
export const seenPixels = 384 * 384;

const side = 32;

/** The size of about `area` pixels that keeps a picture's aspect, in steps of 32. */
export function sizeOfArea({ width, height }: Size, area: number): Size {
  const ratio = width / height;
  const wide = Math.sqrt(area * ratio);
  const round = (pixels: number) => Math.max(side, roundHalfEven(pixels / side) * side);
  return { width: round(wide), height: round(wide / ratio) };
}

export const resized = (from: Pixels<Uint8Array>, { width, height }: Size) =>
  resizePillow(from, width, height, "lanczos");

/** [rows, columns, 3] in −1 … 1. */
export function tensorOf({ data, width, height }: Pixels<Uint8Array>): Tensor {
  return Tensor.from(data, [height, width, 3]).astype("float32").div(255).mul(2).sub(1);
}

const mean = [0.48145466, 0.4578275, 0.40821073];
const deviation = [0.26862954, 0.26130258, 0.27577711];
const fewest = 56 * 56;
const most = 28 * 28 * 16384;

/** A picture cut into patches, which come in squares, after a resize that makes them fit. */
export function patchesOf(picture: Pixels<Uint8Array>, config: VisionConfig): Patches {
  const { patch_size: patch, spatial_merge_size: merge, temporal_patch_size: frames } = config;
  const { width, height } = fitting(picture, patch * merge);
  const { data } = resizePillow(picture, width, height, "bicubic");
  const [rows, columns] = [height / patch, width / patch];
  const values = Tensor.from(data, [height, width, 3])
    .astype("float32")
    .div(255)
    .sub(Tensor.from(mean))
    .div(Tensor.from(deviation))
    .reshape(rows / merge, merge, patch, columns / merge, merge, patch, 3)
    .transpose(0, 3, 1, 4, 6, 2, 5)
    .reshape(rows * columns, 3, 1, patch * patch)
    // A still is a film of equal frames.
    .broadcastTo(rows * columns, 3, frames, patch * patch)
    .reshape(rows * columns, 3 * frames * patch * patch);
  return { values, rows, columns };
}

/** Sides that the squares of patches divide, within the limits of what the model has seen. */
function fitting({ width, height }: Size, step: number): Size {
  const near = (pixels: number) => Math.max(step, roundHalfEven(pixels / step) * step);
  const pixels = near(width) * near(height);
  if (pixels >= fewest && pixels <= most) return { width: near(width), height: near(height) };
  const scale = Math.sqrt((pixels > most ? most : fewest) / (width * height));
  const round = pixels > most ? Math.floor : Math.ceil;
  const fit = (pixels: number) => Math.max(step, round((pixels * scale) / step) * step);
  return { width: fit(width), height: fit(height) };
}
