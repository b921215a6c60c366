import { concat, dispose, evaluate, gated, layerNorm, rmsNorm, scope, Tensor } from "../../../ffi/index.ts";
import { attention } from "../../nn/attention.ts";
import { Linear } from "../../nn/linear.ts";
import { type PairRotation, rotatePairs } from "../../nn/rope.ts";
import type { Weights } from "../../nn/weights.ts";
import { type Grid, type Place, placesOf, rotationOf } from "../diffusion/rotations.ts";
import type { Pass } from "../diffusion/step-cache.ts";
import { type Step, wavesOf } from "../diffusion/tokens.ts";
import type { Flux2Config } from "./config.ts";

const waves = 256;
/** The network's clock runs to this. */
const timeScale = 1000;
/** How far apart pictures stand on the first axis. */
const pictureStep = 10;

/** Tokens of the picture [tokens, width], and of the text. */
interface Streams {
  img: Tensor;
  txt: Tensor;
}

export type Tap = (name: string, x: Tensor) => void;

/** What is the same at every step: the text and the reference pictures as the blocks want them, and where all tokens stand. */
export interface Side {
  text: Tensor;
  /** Reference pictures, [tokens, width]; null without them. */
  references: Tensor | null;
  /** Of the text's tokens, the picture's and the references', in this order. */
  rope: PairRotation;
}

/** FLUX.2's network: blocks in which text and picture meet in attention alone, then blocks in which they are one stream. */
export class Flux2Transformer implements Disposable {
  readonly #time: readonly [Linear, Linear];
  readonly #modulation: { img: Linear; txt: Linear; single: Linear };
  readonly #x_embedder: Linear;
  readonly #context_embedder: Linear;
  readonly #blocks: readonly DoubleBlock[];
  readonly #single: readonly SingleBlock[];
  readonly #norm_out: Linear;
  readonly #proj_out: Linear;

