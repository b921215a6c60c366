import { concat, evaluate, gated, layerNorm, rmsNorm, scope, Tensor } from "../../../ffi/index.ts";
import { attention } from "../../nn/attention.ts";
import { Linear } from "../../nn/linear.ts";
import { type PairRotation, rotatePairs } from "../../nn/rope.ts";
import type { Weights } from "../../nn/weights.ts";
import { type Grid, type Place, placesOf, rotationOf } from "../diffusion/rotations.ts";
import type { Pass } from "../diffusion/step-cache.ts";
import { type Step, wavesOf } from "../diffusion/tokens.ts";
import type { ZImageConfig } from "./config.ts";

/** Tokens of both streams come in multiples of this. What is added is learned, and attended to. */
const multiple = 32;
const waves = 256;
const finalEps = 1e-6;

const filled = (length: number) => Math.ceil(length / multiple) * multiple;

/** A caption as the layers want it, and where its tokens and those of the picture stand. */
export interface Side {
  /** [tokens, width], refined. */
  caption: Tensor;
  /** Of the picture's tokens, and of both streams together. */
  rope: { image: PairRotation; all: PairRotation };
}

export type Tap = (name: string, x: Tensor) => void;

/** Z-Image's network: picture and caption are one stream of tokens, after some layers for each of them alone. */
export class ZImageTransformer implements Disposable {
  readonly #x_embedder: Linear;
  readonly #x_pad_token: Tensor;
  readonly #cap_pad_token: Tensor;
  readonly #cap_norm: Tensor;
  readonly #cap_embedder: Linear;
  readonly #t_embedder: readonly [Linear, Linear];
  readonly #noise_refiner: readonly Block[];
  readonly #context_refiner: readonly Block[];
  readonly #layers: readonly Block[];
  readonly #final: { adaLN_modulation: Linear; linear: Linear };

