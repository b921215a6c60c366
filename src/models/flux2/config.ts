import { z } from "zod";
import type { Checkpoint } from "../../weights/checkpoint.ts";
import { readConfig } from "../diffusion/parts.ts";

const even = z
  .int()
  .positive()
  .max(1 << 16)
  .multipleOf(2);

const Config = z.object({
  _class_name: z.literal("Flux2Transformer2DModel").optional(),
  patch_size: z.literal(1).default(1),
  timestep_guidance_channels: z.literal(256).default(256),
  guidance_embeds: z
    .literal(false, { error: "a network with an input for guidance, such as FLUX.2 dev, is not supported" })
    .default(false),
  axes_dims_rope: z.tuple([even, even, even, even]).default([32, 32, 32, 32]),
  rope_theta: z.number().positive().default(2000),
  eps: z.number().positive().default(1e-6),
});

export interface Flux2Config {
  width: number;
  head: number;
  /** Blocks of two streams, and of one. */
  double: number;
  single: number;
  channels: number;
  text: number;
  hidden: number;
  axes: readonly [number, number, number, number];
  theta: number;
  eps: number;
}

const groupSize = 64;

/** Sizes are those of the tensors; what these do not tell is as the config says, or as it is published. */
export function flux2Config(checkpoint: Checkpoint): Flux2Config {
  const config = readConfig(Config, checkpoint.config, checkpoint);
  const size = (name: string, axis = 0) =>
    checkpoint.shape(name)?.[axis] ?? checkpoint.fail(`it has no ${name}`);
  // The rows of a quantized matrix are packed; its scales tell how long they are.
  const inputs = (name: string) =>
    checkpoint.has(`${name}.scales`) ? groupSize * size(`${name}.scales`, 1) : size(`${name}.weight`, 1);
  const [head, width] = [size("transformer_blocks.0.attn.norm_q.weight"), size("x_embedder.weight")];
  if (width % head !== 0 || config.axes_dims_rope.reduce((a, b) => a + b) !== head)
    checkpoint.fail(`axes_dims_rope must add up to the ${head} channels of a head, and heads to ${width}`);
  return {
    width,
    head,
    double: checkpoint.layers("transformer_blocks."),
    single: checkpoint.layers("single_transformer_blocks."),
    channels: inputs("x_embedder"),
    text: inputs("context_embedder"),
    hidden: size("transformer_blocks.0.ff.linear_in.weight") / 2,
    axes: config.axes_dims_rope,
    theta: config.rope_theta,
    eps: config.eps,
  };
}
