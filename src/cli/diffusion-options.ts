/**
 * Options of the commands that make pictures from words.
 *
 * @module
 */
import type { Command } from "commander";
import type { BatchOptions, Work } from "./batch.ts";
import { lora, real, whole } from "./option-values.ts";

export interface DiffusionOptions extends BatchOptions {
  negativePrompt?: string;
  width?: number;
  height?: number;
  steps?: number;
  guidance?: number;
  seed?: number;
  scheduler?: string;
  quality?: number;
  fast?: number;
  lora?: { path: string; scale: number }[];
}

export function diffusionOptions(command: Command): Command {
  return command
    .option("--negative-prompt <text>", "what the picture must not show")
    .option("--width <pixels>", "a multiple of 16", whole)
    .option("--height <pixels>", "a multiple of 16", whole)
    .option("--steps <count>", "denoising steps", whole)
    .option("--guidance <number>", "how strictly to follow the prompt", real)
    .option("--seed <number>", "makes the result repeatable", whole)
    .option("--scheduler <name>", "noise schedule")
    .option("--quality <percent>", "of JPEG and WebP", whole)
    .option("--fast <steps>", "4 or 8 steps with the Lightning adapter of the settings", whole)
    .option("--lora <path[:scale]>", "a LoRA file (repeatable)", lora);
}

/** The part of a request that generation and editing share. */
export async function diffusionBody(each: Work, prompt: string, options: DiffusionOptions, format: string) {
  const loras = [];
  for (const { path, scale } of options.lora ?? []) loras.push({ file: await each.upload(path), scale });
  return {
    prompt,
    negative_prompt: options.negativePrompt,
    model: options.model,
    quantize: options.quantize,
    width: options.width,
    height: options.height,
    steps: options.steps,
    guidance: options.guidance,
    seed: options.seed,
    scheduler: options.scheduler,
    quality: options.quality,
    fast: options.fast,
    format,
    ...(loras.length > 0 && { loras }),
  };
}

/** The adapters' files, so that a wrong path is found before anything starts. */
export const adapterPaths = ({ lora = [] }: DiffusionOptions) => lora.map(({ path }) => path);
