/**
 * The steps from a picture to a larger one, over the two networks. Pictures are bytes or numbers in −1 … 1, rows of pixels.
 *
 * @module
 */
import { concat, full, random, scope, Tensor } from "../../../ffi/index.ts";
import { type Pixels, resizePillow } from "../../images/pixels.ts";
import { type Grid, tilesOf } from "../../images/tiles.ts";
import { tileByTile } from "../../nn/tiled.ts";
import { type ColorFix, fixColors } from "./color.ts";
import type { Transformer } from "./transformer.ts";
import type { Vae } from "./vae.ts";

export type Step = (done: number, total: number) => void;

/** The coder halves a side three times, and the transformer takes latents in twos. */
const cell = 8;
export const multiple = 16;
const timestep = 1000;

export interface Tiling {
  /** Pixels of a tile's side, and how many of them neighbours share. */
  tile: number;
  overlap: number;
}

/** The picture at the size of the result; softness blurs it by going through a smaller one. */
export function enlarge(
  from: Pixels<Uint8Array>,
  width: number,
  height: number,
  softness: number,
): Pixels<Uint8Array<ArrayBuffer>> {
  const factor = 1 + 7 * Math.min(Math.max(softness, 0), 1);
  if (factor === 1) return resizePillow(from, width, height, "bicubic");
  const smaller = (side: number) => Math.max(2, Math.trunc(side / factor));
  return resizePillow(
    resizePillow(from, smaller(width), smaller(height), "bicubic"),
    width,
    height,
    "bicubic",
  );
}

/** −1 … 1, with black to the right and below up to a multiple of 16. */
function padded({ data, width, height }: Pixels<Uint8Array>): Tensor {
  const up = (side: number) => Math.ceil(side / multiple) * multiple - side;
  return Tensor.from(data, [height, width, 3])
    .pad([0, 0, 0], [up(height), up(width), 0])
    .astype("float32")
    .div(255)
    .mul(2)
    .sub(1);
}

/** The picture's latents, tile by tile. */
export function encode(
  vae: Vae,
  picture: Pixels<Uint8Array>,
  { tile, overlap }: Tiling,
  step: Step = () => {},
): Grid {
  return scope(() => {
    const pixels = padded(picture);
    const [rows, columns] = [pixels.shape[0]! / cell, pixels.shape[1]! / cell];
    const alone = pixels.shape[0]! <= tile && pixels.shape[1]! <= tile;
    const tiles = alone
      ? tilesOf(rows, columns, Math.max(rows, columns), 0)
      : tilesOf(rows, columns, tile / cell, overlap / cell);
    return tileByTile(
      tiles,
      ({ top, left, ...size }) =>
        vae.encode(
          pixels.slice([top * cell, left * cell], [(top + size.rows) * cell, (left + size.columns) * cell]),
        ),
      { rows, columns, channels: 16, overlap: overlap / cell, step },
    );
  });
}

/** One step from noise: the latents of the larger picture. */
export function denoise(
  transformer: Transformer,
  low: Grid,
  text: { data: Float32Array; tokens: number },
  seed: number,
  step: Step = () => {},
): Grid {
  const { rows, columns, channels } = low;
  return scope(() => {
    const condition = Tensor.from(low.data, [rows, columns, channels]);
    // Made in the order [channels, rows, columns]: the seed's numbers are those of other programs on MLX.
    const noise = random
      .normal([1, channels, 1, rows, columns], random.key(seed))
      .reshape(channels, rows, columns);
    const start = noise.transpose(1, 2, 0);
    const mask = full([rows, columns, 1], 1);
    const words = Tensor.from(text.data, [text.tokens, text.data.length / text.tokens]);
    const predicted = transformer.forward(concat([start, condition, mask], 2), words, timestep, step);
    return {
      rows,
      columns,
      channels,
      data: start.sub(predicted).read("float32") as Float32Array<ArrayBuffer>,
    };
  });
}

/**
 * Decodes latents tile by tile to bytes, cut to size, with the colours of `style`. Bytes cannot hold NaN, so `look` sees each tile
 * before the conversion.
 */
export function decode(
  vae: Vae,
  latents: Grid,
  style: Pixels<Uint8Array>,
  how: ColorFix,
  { tile, overlap }: Tiling,
  step: Step = () => {},
  look: (values: Float32Array) => void = () => {},
): Uint8Array {
  const { rows, columns, channels } = latents;
  const { width, height } = style;
  return scope(() => {
    const z = Tensor.from(latents.data, [rows, columns, channels]);
    const tiles = tilesOf(rows, columns, tile / cell, overlap / cell);
    const whole = tileByTile(
      tiles,
      ({ top, left, ...size }) => vae.decode(z.slice([top, left], [top + size.rows, left + size.columns])),
      { rows: rows * cell, columns: columns * cell, channels: 3, overlap, scale: cell, step, look },
    );
    const picture = Tensor.from(whole.data, [whole.rows, whole.columns, 3]).slice([], [height, width, 3]);
    const wanted = Tensor.from(style.data, [height, width, 3]).astype("float32").div(255).mul(2).sub(1);
    const fixed = how === "none" ? picture : fixColors(picture, wanted, how);
    return fixed.div(2).add(0.5).clip(0, 1).mul(255).round().astype("uint8").read("uint8");
  });
}
