import { concat, conv2d, scope, split, type Tensor } from "../../../ffi/index.ts";
import { attention } from "../../nn/attention.ts";
import { computed } from "../../nn/computed.ts";
import { Conv2d, Pointwise } from "../../nn/conv.ts";
import { resize } from "../../nn/interpolate.ts";
import { Linear } from "../../nn/linear.ts";
import type { Weights } from "../../nn/weights.ts";

/** Side in pixels of a square that becomes one place of the encoder's first map. */
const fold = 4;
/** Of attention. */
const heads = 4;

const widths = (w: Weights) => count(w, "weight").map((i) => w.at(i).shape("weight")?.[0] ?? 0);

/** 0, 1, … as long as there is a tensor of that name below. */
function count(w: Weights, name: string): number[] {
  const found: number[] = [];
  while (w.at(found.length).has(name)) found.push(found.length);
  return found;
}

/** Two 3×3 convolutions around which the input goes. */
class Residual {
  readonly conv1: Conv2d;
  readonly conv2: Conv2d;

  constructor(w: Weights, channels: number) {
    this.conv1 = new Conv2d(w.at("conv1"), channels, channels, 3, { padding: 1 });
    this.conv2 = new Conv2d(w.at("conv2"), channels, channels, 3, { padding: 1 });
  }

  forward(x: Tensor): Tensor {
    const hidden = this.conv1.forward(x, { curve: "relu" });
    return this.conv2.forward(hidden, { residual: x }).relu();
  }
}

/** A wide depthwise convolution, what the whole picture has on average, and a two-layer network at each place. */
class Mix {
  readonly depthwise: { readonly weight: Tensor; readonly bias: Tensor; readonly padding: number };
  readonly context: Linear;
  readonly expand: Pointwise;
  readonly project: Pointwise;

  constructor(w: Weights, channels: number) {
    const depthwise = w.at("depthwise");
    const kernel = depthwise.shape("weight")?.[2] ?? 1;
    this.depthwise = {
      weight: depthwise.take("weight", [channels, 1, kernel, kernel], (t) => t.transpose(0, 2, 3, 1)),
      bias: depthwise.take("bias", [channels]),
      padding: (kernel - 1) / 2,
    };
    this.context = new Linear(w.at("context"), channels, channels);
    const hidden = w.at("expand").shape("weight")?.[0] ?? 0;
    this.expand = new Pointwise(w.at("expand"), channels, hidden);
    this.project = new Pointwise(w.at("project"), hidden, channels);
  }

  forward(x: Tensor): Tensor {
    const { weight, bias, padding } = this.depthwise;
    const near = conv2d(x, weight, { bias, padding, groups: x.shape[3]! });
    const y = near.add(this.context.forward(x.mean([1, 2], true)));
    return this.project.forward(this.expand.forward(y, { curve: "relu" }), { residual: x });
  }
}

/** Attention: each place takes from all others what its question asks for. */
class Look {
  readonly ask: Pointwise;
  readonly project: Pointwise;

  constructor(
    w: Weights,
    readonly channels: number,
  ) {
    this.ask = new Pointwise(w.at("ask"), channels, 3 * channels);
    this.project = new Pointwise(w.at("project"), channels, channels);
  }

  forward(x: Tensor): Tensor {
    const [batch, rows, columns] = x.shape as [number, number, number];
    const head = this.channels / heads;
    const [q, k, v] = split(this.ask.forward(x), 3, 3).map((part) =>
      part.reshape(batch, rows * columns, heads, head).transpose(0, 2, 1, 3),
    ) as [Tensor, Tensor, Tensor];
    const seen = attention(q, k, v, head ** -0.5).transpose(0, 2, 1, 3);
    return this.project.forward(seen.reshape(batch, rows, columns, this.channels), { residual: x });
  }
}

/** The block that a stage's tensors make, or nothing without tensors. */
function blockOf(w: Weights, channels: number): Residual | Mix | Look | undefined {
  if (w.has("conv1.weight")) return new Residual(w, channels);
  if (w.has("depthwise.weight")) return new Mix(w, channels);
  return w.has("ask.weight") ? new Look(w, channels) : undefined;
}

/** The blocks 0, 1, … of a stage. */
function blocksOf(w: Weights, channels: number): (Residual | Mix | Look)[] {
  const blocks: (Residual | Mix | Look)[] = [];
  for (let block = blockOf(w.at(0), channels); block; block = blockOf(w.at(blocks.length), channels))
    blocks.push(block);
  return blocks;
}

class Encoder {
  readonly down: readonly Conv2d[];
  readonly stages: readonly (readonly (Residual | Mix | Look)[])[];