  constructor(
    private readonly weights: Weights,
    readonly config: Flux2Config,
  ) {
    const w = weights;
    const { width, channels, text, double, single } = config;
    const linear = (name: string, inputs: number, outputs: number, place = w) =>
      new Linear(place.at(name), inputs, outputs, { bias: false });
    const embedder = w.at("time_guidance_embed.timestep_embedder");
    this.#time = [linear("linear_1", waves, width, embedder), linear("linear_2", width, width, embedder)];
    // At four bits what scales and gates every token gathers noise from step to step.
    const finer = w.as({ bits: w.options.bits === 4 ? 8 : (w.options.bits ?? null) });
    this.#modulation = {
      img: linear("double_stream_modulation_img.linear", width, 6 * width, finer),
      txt: linear("double_stream_modulation_txt.linear", width, 6 * width, finer),
      single: linear("single_stream_modulation.linear", width, 3 * width, finer),
    };
    this.#x_embedder = linear("x_embedder", channels, width, finer);
    this.#context_embedder = linear("context_embedder", text, width);
    this.#blocks = Array.from(
      { length: double },
      (_, i) => new DoubleBlock(w.at("transformer_blocks").at(i), config),
    );
    this.#single = Array.from(
      { length: single },
      (_, i) => new SingleBlock(w.at("single_transformer_blocks").at(i), config),
    );
    this.#norm_out = linear("norm_out.linear", width, 2 * width);
    this.#proj_out = linear("proj_out", width, channels, finer);
  }

  /** `grid` is the picture's; references are [tokens, channels] with grids of their own. */
  side(text: Tensor, grid: Grid, references: readonly { tokens: Tensor; grid: Grid }[] = []): Side {
    const { axes, theta } = this.config;
    return scope(() => {
      const words: Place[] = Array.from({ length: text.shape[0]! }, (_, i) => [0, 0, 0, i]);
      const pictures = [grid, ...references.map((reference) => reference.grid)];
      const cells = pictures.flatMap((each, number) =>
        placesOf(each, (row, column) => [pictureStep * number, row, column, 0]),
      );
      const embedded = references.map(({ tokens }) => this.#x_embedder.forward(tokens.astype(this.dtype)));
      const side = {
        text: this.#context_embedder.forward(text.astype(this.dtype)),
        references: embedded.length === 0 ? null : concat(embedded, 0),
        rope: rotationOf([...words, ...cells], axes, theta),
      };
      evaluate(side.text, ...(side.references ? [side.references] : []));
      return side;
    });
  }

  /** Tokens [tokens, channels] at an amount of noise to their velocity. `step` is told of each block and may throw to stop. */
  forward(
    latents: Tensor,
    sigma: number,
    side: Side,
    step: Step = () => {},
    tap: Tap = () => {},
    pass?: Pass,
  ): Tensor {
    const { width, eps } = this.config;
    const total = this.#blocks.length + this.#single.length;
    const words = side.text.shape[0]!;
    const count = latents.shape[0]!;
    return scope(() => {
      const value = Math.fround(Math.fround(sigma) * timeScale);
      const embedded = Tensor.from(Float32Array.from(wavesOf(value, waves)), [1, waves]).astype(this.dtype);
      const time = this.#time[1].forward(this.#time[0].forward(embedded, { curve: "silu" })).silu();
      const [img, txt, single] = [this.#modulation.img, this.#modulation.txt, this.#modulation.single].map(
        (linear) => linear.forward(time).reshape(-1, width),
      ) as [Tensor, Tensor, Tensor];
      const target = this.#x_embedder.forward(latents.astype(this.dtype));
      let streams: Streams = {
        img: side.references ? concat([target, side.references], 0) : target,
        txt: side.text,
      };
      const last = this.#norm_out.forward(time).reshape(2, width);
      const velocityOf = (rows: Tensor) => {
        const normed = layerNorm(rows, last.at(0).add(1), last.at(1), eps);
        const velocity = this.#proj_out.forward(normed).astype("float32");
        evaluate(velocity);
        return velocity;
      };
      let first: Tensor[] = [];
      for (const [i, block] of this.#blocks.entries()) {
        const next = scope(() => block.forward(streams, side.rope, { img, txt }));
        evaluate(next.img, next.txt);
        // The text that comes in belongs to the side.
        if (i > 0) dispose(streams);
        streams = next;
        tap(`double${i}.img`, streams.img);
        tap(`double${i}.txt`, streams.txt);
        if (pass && i === 0) {
          first = [streams.img.slice([], [count, width])];
          const [known] = pass.shortcut([target], first) ?? [];
          step(known ? total : 1, total);
          if (known) return velocityOf(known);
        } else step(i + 1, total);
      }
      let x = concat([streams.txt, streams.img], 0);
      evaluate(x);
      if (this.#blocks.length > 0) dispose(streams);
      this.#single.forEach((block, i) => {
        const next = scope(() => block.forward(x, side.rope, single));
        evaluate(next);
        x.dispose();
        x = next;
        tap(`single${i}`, x);
        step(this.#blocks.length + i + 1, total);
      });
      const rows = x.slice([words], [words + count, width]);
      if (first.length > 0) pass?.record(first, [rows]);
      return velocityOf(rows);
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

/** Shift, scale and gate of a sublayer: rows of what the amount of noise becomes. */
function changesOf(modulation: Tensor, sublayer: number, eps: number) {
  const [shift, scale, gate] = [0, 1, 2].map((i) => modulation.at(3 * sublayer + i));
  return {
    into: (x: Tensor) => layerNorm(x, scale!.add(1), shift!, eps),
    gate: (x: Tensor) => x.mul(gate!),
  };
}

/** [tokens, heads · channels] to [1, heads, tokens, channels]. */
const split = (x: Tensor, head: number) =>
  x.reshape(1, x.shape[0]!, x.shape[1]! / head, head).transpose(0, 2, 1, 3);
const joined = (x: Tensor, width: number) => x.transpose(0, 2, 1, 3).reshape(-1, width);

class DoubleBlock {
  readonly #attn: Record<
    "to_q" | "to_k" | "to_v" | "to_out.0" | "add_q_proj" | "add_k_proj" | "add_v_proj" | "to_add_out",
    Linear
  >;
  readonly #norms: Record<"norm_q" | "norm_k" | "norm_added_q" | "norm_added_k", Tensor>;
  readonly #ff: FeedForward;
  readonly #ff_context: FeedForward;

  constructor(
    w: Weights,
    readonly config: Flux2Config,
  ) {
    const { width, head } = config;
    const attn = w.at("attn");
    const linear = (name: string) => new Linear(attn.at(name), width, width, { bias: false });
    this.#attn = {
      to_q: linear("to_q"),
      to_k: linear("to_k"),
      to_v: linear("to_v"),
      add_q_proj: linear("add_q_proj"),
      add_k_proj: linear("add_k_proj"),
      add_v_proj: linear("add_v_proj"),
      "to_out.0": linear("to_out.0"),
      to_add_out: linear("to_add_out"),
    };
    const norm = (name: string) => attn.take(`${name}.weight`, [head]);
    this.#norms = {
      norm_q: norm("norm_q"),
      norm_k: norm("norm_k"),
      norm_added_q: norm("norm_added_q"),
      norm_added_k: norm("norm_added_k"),
    };
    this.#ff = new FeedForward(w.at("ff"), config);
    this.#ff_context = new FeedForward(w.at("ff_context"), config);
  }

  forward({ img, txt }: Streams, rope: PairRotation, modulation: Streams): Streams {
    const { eps } = this.config;
    const changes = (sublayer: number) => ({
      i: changesOf(modulation.img, sublayer, eps),
      t: changesOf(modulation.txt, sublayer, eps),
    });
    const [first, second] = [changes(0), changes(1)];
    const met = this.#attend({ img: first.i.into(img), txt: first.t.into(txt) }, rope);
    const image = img.add(first.i.gate(met.img));
    const words = txt.add(first.t.gate(met.txt));
    return {
      img: image.add(second.i.gate(this.#ff.forward(second.i.into(image)))),
      txt: words.add(second.t.gate(this.#ff_context.forward(second.t.into(words)))),
    };
  }

  /** The text stands first. */
  #attend({ img, txt }: Streams, rope: PairRotation): Streams {
    const { width, head, eps } = this.config;
    const { norm_q, norm_k, norm_added_q, norm_added_k } = this.#norms;
    const { to_q, to_k, to_v, add_q_proj, add_k_proj, add_v_proj, to_add_out } = this.#attn;
    const both = (ofText: Linear, ofImage: Linear, norms?: [Tensor, Tensor]) => {
      const parts = [split(ofText.forward(txt), head), split(ofImage.forward(img), head)];
      return concat(
        parts.map((part, i) => (norms ? rmsNorm(part, norms[i]!, eps) : part)),
        2,
      );
    };
    const q = rotatePairs(both(add_q_proj, to_q, [norm_added_q, norm_q]), rope);
    const k = rotatePairs(both(add_k_proj, to_k, [norm_added_k, norm_k]), rope);
    const all = joined(attention(q, k, both(add_v_proj, to_v), head ** -0.5), width);
    const words = txt.shape[0]!;
    return {
      img: this.#attn["to_out.0"].forward(all.slice([words])),
      txt: to_add_out.forward(all.slice([], [words, width])),
    };
  }
}

class FeedForward {
  readonly #linear_in: Linear;
  readonly #linear_out: Linear;

  constructor(
    w: Weights,
    readonly config: Flux2Config,
  ) {
    const { width, hidden } = config;
    this.#linear_in = new Linear(w.at("linear_in"), width, 2 * hidden, { bias: false });
    this.#linear_out = new Linear(w.at("linear_out"), hidden, width, { bias: false });
  }

  forward(x: Tensor): Tensor {
    const { hidden } = this.config;
    const y = this.#linear_in.forward(x);
    return this.#linear_out.forward(gated(y.slice([], [y.shape[0]!, hidden]), y.slice([0, hidden])));
  }
}

/** Attention and MLP side by side, with one matrix in front of both and one behind. */
class SingleBlock {
  readonly #to_qkv_mlp_proj: Linear;
  readonly #to_out: Linear;
  readonly #norm_q: Tensor;
  readonly #norm_k: Tensor;

  constructor(
    w: Weights,
    readonly config: Flux2Config,
  ) {
    const { width, hidden, head } = config;
    const attn = w.at("attn");
    this.#to_qkv_mlp_proj = new Linear(attn.at("to_qkv_mlp_proj"), width, 3 * width + 2 * hidden, {
      bias: false,
    });
    this.#to_out = new Linear(attn.at("to_out"), width + hidden, width, { bias: false });
    this.#norm_q = attn.take("norm_q.weight", [head]);
    this.#norm_k = attn.take("norm_k.weight", [head]);
  }

  forward(x: Tensor, rope: PairRotation, modulation: Tensor): Tensor {
    const { width, hidden, head, eps } = this.config;
    const { into, gate } = changesOf(modulation, 0, eps);
    const y = this.#to_qkv_mlp_proj.forward(into(x));
    const tokens = y.shape[0]!;
    const columns = (from: number, count: number) => y.slice([0, from], [tokens, from + count]);
    const turned = (part: number, norm: Tensor) =>
      rotatePairs(rmsNorm(split(columns(part * width, width), head), norm, eps), rope);
    const v = split(columns(2 * width, width), head);
    const met = attention(turned(0, this.#norm_q), turned(1, this.#norm_k), v, head ** -0.5);
    const fed = gated(columns(3 * width, hidden), columns(3 * width + hidden, hidden));
    return x.add(gate(this.#to_out.forward(concat([joined(met, width), fed], 1))));
  }
}
