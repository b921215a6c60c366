/**
 * How a step of denoising shifts, scales and gates the streams of the transformer. A third of the network's weights do nothing
 * else, and what they give depends on the amount of noise alone. So they are a network of their own, which runs once for all
 * steps of a schedule and need not stay in memory while the rest works.
 *
 * @module
 */
import { concat, type Dtype, scope, Tensor } from "../../../ffi/index.ts";
import { Linear } from "../../nn/linear.ts";
import type { Weights } from "../../nn/weights.ts";
import { wavesOf } from "../diffusion/tokens.ts";
import type { TransformerConfig } from "./config.ts";

const sinusoid = 256;

/** What the streams need at some amounts of noise, as plain numbers: [levels, blocks, 6 widths], and [levels, 2 widths] at the end. */
export type Modulation = {
  levels: number;
  blocks: number;
  width: number;
  /** The last level is that of no noise, under which reference pictures stand. */
  cleanReferences: boolean;
  img: Float32Array<ArrayBuffer>;
  txt: Float32Array<ArrayBuffer>;
  out: Float32Array<ArrayBuffer>;
};

/** Shift, scale and gate of both sublayers, for a block of one stream. */
interface Changes {
  into(sublayer: number, x: Tensor): Tensor;
  gate(sublayer: number, x: Tensor): Tensor;
}

/** One level's part of a {@linkcode Modulation}, as tensors. Belongs to the scope that it is made in. */
export interface StepModulation {
  /** Rows are those of one picture with its references, or of several such, one after the other. */
  img(block: number, dtype: Dtype, places: { target: number; img: number }): Changes;
  txt(block: number, dtype: Dtype): Changes;
  out(dtype: Dtype): [scale: Tensor, shift: Tensor];
}

export function stepOf(modulation: Modulation, level: number): StepModulation {
  const { width, blocks, levels, cleanReferences } = modulation;
  const rows = (from: Float32Array, at: number, count: number) =>
    Array.from({ length: count }, (_, i) =>
      Tensor.from(from.subarray((at * count + i) * width, (at * count + i + 1) * width), [width]),
    );
  const changes = (from: Float32Array, at: number, block: number, dtype: Dtype): Changes => {
    const values = rows(from, at * blocks + block, 6).map((row) => row.astype(dtype));
    return {
      into: (sublayer, x) => x.mul(values[3 * sublayer + 1]!.add(1)).add(values[3 * sublayer]!),
      gate: (sublayer, x) => x.mul(values[3 * sublayer + 2]!),
    };
  };
  return {
    img(block, dtype, { target, img }) {
      const noisy = changes(modulation.img, level, block, dtype);
      if (!cleanReferences) return noisy;
      const clean = changes(modulation.img, levels - 1, block, dtype);
      const each = (x: Tensor, kind: "into" | "gate", sublayer: number) => {
        if (img === target) return noisy[kind](sublayer, x);
        const [rows, width] = x.shape as [number, number];
        const each = x.reshape(-1, img, width);
        const ours = each.slice([], [rows / img, target, width]);
        const theirs = each.slice([0, target]);
        return concat([noisy[kind](sublayer, ours), clean[kind](sublayer, theirs)], 1).reshape(rows, width);
      };
      return {
        into: (sublayer, x) => each(x, "into", sublayer),
        gate: (sublayer, x) => each(x, "gate", sublayer),
      };
    },
    txt: (block, dtype) => changes(modulation.txt, level, block, dtype),
    out(dtype) {
      const [scale, shift] = rows(modulation.out, level, 2).map((row) => row.astype(dtype));
      return [scale!, shift!];
    },
  };
}

/** The part of the transformer that looks at the amount of noise alone. */
export class Modulator implements Disposable {
  readonly linear_1: Linear;
  readonly linear_2: Linear;
  readonly img_mod: Linear[];
  readonly txt_mod: Linear[];
  readonly norm_out: Linear;
  readonly width: number;

  constructor(
    private readonly weights: Weights,
    readonly config: TransformerConfig,
    { biased = true } = {},
  ) {
    const w = weights;
    this.width = config.num_attention_heads * config.attention_head_dim;
    const embedder = w.at("time_text_embed").at("timestep_embedder");
    this.linear_1 = new Linear(embedder.at("linear_1"), sinusoid, this.width);
    this.linear_2 = new Linear(embedder.at("linear_2"), this.width, this.width);
    // At four bits the picture's modulation gathers noise from step to step.
    const finer = w.as({ bits: w.options.bits === 4 ? 8 : (w.options.bits ?? null) });
    const each = (place: Weights, name: string) =>
      Array.from(
        { length: config.num_layers },
        (_, i) => new Linear(place.at("transformer_blocks").at(i).at(name).at(1), this.width, 6 * this.width),
      );
    this.img_mod = each(finer, "img_mod");
    this.txt_mod = each(w, "txt_mod");
    this.norm_out = new Linear(w.at("norm_out").at("linear"), this.width, 2 * this.width, { bias: biased });
  }

  /** For each amount of noise, 0 … 1. `step` is called after each block and may throw to stop. */
  forward(sigmas: readonly number[], step: (done: number, total: number) => void = () => {}): Modulation {
    const { width, config } = this;
    const cleanReferences = config.zero_cond_t;
    const all = cleanReferences ? [...sigmas, 0] : [...sigmas];
    const [levels, blocks] = [all.length, config.num_layers];
    const img = new Float32Array(levels * blocks * 6 * width);
    const txt = new Float32Array(levels * blocks * 6 * width);
    return scope(() => {
      const waves = Tensor.from(Float32Array.from(all.flatMap((sigma) => wavesOf(sigma, sinusoid, 1000))), [
        levels,
        sinusoid,
      ]);
      const embedding = this.linear_2.forward(
        this.linear_1.forward(waves.astype(this.weights.options.dtype)).silu(),
      );
      const time = embedding.silu();
      for (let block = 0; block < blocks; block++) {
        scope(() => {
          spread(this.img_mod[block]!.forward(time).read("float32"), img, block, blocks, levels);
          spread(this.txt_mod[block]!.forward(time).read("float32"), txt, block, blocks, levels);
        });
        step(block + 1, blocks);
      }
      const out = this.norm_out.forward(time).read("float32") as Float32Array<ArrayBuffer>;
      return { levels, blocks, width, cleanReferences, img, txt, out };
    });
  }

  get linears(): ReadonlyMap<string, Linear> {
    return this.weights.linears;
  }

  get dtype() {
    return this.weights.options.dtype;
  }

  [Symbol.dispose](): void {
    this.weights[Symbol.dispose]();
  }
}

/** [levels, values] of a block into [levels, blocks, values]. */
function spread(from: Float32Array, into: Float32Array, block: number, blocks: number, levels: number): void {
  const values = from.length / levels;
  for (let level = 0; level < levels; level++)
    into.set(from.subarray(level * values, (level + 1) * values), (level * blocks + block) * values);
}
