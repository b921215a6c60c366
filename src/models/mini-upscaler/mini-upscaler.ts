/**
 * The upscaler that comes with the program, to try it out: a small convolutional network. `tools/mini-upscaler` trains it.
 *
 * @module
 */
import { clearCache, Tensor } from "../../../ffi/index.ts";
import { type Pixels, resizePillow } from "../../images/pixels.ts";
import { network } from "../../nn/network.ts";
import { Checkpoint } from "../../weights/checkpoint.ts";
import { type Factor, factorFor, margin, tileOf } from "./memory.ts";
import { Network } from "./network.ts";

export interface LoadOptions {
  /** Called with every tensor that is taken; may throw to stop. */
  step?: (done: number, total: number) => void;
}

type Picture = Pixels<Uint8Array>;

export interface Enlargement {
  width: number;
  height: number;
  /** From 0 to 1: how much of the input's sharpness is blurred away before. */
  softness: number;
}

export class MiniUpscaler implements Disposable {
  readonly #network: Network;
  readonly #weights: Disposable;

  constructor(
    network: Network,
    weights: Disposable,
    readonly bytes: number,
  ) {
    this.#network = network;
    this.#weights = weights;
  }

  static load(paths: readonly string[], { step }: LoadOptions = {}): MiniUpscaler {
    using checkpoint = Checkpoint.open(paths);
    return network(
      checkpoint,
      { dtype: "float32", ...(step && { step }) },
      (weights) => new MiniUpscaler(new Network(weights), weights, weights.bytes),
    );
  }

  /**
   * The picture at another size. The network makes the smallest of its enlargements that reaches it; from there, and where nothing
   * grows, it is resized. `step` is called after each tile and may throw to stop.
   */
  upscale(
    picture: Picture,
    { width, height, softness }: Enlargement,
    step: (done: number, total: number) => void = () => {},
  ): Uint8Array {
    const factor = factorFor(Math.max(width / picture.width, height / picture.height));
    const soft = soften(picture, width, height, softness);
    if (factor === undefined) {
      step(1, 1);
      return resizePillow(soft, width, height, "lanczos").data;
    }
    const large = this.enlarge(soft, factor, step);
    return large.width === width && large.height === height
      ? large.data
      : resizePillow(large, width, height, "lanczos").data;
  }

  /** The picture `factor` times as wide and high, tile by tile. Tiles see their surroundings, so their size changes nothing. */
  enlarge(picture: Picture, factor: Factor, step: (done: number, total: number) => void = () => {}): Picture {
    const { width, height } = picture;
    const { columns, rows } = tileOf(picture);
    const out = new Uint8Array(width * height * factor ** 2 * 3);
    const total = Math.ceil(width / columns) * Math.ceil(height / rows);
    let done = 0;
    for (let top = 0; top < height; top += rows)
      for (let left = 0; left < width; left += columns) {
        const tile = {
          top,
          left,
          rows: Math.min(rows, height - top),
          columns: Math.min(columns, width - left),
        };
        using pixels = Tensor.from(cut(picture, tile), [
          tile.rows + 2 * margin,
          tile.columns + 2 * margin,
          3,
        ]);
        const made = this.#network.forward(pixels, factor, margin);
        const length = tile.columns * factor * 3;
        for (let y = 0; y < tile.rows * factor; y++)
          out.set(
            made.subarray(y * length, (y + 1) * length),
            ((top * factor + y) * width + left) * factor * 3,
          );
        clearCache();
        step(++done, total);
      }
    return { data: out, width: width * factor, height: height * factor, channels: 3 };
  }

  [Symbol.dispose]() {
    this.#weights[Symbol.dispose]();
  }
}

/** Blurs by going through a smaller picture, as the family's other models do at the size of the result. */
function soften(picture: Picture, width: number, height: number, softness: number): Picture {
  const factor = 1 + 7 * Math.min(Math.max(softness, 0), 1);
  const smaller = (from: number, to: number) => Math.min(from, Math.max(2, Math.trunc(to / factor)));
  const [w, h] = [smaller(picture.width, width), smaller(picture.height, height)];
  if (factor === 1 || (w === picture.width && h === picture.height)) return picture;
  return resizePillow(resizePillow(picture, w, h, "bicubic"), picture.width, picture.height, "bicubic");
}

/** Pixels of a tile with its margin; the picture's edge goes on beyond it. */
function cut(
  { data, width, height }: Picture,
  { top, left, rows, columns }: { top: number; left: number; rows: number; columns: number },
): Uint8Array {
  const out = new Uint8Array((rows + 2 * margin) * (columns + 2 * margin) * 3);
  let at = 0;
  for (let y = top - margin; y < top + rows + margin; y++) {
    const row = Math.min(Math.max(y, 0), height - 1) * width;
    for (let x = left - margin; x < left + columns + margin; x++) {
      const from = 3 * (row + Math.min(Math.max(x, 0), width - 1));
      out[at++] = data[from]!;
      out[at++] = data[from + 1]!;
      out[at++] = data[from + 2]!;
    }
  }
  return out;
}
