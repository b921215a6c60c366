/**
 * The parts of Qwen-Image as they are published: a folder each for the transformer, the picture coder, the text encoder and the
 * tokenizer.
 *
 * @module
 */
import { Checkpoint } from "../../weights/checkpoint.ts";
import { CheckpointError } from "../../weights/checkpoint-error.ts";
import { renaming } from "../../weights/naming.ts";
import {
  component as componentOf,
  folder,
  type LoadOptions,
  loaded,
  loadedTransformer,
  pipelineJson,
} from "../diffusion/parts.ts";
import { loadTokenizer } from "../diffusion/tokenizer.ts";
import {
  languageConfig,
  type SchedulerConfig,
  schedulerConfig,
  transformerConfig,
  vaeConfig,
  visionConfig,
} from "./config.ts";
import { coderNames, computed, isMflux, textNames, transformerNames } from "./mflux.ts";
import { Modulator } from "./modulation.ts";
import { TextEncoder } from "./text-encoder.ts";
import { Transformer } from "./transformer.ts";
import { Vae } from "./vae.ts";

export type { LoadOptions };

export const component = (paths: readonly string[], name: string) => componentOf(paths, name, "Qwen-Image");

/** Some repacked files put the network below a name of theirs. */
const repacked = renaming([[/^(model\.)?diffusion_model\./, ""]]);

const naming = (names: readonly string[]) => (isMflux(names) ? transformerNames : repacked);

const modulating = /^time_text_embed\.|\.(img|txt)_mod\.1\.|^norm_out\.linear\./;

/** The transformer without the layers that look at the amount of noise alone. */
export function loadTransformer(paths: readonly string[], options: LoadOptions = {}): Transformer {
  using checkpoint = Checkpoint.open([component(paths, "transformer")], naming);
  const config = transformerConfig(checkpoint);
  return loadedTransformer(checkpoint, options, [modulating], (weights) => new Transformer(weights, config));
}

/** Those layers. `cleanReferences` says whether references count as free of noise, where the config does not. */
export function loadModulator(
  paths: readonly string[],
  { cleanReferences = false, ...options }: LoadOptions & { cleanReferences?: boolean } = {},
): Modulator {
  let biased = true;
  using checkpoint = Checkpoint.open([component(paths, "transformer")], (names) => {
    biased = !isMflux(names) || names.includes("norm_out.linear.bias");
    return naming(names);
  });
  const config = transformerConfig(checkpoint, cleanReferences);
  const rest = [/^(img_in|txt_in|txt_norm|proj_out)\./, /\.(attn|img_mlp|txt_mlp)\./];
  return loaded(checkpoint, options, rest, (weights) => new Modulator(weights, config, { biased }));
}

export function loadVae(paths: readonly string[], options: LoadOptions = {}): Vae {
  using checkpoint = Checkpoint.open(
    [component(paths, "vae")],
    (names) => coderNames(names) ?? ((name) => name),
  );
  const config = vaeConfig(checkpoint);
  // A still has nothing before it in time.
  const video = [/\.time_conv\./];
  return loaded(checkpoint, { ...options, bits: null }, video, (weights) => new Vae(weights, config));
}

/** Newer files put the language model and the eyes below one more name. */
const newer = renaming([
  [/^model\.language_model\./, "model."],
  [/^model\.visual\./, "visual."],
]);

/** Never quantized: too much of a prompt's meaning is lost. */
export function loadTextEncoder(paths: readonly string[], options: LoadOptions = {}): TextEncoder {
  const places = ["tokenizer", "processor"].flatMap((name) => folder(paths, name) ?? []);
  let blind = false;
  using checkpoint = Checkpoint.open([component(paths, "text_encoder")], (names) => {
    const ofMflux = textNames(names);
    // mflux saves a model for generation without the vision tower, which only editing needs.
    blind = ofMflux !== undefined && !names.some((name) => name.startsWith("encoder.visual."));
    return ofMflux ?? newer;
  });
  const [language, vision] = [languageConfig(checkpoint), visionConfig(checkpoint)];
  // The output layer is not used.
  const unused = [/^lm_head\./, computed];
  const tokenizer = loadTokenizer(places);
  return loaded(
    checkpoint,
    { ...options, bits: null },
    unused,
    (weights) => new TextEncoder(weights, language, blind ? null : vision, tokenizer),
  );
}

/** How the noise falls. A model without a scheduler's folder has the published one. */
export function loadSchedule(paths: readonly string[]): SchedulerConfig {
  const place = folder(paths, "scheduler");
  const config = schedulerConfig(place && pipelineJson([place], "scheduler_config.json"));
  if (!config) throw new CheckpointError("scheduler_config.json", "it does not fit");
  return config;
}
