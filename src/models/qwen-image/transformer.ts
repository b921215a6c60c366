import { concat, dispose, evaluate, layerNorm, rmsNorm, scope, type Tensor } from "../../../ffi/index.ts";
import { attention } from "../../nn/attention.ts";
import { Linear } from "../../nn/linear.ts";
import { type PairRotation, rotatePairs } from "../../nn/rope.ts";
import type { Weights } from "../../nn/weights.ts";
import type { Pass } from "../diffusion/step-cache.ts";
import type { TransformerConfig } from "./config.ts";
import type { StepModulation } from "./modulation.ts";
import { type Grid, rotations } from "./rope.ts";

const eps = 1e-6;

/** The picture's tokens [tokens, width] and the text's; those of several texts one after the other. */
export interface Streams {
  img: Tensor;
  txt: Tensor;
}

/** Where the tokens stand, which is the same at every step. */
export interface Places {
  rope: { img: PairRotation; txt: PairRotation };
  /** Tokens of the picture that is made; the references' come behind them. */
  target: number;
  /** Tokens of all pictures, and of the text. */
  img: number;
  txt: number;
}

/** A text that the picture is made under, and where its tokens stand. */
export interface Side {
  /** [tokens, channels] */
  text: Tensor;
  places: Places;
}

/** Qwen-Image's network: two streams of tokens that meet in attention. How a step scales and shifts them is given to it. */
export class Transformer implements Disposable {
  readonly img_in: Linear;
  readonly txt_norm: Tensor;
  readonly txt_in: Linear;
  readonly transformer_blocks: Block[];
  readonly proj_out: Linear;

  constructor(
    private readonly weights: Weights,
    readonly config: TransformerConfig,
  ) {
    const w = weights;
    const width = config.num_attention_heads * config.attention_head_dim;
    this.img_in = new Linear(w.at("img_in"), config.in_channels, width);
    this.txt_norm = w.take("txt_norm.weight", [config.joint_attention_dim]);
    this.txt_in = new Linear(w.at("txt_in"), config.joint_attention_dim, width);
    this.transformer_blocks = Array.from(
      { length: config.num_layers },
      (_, i) => new Block(w.at("transformer_blocks").at(i), config, width),
    );
    this.proj_out = new Linear(w.at("proj_out"), width, config.patch_size ** 2 * config.out_channels);
  }

  /** `pictures` are the grids of tokens: the target's, then the references'. */
  places(pictures: readonly Grid[], textLength: number): Places {
    const [rows, columns] = pictures[0]!;
    return {
      rope: rotations(pictures, textLength, this.config.axes_dims_rope),
      target: rows * columns,
      img: pictures.reduce((sum, [rows, columns]) => sum + rows * columns, 0),
      txt: textLength,
    };
  }

  /**
   * Tokens [tokens, 64] and text [tokens, channels] to the velocity of the target's tokens. `step` is called for each block and may
   * throw to stop.
   */
  forward(
    latents: Tensor,
    text: Tensor,
    places: Places,
    modulation: StepModulation,
    step: (done: number, total: number) => void = () => {},
    tap: (block: number, streams: Streams) => void = () => {},
  ): Tensor {
    return this.forwardAll(latents, [{ text, places }], modulation, step, tap)[0]!;
  }

  /**
   * The same tokens under several texts at once. Matrices see the rows of all; only in attention each text is alone with its
   * picture, so that texts of different length need no padding.
   */
  forwardAll(
    latents: Tensor,
    sides: readonly Side[],
    modulation: StepModulation,
    step: (done: number, total: number) => void = () => {},
    tap: (block: number, streams: Streams) => void = () => {},
    pass?: Pass,
  ): Tensor[] {
    const { dtype } = this.weights.options;
    const places = sides.map((side) => side.places);
    const { target, img } = places[0]!;
    /** The made picture's tokens under each text. */
    const made = (x: Tensor) => sides.map((_, i) => x.slice([i * img], [i * img + target, x.shape[1]!]));
    return scope(() => {
      const picture = this.img_in.forward(latents.astype(dtype));
      const texts = joined(sides.map(({ text }) => text.astype(dtype)));
      let streams: Streams = {
        img: joined(sides.map(() => picture)),
        txt: this.txt_in.forward(rmsNorm(texts, this.txt_norm, eps)),
      };
      const total = this.transformer_blocks.length;
      let known: Tensor[] | null = null;
      let first: Tensor[] = [];
      for (const [i, block] of this.transformer_blocks.entries()) {
        const before = pass && i === 0 ? made(streams.img) : [];
        const next = scope(() => block.forward(streams, places, modulation, i));
        evaluate(next.img, next.txt);
        dispose(streams);
        streams = next;
        tap(i, streams);
        if (pass && i === 0) {
          first = made(streams.img);
          known = pass.shortcut(before, first);
        }
        step(known ? total : i + 1, total);
        if (known) break;
      }
      const [scale, shift] = modulation.out(dtype);
      const last = known ?? made(streams.img);
      if (!known) pass?.record(first, last);
      const out = last.map((rows) => {
        const normed = layerNorm(rows, null, null, eps).mul(scale.add(1)).add(shift);
        return this.proj_out.forward(normed).astype("float32");
      });
      evaluate(...out);
      return out;
    });
  }

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

class Block {
  readonly attn: JointAttention;
  readonly img_mlp: FeedForward;
  readonly txt_mlp: FeedForward;

