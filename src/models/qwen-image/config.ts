/**
 * Sizes of the networks, from the configs of the published layout. What a config leaves out is as the published networks have
 * it.
 *
 * @module
 */
import { z } from "zod";
import type { Checkpoint } from "../../weights/checkpoint.ts";
import { readConfig as read } from "../diffusion/parts.ts";

const size = z
  .int()
  .positive()
  .max(1 << 20);
const sizes = z.array(size);

const Transformer = z.object({
  patch_size: size.default(2),
  in_channels: size.default(64),
  out_channels: size.nullish().transform((channels) => channels ?? 16),
  num_layers: size.default(60),
  attention_head_dim: size.default(128),
  num_attention_heads: size.default(24),
  joint_attention_dim: size.default(3584),
  axes_dims_rope: z.tuple([size, size, size]).default([16, 56, 56]),
  zero_cond_t: z.boolean().optional(),
  guidance_embeds: z.literal(false).default(false),
  use_additional_t_cond: z.literal(false).default(false),
  use_layer3d_rope: z.literal(false).default(false),
});
export type TransformerConfig = z.infer<typeof Transformer> & { zero_cond_t: boolean };

const usualMean = [
  -0.7571, -0.7089, -0.9113, 0.1075, -0.1745, 0.9653, -0.1517, 1.5508, 0.4134, -0.0715, 0.5517, -0.3632,
  -0.1922, -0.9497, 0.2503, -0.2921,
];
const usualStd = [
  2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743, 3.2687, 2.1526, 2.8652, 1.5579, 1.6382,
  1.1253, 2.8251, 1.916,
];

const Vae = z
  .object({
    base_dim: size.default(96),
    z_dim: size.default(16),
    dim_mult: sizes.min(2).max(8).default([1, 2, 4, 4]),
    num_res_blocks: size.default(2),
    attn_scales: z.array(z.number()).max(0).default([]),
    input_channels: z.literal(3).default(3),
    latents_mean: z.array(z.number()).default(usualMean),
    latents_std: z.array(z.number().positive()).default(usualStd),
  })
  .refine(
    (config) => config.latents_mean.length === config.z_dim && config.latents_std.length === config.z_dim,
    {
      message: "latents_mean and latents_std must have z_dim numbers",
    },
  );
export type VaeConfig = z.infer<typeof Vae>;

const Vision = z.object({
  depth: size.default(32),
  hidden_size: size.default(1280),
  num_heads: size.default(16),
  intermediate_size: size.default(3420),
  out_hidden_size: size.default(3584),
  fullatt_block_indexes: z.array(z.int().nonnegative()).default([7, 15, 23, 31]),
  patch_size: size.default(14),
  window_size: size.default(112),
  spatial_merge_size: size.default(2),
  temporal_patch_size: size.default(2),
});
export type VisionConfig = z.infer<typeof Vision>;

const Language = z.object({
  hidden_size: size.default(3584),
  num_hidden_layers: size.default(28),
  num_attention_heads: size.default(28),
  num_key_value_heads: size.default(4),
  intermediate_size: size.default(18944),
  vocab_size: size.default(152064),
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().default(1e6),
  rope_scaling: z
    .object({ mrope_section: z.tuple([size, size, size]).default([16, 24, 24]) })
    .default({ mrope_section: [16, 24, 24] }),
});
export type LanguageConfig = z.infer<typeof Language>;

const Scheduler = z.object({
  base_image_seq_len: z.number().positive().default(256),
  max_image_seq_len: z.number().positive().default(8192),
  base_shift: z.number().default(0.5),
  max_shift: z.number().default(0.9),
  shift_terminal: z
    .number()
    .positive()
    .max(1)
    .nullish()
    .transform((value) => value ?? null)
    .default(0.02),
});
export type SchedulerConfig = z.infer<typeof Scheduler>;

/** `cleanReferences` stands for what only newer configs say, and mflux's folders never do. */
export function transformerConfig(checkpoint: Checkpoint, cleanReferences = false) {
  const { zero_cond_t = cleanReferences, ...config } = read(Transformer, checkpoint.config, checkpoint);
  return { ...config, zero_cond_t };
}
export const vaeConfig = (checkpoint: Checkpoint) => read(Vae, checkpoint.config, checkpoint);

/** Of the language model, which stands at the top of the published configs and under `text_config` in newer ones. */
export const languageConfig = (checkpoint: Checkpoint) =>
  read(Language, { ...checkpoint.config, ...(checkpoint.config?.text_config as object) }, checkpoint);
export const visionConfig = (checkpoint: Checkpoint) =>
  read(Vision, checkpoint.config?.vision_config, checkpoint);

/** Of `scheduler_config.json`; undefined stands for the published one. */
export function schedulerConfig(value: unknown): SchedulerConfig | undefined {
  const parsed = Scheduler.safeParse(value ?? {});
  return parsed.success ? parsed.data : undefined;
}
