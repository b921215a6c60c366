import { z } from "zod";
import type { Checkpoint } from "../../weights/checkpoint.ts";
import { readConfig } from "../diffusion/parts.ts";

const factor = z.number().nullish();

const Config = z.object({
  norm_num_groups: z.int().positive().max(1024).default(32),
  scaling_factor: factor,
  shift_factor: factor,
  batch_norm_eps: z.number().positive().default(1e-4),
});

/** What the tensors of a picture coder do not tell. */
export interface CoderConfig {
  groups: number;
  /** Latents are (z − shift) · scaling; both are null where running statistics do that. */
  scaling: number | null;
  shift: number | null;
  batchNormEps: number;
}

/** `usual` holds what a folder without a config means. */
export function coderConfig(
  checkpoint: Checkpoint,
  usual: Partial<Pick<CoderConfig, "scaling" | "shift">>,
): CoderConfig {
  const config = readConfig(Config, checkpoint.config, checkpoint);
  const known = checkpoint.config !== undefined;
  return {
    groups: config.norm_num_groups,
    scaling: (known ? config.scaling_factor : usual.scaling) ?? null,
    shift: (known ? config.shift_factor : usual.shift) ?? null,
    batchNormEps: config.batch_norm_eps,
  };
}
