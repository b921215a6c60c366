/**
 * The depth model that comes with the program, to try it out: a small convolutional encoder and decoder. `tools/mini/net.py` is
 * the same network, and trains it.
 *
 * @module
 */
import { Tensor } from "../../../ffi/index.ts";
import { type Pixels, resizeFloats } from "../../images/pixels.ts";
import { Weights } from "../../nn/weights.ts";
import { Checkpoint } from "../../weights/checkpoint.ts";
import { Network, stride } from "./network.ts";

export interface LoadOptions {
  /** Told of every tensor that is taken; may throw to stop. */
  step?: (done: number, total: number) => void;
}

interface Size {
  width: number;
  height: number;
}

export interface Sizing {
  inputSize: number;
  /** Which side of the picture that is. */
  bound: "short" | "long";
}

/** What it was trained for, and how far from that its short side may be. */
export const usualSizing: Sizing = { inputSize: 192, bound: "short" };
const [leastSide, mostSide] = [96, 320];
/** A very long and thin picture is seen squeezed. */
const mostPixels = 2 ** 20;

const mean = [0.485, 0.456, 0.406];
const deviation = [0.229, 0.224, 0.225];

export class MiniDepth implements Disposable {
  readonly #network: Network;
  readonly #weights: Weights;

  private constructor(network: Network, weights: Weights) {
    this.#network = network;
    this.#weights = weights;
  }

  static load(paths: readonly string[], { step }: LoadOptions = {}): MiniDepth {
    using checkpoint = Checkpoint.open(paths);
    const weights = new Weights(checkpoint, { dtype: "float32", ...(step && { step }) });
    try {
      const network = new Network(weights);
      checkpoint.done();
      return new MiniDepth(network, weights);
    } catch (error) {
      weights[Symbol.dispose]();
      throw error;
    }
  }

  get bytes(): number {
    return this.#weights.bytes;
  }

  /** Runs a picture as {@linkcode preprocess} makes it. Relative inverse depth at the picture's size, at least 0. */
  predict(picture: Pixels<Float32Array>): Float32Array {
    const { data, width, height } = picture;
    const normalized = data.map((value, i) => (value - mean[i % 3]!) / deviation[i % 3]!);
    using pixels = Tensor.from(normalized, [1, height, width, 3]);
    return this.#network.forward(pixels);
  }

  [Symbol.dispose]() {
    this.#weights[Symbol.dispose]();
  }
}

/** The size that the network sees a picture in: the named side near `inputSize`, both in whole steps of the network. */
export function sizeSeen({ width, height }: Size, { inputSize, bound }: Sizing): Size {
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  const wanted = inputSize / (bound === "short" ? short : long);
  const useful = Math.min(Math.max(wanted, leastSide / short), mostSide / short);
  const scale = Math.min(useful, Math.sqrt(mostPixels / (width * height)));
  const fit = (length: number) => Math.max(Math.round((length * scale) / stride), 1) * stride;
  return { width: fit(width), height: fit(height) };
}

/** RGB values from 0 to 1 at the network's size. */
export function preprocess(picture: Pixels<Uint8Array>, sizing = usualSizing): Pixels<Float32Array> {
  const size = sizeSeen(picture, sizing);
  const resized = resizeFloats(picture, size.width, size.height, "bilinear", { antialias: true });
  for (let i = 0; i < resized.data.length; i++) resized.data[i]! /= 255;
  return resized;
}

/** A map of the network at another size. */
export function resizeMap(map: Float32Array, from: Size, to: Size): Float32Array {
  if (from.width === to.width && from.height === to.height) return map;
  return resizeFloats({ ...from, data: map, channels: 1 }, to.width, to.height, "bilinear").data;
}
