import { z } from "zod";
import type { Checkpoint } from "../../weights/checkpoint.ts";
import { readConfig } from "../diffusion/parts.ts";

const even = z
  .int()
  .positive()
  .max(1 << 16)
  .multipleOf(2);

const only = <T extends number>(value: T) => z.array(z.literal(value)).length(1).default([value]);

const Config = z.object({
  _class_name: z.literal("ZImageTransformer2DModel").optional(),
  all_patch_size: only(2),
  all_f_patch_size: only(1),
  qk_norm: z.literal(true).default(true),
  siglip_feat_dim: z.null().default(null),
  axes_dims: z.tuple([even, even, even]).default([32, 48, 48]),
  rope_theta: z.number().positive().default(256),
  t_scale: z.number().positive().default(1000),
  norm_eps: z.number().positive().default(1e-5),
});

export interface ZImageConfig {
  width: number;
  head: number;
  layers: number;
  refiners: number;
  caption: number;
  hidden: number;
  /** Numbers of a token: a square of four cells of latents. */
  patch: number;
  /** Channels of what the amount of noise becomes, and of the layer before. */
  time: number;
  timeHidden: number;
  axes: readonly [number, number, number];
  theta: number;
  timeScale: number;
  eps: number;
}

/** Sizes are those of the tensors; what these do not tell is as the config says, or as it is published. */
export function zimageConfig(checkpoint: Checkpoint): ZImageConfig {
  const config = readConfig(Config, checkpoint.config, checkpoint);
  const size = (name: string, axis = 0) =>
    checkpoint.shape(name)?.[axis] ?? checkpoint.fail(`it has no ${name}`);
  const [head, width] = [size("layers.0.attention.norm_q.weight"), size("x_pad_token", 1)];
  if (width % head !== 0 || config.axes_dims.reduce((a, b) => a + b) !== head)
    checkpoint.fail(`axes_dims must add up to the ${head} channels of a head, and heads to ${width}`);
  return {
    width,
    head,
    layers: checkpoint.layers("layers."),
    refiners: checkpoint.layers("noise_refiner."),
    caption: size("cap_embedder.0.weight"),
    hidden: size("layers.0.feed_forward.w1.weight"),
    patch: size("all_final_layer.2-1.linear.bias"),
    time: size("t_embedder.mlp.2.bias"),
    timeHidden: size("t_embedder.mlp.0.bias"),
    axes: config.axes_dims,
    theta: config.rope_theta,
    timeScale: config.t_scale,
    eps: config.norm_eps,
  };
}
