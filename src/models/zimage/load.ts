/**
 * The parts of Z-Image, from diffusers' folders and from those that mflux has saved.
 *
 * @module
 */
import { z } from "zod";
import { Checkpoint } from "../../weights/checkpoint.ts";
import { CheckpointError } from "../../weights/checkpoint-error.ts";
import type { AutoencoderKl } from "../autoencoder-kl/autoencoder-kl.ts";
import { loadAutoencoderKl } from "../autoencoder-kl/load.ts";
import { component, type LoadOptions, loadedTransformer, pipelineJson } from "../diffusion/parts.ts";
import { loadQwen3, qwenTokenizer } from "../qwen3/load.ts";
import { zimageConfig } from "./config.ts";
import { naming, unused } from "./names.ts";
import { TextEncoder } from "./text-encoder.ts";
import { ZImageTransformer } from "./transformer.ts";

const model = "Z-Image";

export function loadTransformer(paths: readonly string[], options: LoadOptions = {}): ZImageTransformer {
  using checkpoint = Checkpoint.open([component(paths, "transformer", model)], naming);
  const config = zimageConfig(checkpoint);
  return loadedTransformer(checkpoint, options, unused, (weights) => new ZImageTransformer(weights, config));
}

/** The picture coder. */
export const loadVae = (paths: readonly string[], options: LoadOptions = {}): AutoencoderKl =>
  loadAutoencoderKl(paths, model, { scaling: 0.3611, shift: 0.1159 }, options);

/** States before the last layer are wanted, so that layer is not loaded. */
export function loadTextEncoder(paths: readonly string[], options: LoadOptions = {}): TextEncoder {
  const tokenizer = qwenTokenizer(paths);
  return new TextEncoder(
    loadQwen3(paths, model, (layers) => Math.max(1, layers - 1), options),
    tokenizer,
  );
}

const Scheduler = z.object({
  shift: z.number().positive(),
  use_dynamic_shifting: z.literal(false).default(false),
});

/** How far the schedule is shifted; null where no scheduler's config says it. */
export function loadShift(paths: readonly string[]): number | null {
  const value = pipelineJson(paths, "scheduler/scheduler_config.json");
  if (value === undefined) return null;
  const parsed = Scheduler.safeParse(value);
  if (!parsed.success) throw new CheckpointError("scheduler_config.json", "it does not fit");
  return parsed.data.shift;
}