  constructor(w: Weights, config: TransformerConfig, width: number) {
    this.attn = new JointAttention(w.at("attn"), config, width);
    this.img_mlp = new FeedForward(w.at("img_mlp"), width);
    this.txt_mlp = new FeedForward(w.at("txt_mlp"), width);
  }

  forward(
    { img, txt }: Streams,
    places: readonly Places[],
    modulation: StepModulation,
    block: number,
  ): Streams {
    const { dtype } = img;
    const i = modulation.img(block, dtype, places[0]!);
    const t = modulation.txt(block, dtype);
    const met = this.attn.forward({ img: i.into(0, normed(img)), txt: t.into(0, normed(txt)) }, places);
    const image = img.add(i.gate(0, met.img));
    const words = txt.add(t.gate(0, met.txt));
    return {
      img: image.add(i.gate(1, this.img_mlp.forward(i.into(1, normed(image))))),
      txt: words.add(t.gate(1, this.txt_mlp.forward(t.into(1, normed(words))))),
    };
  }
}

const joined = (list: readonly Tensor[]) => (list.length === 1 ? list[0]! : concat(list, 0));

const normed = (x: Tensor) => layerNorm(x, null, null, eps);

class JointAttention {
  readonly to_q: Linear;
  readonly to_k: Linear;
  readonly to_v: Linear;
  readonly add_q_proj: Linear;
  readonly add_k_proj: Linear;
  readonly add_v_proj: Linear;
  readonly to_out: Linear;
  readonly to_add_out: Linear;
  readonly norm_q: Tensor;
  readonly norm_k: Tensor;
  readonly norm_added_q: Tensor;
  readonly norm_added_k: Tensor;

  constructor(
    w: Weights,
    readonly config: TransformerConfig,
    width: number,
  ) {
    const linear = (name: string) => new Linear(w.at(name), width, width);
    this.to_q = linear("to_q");
    this.to_k = linear("to_k");
    this.to_v = linear("to_v");
    this.add_q_proj = linear("add_q_proj");
    this.add_k_proj = linear("add_k_proj");
    this.add_v_proj = linear("add_v_proj");
    this.to_out = linear("to_out.0");
    this.to_add_out = linear("to_add_out");
    const norm = (name: string) => w.take(`${name}.weight`, [config.attention_head_dim]);
    this.norm_q = norm("norm_q");
    this.norm_k = norm("norm_k");
    this.norm_added_q = norm("norm_added_q");
    this.norm_added_k = norm("norm_added_k");
  }

  forward({ img, txt }: Streams, places: readonly Places[]): Streams {
    const { num_attention_heads: heads, attention_head_dim: head } = this.config;
    const width = heads * head;
    const [ofImg, ofTxt] = [
      { q: this.to_q.forward(img), k: this.to_k.forward(img), v: this.to_v.forward(img) },
      { q: this.add_q_proj.forward(txt), k: this.add_k_proj.forward(txt), v: this.add_v_proj.forward(txt) },
    ];
    let words = 0;
    const met = places.map((place, i): Streams => {
      const { rope } = place;
      const rows = (x: Tensor, from: number, count: number) =>
        (count === x.shape[0] ? x : x.slice([from], [from + count, width]))
          .reshape(1, -1, heads, head)
          .transpose(0, 2, 1, 3);
      const image = (x: Tensor) => rows(x, i * place.img, place.img);
      const text = (x: Tensor) => rows(x, words, place.txt);
      const turned = (x: Tensor, norm: Tensor, by: PairRotation) => rotatePairs(rmsNorm(x, norm, eps), by);
      // The text stands first.
      const q = [
        turned(text(ofTxt.q), this.norm_added_q, rope.txt),
        turned(image(ofImg.q), this.norm_q, rope.img),
      ];
      const k = [
        turned(text(ofTxt.k), this.norm_added_k, rope.txt),
        turned(image(ofImg.k), this.norm_k, rope.img),
      ];
      const v = [text(ofTxt.v), image(ofImg.v)];
      words += place.txt;
      const all = attention(concat(q, 2), concat(k, 2), concat(v, 2), head ** -0.5)
        .transpose(0, 2, 1, 3)
        .reshape(-1, width);
      return { img: all.slice([place.txt]), txt: all.slice([], [place.txt, width]) };
    });
    return {
      img: this.to_out.forward(joined(met.map((side) => side.img))),
      txt: this.to_add_out.forward(joined(met.map((side) => side.txt))),
    };
  }
}

class FeedForward {
  readonly proj: Linear;
  readonly out: Linear;

  constructor(w: Weights, width: number) {
    this.proj = new Linear(w.at("net.0.proj"), width, 4 * width);
    this.out = new Linear(w.at("net.2"), 4 * width, width);
  }

  forward(x: Tensor): Tensor {
    return this.out.forward(this.proj.forward(x, { curve: "geluTanh" }));
  }
}
