/**
 * The layers of a picture coder. Each takes a map that is there in strips and gives the next one in strips: no convolution and no norm
 * has a second whole map in memory besides what it reads and what it writes.
 *
 * @module
 */
import { concat, evaluate, scope, sdpa, type Tensor } from "../../../ffi/index.ts";
import { Conv2d, Pointwise } from "../../nn/conv.ts";
import { onGpu } from "../../nn/device.ts";
import { GroupNorm } from "../../nn/group-norm.ts";
import { Linear } from "../../nn/linear.ts";
import { conv3x3, each, enlarged, halved, held, type Rows, type Strips, strips } from "../../nn/rows.ts";
import type { Weights } from "../../nn/weights.ts";

export interface Run {
  /** Told the share that is done. May throw to stop. */
  step(share: number): void;
  /** Size of a strip. */
  bytes: number;
}

export interface Layer {
  /** How much work a pixel of its input is, to compare layers. */
  readonly work: number;
  /** The new map belongs to the caller; the old one stays. */
  run(x: Rows, how: Run): Strips;
}

const eps = 1e-6;
/** A GPU works on many rows at once; a processor's caches hold few. */
export const stripBytes = () => (onGpu() ? 256e6 : 12e6);

/** Computes a map, whose work is the part `from` … `to` of a layer's. */
function made(map: Rows, channels: number, { step, bytes }: Run, [from, to] = [0, 1]): Strips {
  return strips(map, channels, (done, total) => step(from! + ((to! - from!) * done) / total), bytes);
}

export const conv = (w: Weights, inputs: number, outputs: number) =>
  new Conv2d(w, inputs, outputs, 3, { padding: 1 });

export class Convolution implements Layer {
  readonly conv: Conv2d;
  readonly work: number;

  constructor(
    w: Weights,
    inputs: number,
    readonly outputs: number,
  ) {
    this.conv = conv(w, inputs, outputs);
    this.work = 9 * inputs * outputs;
  }

  run(x: Rows, how: Run): Strips {
    return made(conv3x3(x, this.conv), this.outputs, how);
  }
}

export class Resnet implements Layer {
  readonly norm1: GroupNorm;
  readonly conv1: Conv2d;
  readonly norm2: GroupNorm;
  readonly conv2: Conv2d;
  readonly conv_shortcut: Pointwise | null;
  readonly work: number;

  constructor(
    w: Weights,
    inputs: number,
    readonly outputs: number,
    groups: number,
  ) {
    this.norm1 = new GroupNorm(w.at("norm1"), inputs, groups, eps);
    this.conv1 = conv(w.at("conv1"), inputs, outputs);
    this.norm2 = new GroupNorm(w.at("norm2"), outputs, groups, eps);
    this.conv2 = conv(w.at("conv2"), outputs, outputs);
    this.conv_shortcut = inputs === outputs ? null : new Pointwise(w.at("conv_shortcut"), inputs, outputs);
    this.work = 9 * outputs * (inputs + outputs);
  }

  run(x: Rows, how: Run): Strips {
    const { conv_shortcut: shortcut, outputs } = this;
    const half = this.conv1.weight.size / (this.conv1.weight.size + this.conv2.weight.size);
    using hidden = made(
      conv3x3(this.norm1.over(x, { silu: true, bytes: how.bytes }), this.conv1),
      outputs,
      how,
      [0, half],
    );
    const residual = shortcut ? each(x, (pixels) => shortcut.forward(pixels)) : x;
    const normed = this.norm2.over(hidden, { silu: true, bytes: how.bytes });
    return made(conv3x3(normed, this.conv2, { residual }), outputs, how, [half, 1]);
  }
}

/** Bytes of scores that are held at a time. No fused attention has heads as wide as a map. */
const scoreBytes = 64e6;

/** One head over all pixels, added to what came in. */
export class Attention implements Layer {
  readonly group_norm: GroupNorm;
  readonly to_q: Linear;
  readonly to_k: Linear;
  readonly to_v: Linear;
  readonly to_out: Linear;
  readonly work: number;

  constructor(
    w: Weights,
    readonly width: number,
    groups: number,
  ) {
    const linear = (place: Weights) => new Linear(place, width, width);
    this.group_norm = new GroupNorm(w.at("group_norm"), width, groups, eps);
    this.to_q = linear(w.at("to_q"));
    this.to_k = linear(w.at("to_k"));
    this.to_v = linear(w.at("to_v"));
    this.to_out = linear(w.at("to_out").at(0));
    this.work = 16 * width * width;
  }

  run(x: Rows, how: Run): Strips {
    const { height, width } = x;
    const out = scope(() => {
      const tokens = this.group_norm
        .over(x)
        .rows(0, height)
        .reshape(1, 1, height * width, this.width);
      const [q, k, v] = [this.to_q, this.to_k, this.to_v].map((to) => to.forward(tokens));
      evaluate(q!, k!, v!);
      const met = this.#attend(q!, k!, v!, how);
      const out = this.to_out.forward(met).reshape(1, height, width, this.width).add(x.rows(0, height));
      evaluate(out);
      return out;
    });
    return { ...held(out), [Symbol.dispose]: () => out[Symbol.dispose]() };
  }

  #attend(q: Tensor, k: Tensor, v: Tensor, { step }: Run): Tensor {
    const length = q.shape[2]!;
    const rows = Math.max(1, Math.floor(scoreBytes / (4 * length)));
    const parts: Tensor[] = [];
    for (let from = 0; from < length; from += rows) {
      const to = Math.min(from + rows, length);
      const part = scope(() => sdpa(q.slice([0, 0, from], [1, 1, to]), k, v, { scale: this.width ** -0.5 }));
      evaluate(part);
      parts.push(part);
      step(to / length);
    }
    return concat(parts, 2);
  }
}

/** Half the rows and columns. */
export class Downsampler implements Layer {
  readonly conv: Conv2d;
  readonly work: number;

  constructor(
    w: Weights,
    readonly width: number,
  ) {
    this.conv = new Conv2d(w.at("conv"), width, width, 3, { stride: 2 });
    this.work = (9 * width * width) / 4;
  }

  run(x: Rows, how: Run): Strips {
    return made(halved(x, this.conv), this.width, how);
  }
}

/** Twice the rows and columns. */
export class Upsampler implements Layer {
  readonly conv: Conv2d;
  readonly work: number;

  constructor(
    w: Weights,
    readonly width: number,
  ) {
    this.conv = conv(w.at("conv"), width, width);
    this.work = 4 * 9 * width * width;
  }

  run(x: Rows, how: Run): Strips {
    return made(conv3x3(enlarged(x, 2), this.conv), this.width, how);
  }
}

/** Norm, silu and the last convolution. */
export class Ending implements Layer {
  readonly norm: GroupNorm;
  readonly conv: Conv2d;
  readonly work: number;

  constructor(
    w: Weights,
    width: number,
    readonly outputs: number,
    groups: number,
  ) {
    this.norm = new GroupNorm(w.at("conv_norm_out"), width, groups, eps);
    this.conv = conv(w.at("conv_out"), width, outputs);
    this.work = 9 * width * outputs;
  }

  run(x: Rows, how: Run): Strips {
    return made(conv3x3(this.norm.over(x, { silu: true, bytes: how.bytes }), this.conv), this.outputs, how);
  }
}
