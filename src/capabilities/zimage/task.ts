import type { Progress, Task, Values } from "../../engine/task.ts";
import { AutoencoderKl } from "../../models/autoencoder-kl/autoencoder-kl.ts";
import { applyLoras, checkLoras } from "../../models/diffusion/adapters.ts";
import { targetsOf } from "../../models/diffusion/names.ts";
import type { Projection } from "../../models/diffusion/preview.ts";
import { denoise } from "../../models/zimage/denoise.ts";
import { loadShift, loadTextEncoder, loadTransformer, loadVae } from "../../models/zimage/load.ts";
import { originalLayers } from "../../models/zimage/names.ts";
import { decode, noise, previewOf } from "../../models/zimage/pictures.ts";
import { sigmas } from "../../models/zimage/schedule.ts";
import { TextEncoder } from "../../models/zimage/text-encoder.ts";
import type { ZImageTransformer } from "../../models/zimage/transformer.ts";
import {
  drawnBytes,
  encodePrompts,
  partOf,
  previewing,
  shares,
  withLoras,
  withStepCache,
} from "../diffusion/engine/run.ts";
import type { DenoiseOutput, EncodeOutput, RunInput, RunOutput } from "../diffusion/phase.ts";
import type { ZImageInput } from "./phase.ts";

type Input = RunInput & ZImageInput;
type DenoiseInput = Input & EncodeOutput & { projection?: Projection };
type DecodeInput = Input & DenoiseOutput;

/** The transformer, and how far its folder shifts the schedule, if it says so. */
class Denoiser implements Disposable {
  constructor(
    readonly transformer: ZImageTransformer,
    readonly shift: number | null,
  ) {}

  [Symbol.dispose](): void {
    this.transformer[Symbol.dispose]();
  }
}

export const task: Task = {
  family: "zimage",

  load(part, { paths, bits, variant, cache }, progress, note = () => {}) {
    const place = cache && { ...cache, network: `zimage-${variant}-${part}`, note };
    const options = { bits, place, step: (done: number, total: number) => progress("loading", done, total) };
    if (part === "text_encoder") return loadTextEncoder(paths, options);
    if (part === "vae") return loadVae(paths, options);
    const shift = loadShift(paths);
    return new Denoiser(loadTransformer(paths, options), shift);
  },

  run(phase, parts, values: Values, progress) {
    switch (phase) {
      case "encode":
        return encodePrompts(partOf(parts.text_encoder, TextEncoder), values as Input, progress);
      case "look":
        return { projection: previewOf(partOf(parts.vae, AutoencoderKl)) };
      case "denoise":
        return denoised(partOf(parts.transformer, Denoiser), values as DenoiseInput, progress);
      default:
        return decoded(partOf(parts.vae, AutoencoderKl), values as DecodeInput, progress);
    }
  },
};

function denoised({ transformer, shift }: Denoiser, input: DenoiseInput, progress: Progress) {
  const { steps, loras, projection, positive, negative, guidance } = input;
  const { linears } = transformer;
  const targets = targetsOf(linears.keys(), originalLayers(linears.keys()));
  const preview = previewing(progress, steps, projection);
  return withLoras(() => {
    const unusedKeys = checkLoras(loras, targets);
    using _ = applyLoras(loras, linears, targets, transformer.dtype);
    const { made: clean, stepsReused } = withStepCache(input, (cache) =>
      denoise({
        transformer,
        sigmas: sigmas(steps, shift ?? input.shift),
        start: noise(input, transformer.config.patch / 4, input.seed),
        positive,
        negative: input.negativePrompt === null ? undefined : negative,
        guidance,
        interval: input.interval,
        cache,
        step: (done) => progress("denoising", done, steps),
        guess: preview,
      }),
    );
    const output: DenoiseOutput = {
      clean,
      ...transformer.ran,
      unusedKeys,
      promptCut: positive.cut === true || negative?.cut === true,
      guidanceIgnored: false,
      stepsReused,
    };
    // The next phase does not use them, so they do not travel on.
    return { ...output, positive: null, negative: null, projection: null };
  });
}

function decoded(vae: AutoencoderKl, input: DecodeInput, progress: Progress): RunOutput {
  const { width, height, unusedKeys, bits, precision, promptCut, guidanceIgnored, stepsReused } = input;
  const image = drawnBytes(() => decode(vae, input.clean, { step: shares(progress, "decoding") }));
  return { image, width, height, unusedKeys, bits, precision, promptCut, guidanceIgnored, stepsReused };
}
