/**
 * The depth model that comes with the program, to try it out: a small convolutional encoder and decoder. `tools/mini/net.py` is
 * the same network, and trains it.
 *
 * @module
 */
import { Tensor } from "../../../ffi/index.ts";
import { type Pixels, resizeFloats } from "../../images/pixels.ts";
import type { Size, Sizing } from "../../images/sizing.ts";
import { network } from "../../nn/network.ts";
import { Checkpoint } from "../../weights/checkpoint.ts";
import { sharpen } from "./edges.ts";
import { sizeSeen, usualSizing } from "./memory.ts";
import { Network } from "./network.ts";

export interface LoadOptions {
  /** Called with every tensor that is taken; may throw to stop. */
  step?: (done: number, total: number) => void;
}

/** Relative inverse depth at the size that the network saw, at least 0. */
export interface Prediction extends Size {
  depth: Float32Array;
}

/** The picture that a map is of: as `preprocess` makes it, and as it came. */
export interface Pictures {
  seen: Pixels<Float32Array>;
  whole: Pixels<Uint8Array>;
}

const mean = [0.485, 0.456, 0.406];
const deviation = [0.229, 0.224, 0.225];

/** Has the interface of Depth Anything, whose task runs it. */
export class MiniDepth implements Disposable {
  readonly precision = "float32";
  readonly #network: Network;
  readonly #weights: Disposable;

  private constructor(
    network: Network,
    weights: Disposable,
    readonly bytes: number,
  ) {
    this.#network = network;
    this.#weights = weights;
  }

  static load(paths: readonly string[], { step }: LoadOptions = {}): MiniDepth {
    using checkpoint = Checkpoint.open(paths);
    return network(
      checkpoint,
      { dtype: "float32", ...(step && { step }) },
      (weights) => new MiniDepth(new Network(weights), weights, weights.bytes),
    );
  }

  /** Number of times that a run calls `step`. */
  get steps(): number {
    return this.#network.steps;
  }

  unit(): "relative_inverse" {
    return "relative_inverse";
  }

  /** RGB values from 0 to 1 at the network's size. */
  preprocess(picture: Pixels<Uint8Array>, sizing: Partial<Sizing> = {}): Pixels<Float32Array> {
    const { inputSize = usualSizing.inputSize, bound = usualSizing.bound } = sizing;
    const size = sizeSeen(picture, { inputSize, bound });
    const resized = resizeFloats(picture, size.width, size.height, "bilinear", { antialias: true });
    for (let i = 0; i < resized.data.length; i++) resized.data[i]! /= 255;
    return resized;
  }

  /** A map of the network at another size, with edges where the picture has them. */
  resizeMap(map: Float32Array, from: Size, to: Size, { seen, whole }: Pictures): Float32Array {
    if (from.width === to.width && from.height === to.height) return map;
    const sharp = sharpen({ ...from, data: map }, seen, whole);
    if (whole.width === to.width && whole.height === to.height) return sharp;
    const resized = resizeFloats(
      { ...whole, data: sharp, channels: 1 },
      to.width,
      to.height,
      "bilinear",
    ).data;
    // Its memory goes back at once, before the large map is drawn.
    sharp.buffer.transfer(0);
    return resized;
  }

  /** Runs a picture as `preprocess` makes it. `step` is called after each block and may throw to stop. */
  predict(
    { data, width, height }: { data: Float32Array } & Size,
    { step = () => {} }: { step?: (done: number) => void } = {},
  ): Prediction {
    const normalized = data.map((value, i) => (value - mean[i % 3]!) / deviation[i % 3]!);
    using pixels = Tensor.from(normalized, [1, height, width, 3]);
    return { width, height, depth: this.#network.forward(pixels, step) };
  }

  [Symbol.dispose]() {
    this.#weights[Symbol.dispose]();
  }
}