  constructor(
    w: Weights,
    readonly channels: readonly number[],
  ) {
    this.down = channels.map(
      (c, i) =>
        new Conv2d(w.at("down").at(i), channels[i - 1] ?? 3 * fold * fold, c, 3, {
          stride: i === 0 ? 1 : 2,
          padding: 1,
        }),
    );
    this.stages = channels.map((c, i) => blocksOf(w.at("stages").at(i), c));
  }

  /** Blocks, which are computed one by one. */
  get blocks(): number {
    return this.stages.reduce((sum, stage) => sum + 1 + stage.length, 0);
  }

  forward(x: Tensor, step: () => void): Tensor[] {
    const taps: Tensor[] = [];
    let at = unshuffle(x);
    for (const [i, down] of this.down.entries()) {
      const before = at;
      at = computed(() => down.forward(before, { curve: "relu" }));
      step();
      for (const block of this.stages[i]!) {
        const input = at;
        at = computed(() => block.forward(input));
        step();
        input[Symbol.dispose]();
      }
      taps.push(at);
    }
    return taps;
  }
}

class Decoder {
  readonly lateral: readonly Pointwise[];
  readonly reduce: readonly Pointwise[];
  readonly fuse: readonly (Residual | Conv2d)[];
  readonly head: Conv2d;

  constructor(w: Weights, channels: readonly number[]) {
    const outer = widths(w.at("lateral"));
    this.lateral = channels.map((c, i) => new Pointwise(w.at("lateral").at(i), c, outer[i] ?? 0));
    const inner = outer.slice(0, -1);
    this.reduce = inner.map((c, i) => new Pointwise(w.at("reduce").at(i), outer[i + 1]!, c));
    this.fuse = inner.map((c, i) => {
      const fuse = w.at("fuse").at(i);
      return fuse.has("conv1.weight") ? new Residual(fuse, c) : new Conv2d(fuse, c, c, 3, { padding: 1 });
    });
    this.head = new Conv2d(w.at("head"), inner[0] ?? 0, 4, 3, { padding: 1 });
  }

  forward(taps: readonly Tensor[], step: () => void): Tensor {
    let x = this.lateral.at(-1)!.forward(taps.at(-1)!);
    for (let i = this.fuse.length - 1; i >= 0; i--) {
      const deeper = x;
      x = computed(() => {
        const finer = twice(this.reduce[i]!.forward(deeper)).add(this.lateral[i]!.forward(taps[i]!));
        return this.fuse[i]!.forward(finer.relu()).relu();
      });
      step();
      deeper[Symbol.dispose]();
      taps[i]![Symbol.dispose]();
    }
    return shuffle(this.head.forward(x));
  }
}

export class Network {
  readonly encoder: Encoder;
  readonly decoder: Decoder;

  constructor(w: Weights) {
    const encoder = w.at("encoder");
    const channels = widths(encoder.at("down"));
    // A file of something else is refused by what is missing of the smallest network.
    this.encoder = new Encoder(encoder, channels.length > 0 ? channels : [1]);
    this.decoder = new Decoder(w.at("decoder"), this.encoder.channels);
  }

  /** How often `forward` calls `step`. */
  get steps(): number {
    return this.encoder.blocks + this.decoder.fuse.length;
  }

  /**
   * Runs [1, rows, columns, 3], normalized, with sides that are multiples of the stride; gives rows × columns: the mean of the
   * answers for the picture and for its mirror image.
   */
  forward(pixels: Tensor, step: (done: number) => void): Float32Array {
    let done = 0;
    const next = () => step(++done);
    return scope(() => {
      const both = concat([pixels, pixels.flip(2)], 0);
      const half = this.decoder.forward(this.encoder.forward(both, next), next).relu();
      return twice(half.at(0).add(half.at(1).flip(1)).mul(0.5).expandDims(0)).read("float32");
    });
  }
}

const twice = (x: Tensor) => resize(x, 2 * x.shape[1]!, 2 * x.shape[2]!, "bilinear");

/** Squares of pixels become channels: [n, rows, columns, c] to [n, rows / fold, columns / fold, c · fold²]. */
function unshuffle(x: Tensor): Tensor {
  const [n, rows, columns, c] = x.shape as [number, number, number, number];
  return x
    .reshape(n, rows / fold, fold, columns / fold, fold, c)
    .transpose(0, 1, 3, 5, 2, 4)
    .reshape(n, rows / fold, columns / fold, c * fold * fold);
}

/** Four channels become squares of 2×2 pixels. */
function shuffle(x: Tensor): Tensor {
  const [n, rows, columns] = x.shape as [number, number, number];
  return x
    .reshape(n, rows, columns, 2, 2)
    .transpose(0, 1, 3, 2, 4)
    .reshape(n, 2 * rows, 2 * columns, 1);
}