  constructor(
    private readonly weights: Weights,
    readonly config: ZImageConfig,
  ) {
    const w = weights;
    const { width, caption, patch, time, timeHidden, layers, refiners } = config;
    this.#x_embedder = new Linear(w.at("all_x_embedder.2-1"), patch, width);
    this.#x_pad_token = w.take("x_pad_token", [1, width]);
    this.#cap_pad_token = w.take("cap_pad_token", [1, width]);
    this.#cap_norm = w.take("cap_embedder.0.weight", [caption]);
    this.#cap_embedder = new Linear(w.at("cap_embedder.1"), caption, width);
    this.#t_embedder = [
      new Linear(w.at("t_embedder.mlp.0"), waves, timeHidden),
      new Linear(w.at("t_embedder.mlp.2"), timeHidden, time),
    ];
    const blocks = (name: string, count: number, modulated = true) =>
      Array.from({ length: count }, (_, i) => new Block(w.at(name).at(i), config, modulated));
    this.#noise_refiner = blocks("noise_refiner", refiners);
    this.#context_refiner = blocks("context_refiner", refiners, false);
    this.#layers = blocks("layers", layers);
    const final = w.at("all_final_layer.2-1");
    this.#final = {
      adaLN_modulation: new Linear(final.at("adaLN_modulation.1"), time, width),
      linear: new Linear(final.at("linear"), width, patch),
    };
  }

  /** What a caption [tokens, channels] is at every step of a picture. */
  side(caption: Tensor, grid: Grid): Side {
    const { axes, theta, eps } = this.config;
    return scope(() => {
      const length = caption.shape[0]!;
      const [rows, columns] = grid;
      const text: Place[] = Array.from({ length: filled(length) }, (_, i) => [i + 1, 0, 0]);
      const image = placesOf(grid, (row, column) => [text.length + 1, row, column]);
      while (image.length < filled(rows * columns)) image.push([0, 0, 0]);
      const rope = (places: readonly Place[]) => rotationOf(places, axes, theta);
      const normed = rmsNorm(caption.astype(this.dtype), this.#cap_norm, eps);
      let x = padded(this.#cap_embedder.forward(normed), this.#cap_pad_token);
      const ofText = rope(text);
      for (const block of this.#context_refiner) x = block.forward(x, ofText, null);
      const side = { caption: x, rope: { image: rope(image), all: rope([...image, ...text]) } };
      evaluate(x);
      return side;
    });
  }

  /**
   * Tokens [tokens, channels] at an amount of noise to their velocity. `step` is told of each block and may throw to stop.
   */
  forward(
    latents: Tensor,
    sigma: number,
    side: Side,
    step: Step = () => {},
    tap: Tap = () => {},
    pass?: Pass,
  ): Tensor {
    const { timeScale, width } = this.config;
    const blocks = this.#noise_refiner.length + this.#layers.length;
    return scope(() => {
      // The network counts time from noise to picture.
      const value = Math.fround(Math.fround(1 - sigma) * timeScale);
      const embedded = Tensor.from(Float32Array.from(wavesOf(value, waves)), [1, waves]).astype(this.dtype);
      const time = this.#t_embedder[1].forward(this.#t_embedder[0].forward(embedded, { curve: "silu" }));
      const count = latents.shape[0]!;
      let x = padded(this.#x_embedder.forward(latents.astype(this.dtype)), this.#x_pad_token);
      this.#noise_refiner.forEach((block, i) => {
        const next = scope(() => block.forward(x, side.rope.image, time));
        evaluate(next);
        x.dispose();
        x = next;
        step(i + 1, blocks);
      });
      tap("refined", x);
      tap("context", side.caption);
      x = concat([x, side.caption], 0);
      const made = () => x.slice([], [count, width]);
      let known: Tensor | undefined;
      let first: Tensor[] = [];
      for (const [i, block] of this.#layers.entries()) {
        const before = pass && i === 0 ? [made()] : [];
        const next = scope(() => block.forward(x, side.rope.all, time));
        evaluate(next);
        x.dispose();
        x = next;
        tap(`block${i}`, x);
        if (pass && i === 0) {
          first = [made()];
          known = pass.shortcut(before, first)?.[0];
        }
        step(known ? blocks : this.#noise_refiner.length + i + 1, blocks);
        if (known) break;
      }
      const rows = known ?? made();
      if (!known) pass?.record(first, [rows]);
      const scale = this.#final.adaLN_modulation.forward(time.silu()).add(1);
      const last = layerNorm(rows, null, null, finalEps).mul(scale);
      const velocity = this.#final.linear.forward(last).astype("float32").neg();
      evaluate(velocity);
      return velocity;
    });
  }

  /** Layers by the names that the published files have. */
  get linears(): ReadonlyMap<string, Linear> {
    return this.weights.linears;
  }

  /** How its weights were loaded and are multiplied, for `params` of a job. */
  get ran() {
    const { bits, precision } = this.weights;
    return { bits, precision };
  }

  get dtype() {
    return this.weights.options.dtype;
  }

  [Symbol.dispose](): void {
    this.weights[Symbol.dispose]();
  }
}

/** Filled up to a multiple of tokens. */
function padded(x: Tensor, pad: Tensor): Tensor {
  const [count, width] = x.shape as [number, number];
  const rest = filled(count) - count;
  return rest === 0 ? x : concat([x, pad.broadcastTo(rest, width)], 0);
}

/** Attention and a gated MLP, each between two norms. */
class Block {
  readonly #attention: Attention;
  readonly #feed_forward: { w1: Linear; w2: Linear; w3: Linear };
  readonly #norms: { attention: readonly [Tensor, Tensor]; ffn: readonly [Tensor, Tensor] };
  readonly #adaLN_modulation: Linear | null;

  constructor(
    w: Weights,
    readonly config: ZImageConfig,
    modulated: boolean,
  ) {
    const { width, hidden, time } = config;
    this.#attention = new Attention(w.at("attention"), config);
    const feed = w.at("feed_forward");
    this.#feed_forward = {
      w1: new Linear(feed.at("w1"), width, hidden, { bias: false }),
      w2: new Linear(feed.at("w2"), hidden, width, { bias: false }),
      w3: new Linear(feed.at("w3"), width, hidden, { bias: false }),
    };
    const norm = (name: string) => w.take(`${name}.weight`, [width]);
    this.#norms = {
      attention: [norm("attention_norm1"), norm("attention_norm2")],
      ffn: [norm("ffn_norm1"), norm("ffn_norm2")],
    };
    this.#adaLN_modulation = modulated ? new Linear(w.at("adaLN_modulation.0"), time, 4 * width) : null;
  }

  forward(x: Tensor, rope: PairRotation, time: Tensor | null): Tensor {
    const { eps, width } = this.config;
    const { w1, w2, w3 } = this.#feed_forward;
    const { attention, ffn } = this.#norms;
    const changes = time && this.#adaLN_modulation?.forward(time).reshape(4, width);
    // A norm's weight takes up the scale before a layer and the gate behind it.
    const scaled = (norm: Tensor, i: number) => (changes ? norm.mul(changes.at(i).add(1)) : norm);
    const gate = (norm: Tensor, i: number) => (changes ? norm.mul(changes.at(i).tanh()) : norm);
    const met = this.#attention.forward(rmsNorm(x, scaled(attention[0], 0), eps), rope);
    const attended = x.add(rmsNorm(met, gate(attention[1], 1), eps));
    const y = rmsNorm(attended, scaled(ffn[0], 2), eps);
    const fed = w2.forward(gated(w1.forward(y), w3.forward(y)));
    return attended.add(rmsNorm(fed, gate(ffn[1], 3), eps));
  }
}

class Attention {
  readonly #to: { q: Linear; k: Linear; v: Linear; out: Linear };
  readonly #norm_q: Tensor;
  readonly #norm_k: Tensor;

  constructor(
    w: Weights,
    readonly config: ZImageConfig,
  ) {
    const { width, head } = config;
    const linear = (name: string) => new Linear(w.at(name), width, width, { bias: false });
    this.#to = { q: linear("to_q"), k: linear("to_k"), v: linear("to_v"), out: linear("to_out.0") };
    this.#norm_q = w.take("norm_q.weight", [head]);
    this.#norm_k = w.take("norm_k.weight", [head]);
  }

  forward(x: Tensor, rope: PairRotation): Tensor {
    const { width, head, eps } = this.config;
    const split = (t: Tensor) => t.reshape(1, -1, width / head, head).transpose(0, 2, 1, 3);
    const turned = (t: Tensor, norm: Tensor) => rotatePairs(rmsNorm(split(t), norm, eps), rope);
    const q = turned(this.#to.q.forward(x), this.#norm_q);
    const k = turned(this.#to.k.forward(x), this.#norm_k);
    const v = split(this.#to.v.forward(x));
    const met = attention(q, k, v, head ** -0.5);
    return this.#to.out.forward(met.transpose(0, 2, 1, 3).reshape(-1, width));
  }
}
