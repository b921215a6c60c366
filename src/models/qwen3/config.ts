import { z } from "zod";
import type { Checkpoint } from "../../weights/checkpoint.ts";
import { readConfig } from "../diffusion/parts.ts";

const size = z
  .int()
  .positive()
  .max(1 << 20);
const theta = z.number().positive();

const Config = z.object({
  hidden_size: size,
  num_hidden_layers: size.max(1024),
  num_attention_heads: size,
  num_key_value_heads: size,
  head_dim: size,
  intermediate_size: size,
  vocab_size: size,
  rms_norm_eps: z.number().positive().default(1e-6),
  attention_bias: z.literal(false).default(false),
  rope_scaling: z.null().default(null),
  rope_theta: theta.optional(),
  /** Where newer files have it. */
  rope_parameters: z.object({ rope_theta: theta.optional() }).nullish(),
});

export interface Qwen3Config {
  width: number;
  layers: number;
  heads: number;
  keyHeads: number;
  head: number;
  hidden: number;
  vocabulary: number;
  eps: number;
  theta: number;
}

const usualTheta = 1e6;

/** The sizes of a Qwen3: those of its config, and without one those of its tensors. */
export function qwen3Config(checkpoint: Checkpoint): Qwen3Config {
  const raw = checkpoint.config;
  if (raw === undefined) return ofTensors(checkpoint);
  const config = readConfig(Config, raw, checkpoint);
  if (config.num_attention_heads % config.num_key_value_heads !== 0)
    checkpoint.fail("config.json: num_attention_heads must be a multiple of num_key_value_heads");
  return {
    width: config.hidden_size,
    layers: config.num_hidden_layers,
    heads: config.num_attention_heads,
    keyHeads: config.num_key_value_heads,
    head: config.head_dim,
    hidden: config.intermediate_size,
    vocabulary: config.vocab_size,
    eps: config.rms_norm_eps,
    theta: config.rope_theta ?? config.rope_parameters?.rope_theta ?? usualTheta,
  };
}

function ofTensors(checkpoint: Checkpoint): Qwen3Config {
  const shape = (name: string) => checkpoint.shape(name) ?? checkpoint.fail(`it has no ${name}`);
  const attention = "model.layers.0.self_attn";
  const [head = 1] = shape(`${attention}.q_norm.weight`);
  const [width = 1] = shape("model.layers.0.input_layernorm.weight");
  const rows = (name: string) => shape(`${name}.weight`)[0] ?? 1;
  const [heads, keyHeads] = [rows(`${attention}.q_proj`) / head, rows(`${attention}.k_proj`) / head];
  if (!Number.isInteger(heads) || !Number.isInteger(keyHeads) || heads % keyHeads !== 0)
    checkpoint.fail("the heads of its attention do not divide its width");
  return {
    width,
    layers: checkpoint.layers("model.layers."),
    heads,
    keyHeads,
    head,
    hidden: rows("model.layers.0.mlp.gate_proj"),
    vocabulary: rows("model.embed_tokens"),
    eps: 1e-6,
    theta: usualTheta,
  };
}
