import { concat, evaluate, rmsNorm, scope, sdpa, Tensor } from "../../../ffi/index.ts";
import { Embedding } from "../../nn/embedding.ts";
import { GatedMlp } from "../../nn/gated-mlp.ts";
import { Linear } from "../../nn/linear.ts";
import { type PairRotation, rotateHalves } from "../../nn/rope.ts";
import type { Weights } from "../../nn/weights.ts";
import type { Qwen3Config } from "./config.ts";

export interface ForwardOptions {
  /** How many tokens are the text's; those behind them are padding. All, when nothing is said. */
  real?: number;
  step?: (done: number, total: number) => void;
}

/** The language model Qwen3 as a text encoder: its first layers, without the last norm. */
export class Qwen3 implements Disposable {
  readonly embed_tokens: Embedding;
  readonly layers: Layer[];

  constructor(
    private readonly weights: Weights,
    readonly config: Qwen3Config,
    /** Layers that are loaded. */
    count = config.layers,
  ) {
    const w = weights.at("model");
    if (count > config.layers) w.checkpoint.fail(`it has ${config.layers} layers, and ${count} are needed`);
    this.embed_tokens = new Embedding(w.at("embed_tokens"), config.vocabulary, config.width);
    this.layers = Array.from({ length: count }, (_, i) => new Layer(w.at("layers").at(i), config));
  }

  /**
   * The states [tokens, width] after some layers, in the order of `after`. A token sees the text's tokens up to itself. Padding stands
   * at its own position, and sees all of the text and no padding, not even itself.
   */
  forward(
    tokens: readonly number[],
    after: readonly number[],
    { real = tokens.length, step = () => {} }: ForwardOptions = {},
  ): Tensor[] {
    const { vocabulary } = this.config;
    if (tokens.some((token) => !(token >= 0 && token < vocabulary)))
      this.weights.checkpoint.fail("the tokenizer has tokens that the text encoder does not know");
    return scope(() => {
      const rope = rotationOf(tokens.length, this.config);
      const states = new Map<number, Tensor>();
      let x = this.embed_tokens.forward(tokens).astype(this.weights.options.dtype);
      if (after.includes(0)) states.set(0, x);
      this.layers.slice(0, Math.max(...after)).forEach((layer, i, layers) => {
        const next = scope(() => layer.forward(x, rope, real));
        evaluate(next);
        if (!after.includes(i)) x.dispose();
        x = next;
        if (after.includes(i + 1)) states.set(i + 1, x);
        step(i + 1, layers.length);
      });
      return after.map((layer) => states.get(layer)!);
    });
  }

  [Symbol.dispose](): void {
    this.weights[Symbol.dispose]();
  }
}

class Layer {
  readonly input_layernorm: Tensor;
  readonly q_proj: Linear;
  readonly k_proj: Linear;
  readonly v_proj: Linear;
  readonly o_proj: Linear;
  readonly q_norm: Tensor;
  readonly k_norm: Tensor;
  readonly post_attention_layernorm: Tensor;
  readonly mlp: GatedMlp;

  constructor(
    w: Weights,
    readonly config: Qwen3Config,
  ) {
    const { width, heads, keyHeads, head, hidden } = config;
    const attn = w.at("self_attn");
    const linear = (name: string, inputs: number, outputs: number) =>
      new Linear(attn.at(name), inputs, outputs, { bias: false });
    this.input_layernorm = w.take("input_layernorm.weight", [width]);
    this.q_proj = linear("q_proj", width, heads * head);
    this.k_proj = linear("k_proj", width, keyHeads * head);
    this.v_proj = linear("v_proj", width, keyHeads * head);
    this.o_proj = linear("o_proj", heads * head, width);
    this.q_norm = attn.take("q_norm.weight", [head]);
    this.k_norm = attn.take("k_norm.weight", [head]);
    this.post_attention_layernorm = w.take("post_attention_layernorm.weight", [width]);
    this.mlp = new GatedMlp(w.at("mlp"), width, hidden, { bias: false });
  }

  forward(x: Tensor, rope: PairRotation, real: number): Tensor {
    const { eps } = this.config;
    const attended = x.add(this.#attend(rmsNorm(x, this.input_layernorm, eps), rope, real));
    return attended.add(this.mlp.forward(rmsNorm(attended, this.post_attention_layernorm, eps)));
  }

  #attend(y: Tensor, rope: PairRotation, real: number): Tensor {
    const { eps, heads, keyHeads, head } = this.config;
    const tokens = y.shape[0]!;
    const split = (t: Tensor, count: number) => t.reshape(1, -1, count, head).transpose(0, 2, 1, 3);
    const turned = (t: Tensor, norm: Tensor) => rotateHalves(rmsNorm(t, norm, eps), rope);
    const q = turned(split(this.q_proj.forward(y), heads), this.q_norm);
    const k = turned(split(this.k_proj.forward(y), keyHeads), this.k_norm);
    const v = split(this.v_proj.forward(y), keyHeads);
    const scale = head ** -0.5;
    const ofText = (t: Tensor) => (real === tokens ? t : t.slice([], [1, t.shape[1]!, real]));
    const [keys, values] = [ofText(k), ofText(v)];
    const text = sdpa(ofText(q), keys, values, { scale, mask: "causal" });
    const all =
      real === tokens ? text : concat([text, sdpa(q.slice([0, 0, real]), keys, values, { scale })], 2);
    return this.o_proj.forward(all.transpose(0, 2, 1, 3).reshape(tokens, heads * head));
  }
}

function rotationOf(tokens: number, { head, theta }: Qwen3Config): PairRotation {
  const pairs = head / 2;
  const frequencies = Array.from({ length: pairs }, (_, j) => Math.fround(1 / theta ** (j / pairs)));
  const angles = new Float32Array(tokens * pairs);
  for (let i = 0; i < tokens; i++)
    for (let j = 0; j < pairs; j++) angles[i * pairs + j] = i * frequencies[j]!;
  const shape = [tokens, pairs];
  return { cos: Tensor.from(angles.map(Math.cos), shape), sin: Tensor.from(angles.map(Math.sin), shape) };
}
