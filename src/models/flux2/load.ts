/**
 * The parts of FLUX.2, from diffusers' folders, from those that mflux has saved, and from the authors' single files.
 *
 * @module
 */
import { Checkpoint } from "../../weights/checkpoint.ts";
import { CheckpointError } from "../../weights/checkpoint-error.ts";
import type { AutoencoderKl } from "../autoencoder-kl/autoencoder-kl.ts";
import { loadAutoencoderKl } from "../autoencoder-kl/load.ts";
import { component, type LoadOptions, loadedTransformer, pipelineJson } from "../diffusion/parts.ts";
import { loadQwen3, qwenTokenizer } from "../qwen3/load.ts";
import { flux2Config } from "./config.ts";
import { naming } from "./names.ts";
import { TextEncoder, taps } from "./text-encoder.ts";
import { Flux2Transformer } from "./transformer.ts";

const model = "FLUX.2";

export function loadTransformer(paths: readonly string[], options: LoadOptions = {}): Flux2Transformer {
  refuseOthers(paths);
  using checkpoint = Checkpoint.open([component(paths, "transformer", model)], naming);
  const config = flux2Config(checkpoint);
  return loadedTransformer(checkpoint, options, [], (weights) => new Flux2Transformer(weights, config));
}

/** The picture coder. */
export function loadVae(paths: readonly string[], options: LoadOptions = {}): AutoencoderKl {
  const vae = loadAutoencoderKl(paths, model, {}, options);
  if (vae.statistics) return vae;
  vae[Symbol.dispose]();
  throw new CheckpointError("vae", "it has no bn.running_mean, by which FLUX.2's latents are normalized");
}

/** Layers past the last states that are taken are not loaded. */
export function loadTextEncoder(paths: readonly string[], options: LoadOptions = {}): TextEncoder {
  return new TextEncoder(
    loadQwen3(paths, model, () => Math.max(...taps), options),
    qwenTokenizer(paths),
  );
}

/** Whether a model was distilled, so that guidance has no effect; `usual` where the folder does not say. */
export function isDistilled(paths: readonly string[], usual: boolean): boolean {
  const index = pipelineJson(paths, "model_index.json");
  if (index === undefined) return usual;
  return index.is_distilled === true;
}

/** In models for key-value caching reference pictures see themselves alone: another network with the same tensors. */
function refuseOthers(paths: readonly string[]): void {
  const name = pipelineJson(paths, "model_index.json")?._class_name;
  if (typeof name === "string" && /KV/.test(name))
    throw new CheckpointError(
      "model_index.json",
      "models that cache reference pictures (klein-9b-kv) are not supported",
    );
}
