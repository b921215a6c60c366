import { evaluate, rmsNorm, scope, sdpa, Tensor } from "../../../ffi/index.ts";
import { GatedMlp } from "../../nn/gated-mlp.ts";
import { Linear } from "../../nn/linear.ts";
import { type PairRotation, rotateHalves } from "../../nn/rope.ts";
import type { Weights } from "../../nn/weights.ts";
import type { LanguageConfig } from "./config.ts";
import type { Position } from "./positions.ts";

/** The language model of Qwen2.5-VL without its output layer, which prompts do not need. */
export class LanguageModel {
  readonly embed_tokens: Tensor;
  readonly layers: Layer[];
  readonly norm: Tensor;

  constructor(
    private readonly weights: Weights,
    readonly config: LanguageConfig,
  ) {
    const w = weights;
    const { hidden_size, vocab_size, num_hidden_layers } = config;
    this.embed_tokens = w.make("embed_tokens.weight", [vocab_size, hidden_size], (t) => t);
    this.layers = Array.from(
      { length: num_hidden_layers },
      (_, i) => new Layer(w.at("layers").at(i), config),
    );
    this.norm = w.take("norm.weight", [hidden_size]);
  }

  /** [tokens, channels] */
  embed(tokens: readonly number[]): Tensor {
    return this.embed_tokens.take(Tensor.from(Int32Array.from(tokens)), 0).astype(this.weights.options.dtype);
  }

  forward(
    embedded: Tensor,
    positions: readonly Position[],
    step: (done: number, total: number) => void = () => {},
    tap: (layer: number, x: Tensor) => void = () => {},
  ): Tensor {
    const { config } = this;
    return scope(() => {
      const rope = rotationOf(positions, config);
      let x = embedded;
      tap(0, x);
      this.layers.forEach((layer, i) => {
        const next = scope(() => layer.forward(x, rope));
        evaluate(next);
        // The embedded tokens belong to the caller.
        if (i > 0) x.dispose();
        x = next;
        if (i < this.layers.length - 1) tap(i + 1, x);
        step(i + 1, this.layers.length);
      });
      const out = rmsNorm(x, this.norm, config.rms_norm_eps);
      tap(this.layers.length, out);
      return out;
    });
  }
}

class Layer {
  readonly input_layernorm: Tensor;
  readonly self_attn: { q_proj: Linear; k_proj: Linear; v_proj: Linear; o_proj: Linear };
  readonly post_attention_layernorm: Tensor;
  readonly mlp: GatedMlp;

  constructor(
    w: Weights,
    readonly config: LanguageConfig,
  ) {
    const { hidden_size, num_attention_heads, num_key_value_heads, intermediate_size } = config;
    const keys = (hidden_size / num_attention_heads) * num_key_value_heads;
    const attn = w.at("self_attn");
    this.input_layernorm = w.take("input_layernorm.weight", [hidden_size]);
    this.self_attn = {
      q_proj: new Linear(attn.at("q_proj"), hidden_size, hidden_size),
      k_proj: new Linear(attn.at("k_proj"), hidden_size, keys),
      v_proj: new Linear(attn.at("v_proj"), hidden_size, keys),
      o_proj: new Linear(attn.at("o_proj"), hidden_size, hidden_size, { bias: false }),
    };
    this.post_attention_layernorm = w.take("post_attention_layernorm.weight", [hidden_size]);
    this.mlp = new GatedMlp(w.at("mlp"), hidden_size, intermediate_size, { bias: false });
  }

  forward(x: Tensor, rope: PairRotation): Tensor {
    const { rms_norm_eps, num_attention_heads, num_key_value_heads, hidden_size } = this.config;
    const head = hidden_size / num_attention_heads;
    const { q_proj, k_proj, v_proj, o_proj } = this.self_attn;
    const y = rmsNorm(x, this.input_layernorm, rms_norm_eps);
    const split = (t: Tensor, heads: number) => t.reshape(1, -1, heads, head).transpose(0, 2, 1, 3);
    const q = rotateHalves(split(q_proj.forward(y), num_attention_heads), rope);
    const k = rotateHalves(split(k_proj.forward(y), num_key_value_heads), rope);
    const v = split(v_proj.forward(y), num_key_value_heads);
    const met = sdpa(q, k, v, { scale: head ** -0.5, mask: "causal" });
    const attended = x.add(o_proj.forward(met.transpose(0, 2, 1, 3).reshape(-1, hidden_size)));
    return attended.add(this.mlp.forward(rmsNorm(attended, this.post_attention_layernorm, rms_norm_eps)));
  }
}

/** The first angles of a head turn by time, the next by row, the last by column. */
function rotationOf(positions: readonly Position[], config: LanguageConfig): PairRotation {
  const { rope_theta, hidden_size, num_attention_heads } = config;
  const pairs = hidden_size / num_attention_heads / 2;
  const axes = config.rope_scaling.mrope_section.flatMap((count, axis) =>
    new Array<number>(count).fill(axis),
  );
  const frequencies = Array.from({ length: pairs }, (_, j) => Math.fround(1 / rope_theta ** (j / pairs)));
  const angles = new Float32Array(positions.length * pairs);
  positions.forEach((position, i) => {
    for (let j = 0; j < pairs; j++) angles[i * pairs + j] = position[axes[j]!]! * frequencies[j]!;
  });
  const shape = [positions.length, pairs];
  return { cos: Tensor.from(angles.map(Math.cos), shape), sin: Tensor.from(angles.map(Math.sin), shape) };
}
