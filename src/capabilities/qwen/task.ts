import { TaskError } from "../../engine/engine.ts";
import { requireFinite } from "../../engine/finite.ts";
import type { Progress, Source, Task, Values } from "../../engine/task.ts";
import type { Pixels } from "../../images/pixels.ts";
import { applyLoras, checkLoras } from "../../models/diffusion/adapters.ts";
import { targetsOf } from "../../models/diffusion/names.ts";
import { firstStep, mixed } from "../../models/diffusion/tokens.ts";
import type { SchedulerConfig } from "../../models/qwen-image/config.ts";
import { decode, denoise, encode, noise, previewOf } from "../../models/qwen-image/diffusion.ts";
import {
  loadModulator,
  loadSchedule,
  loadTextEncoder,
  loadTransformer,
  loadVae,
} from "../../models/qwen-image/load.ts";
import type { Modulator } from "../../models/qwen-image/modulation.ts";
import { linearNames } from "../../models/qwen-image/names.ts";
import { patchesOf, resized, seenPixels, sizeOfArea, tensorOf } from "../../models/qwen-image/pictures.ts";
import { prompted, promptWindow } from "../../models/qwen-image/prompt.ts";
import { lightning, sigmas } from "../../models/qwen-image/schedule.ts";
import { TextEncoder } from "../../models/qwen-image/text-encoder.ts";
import { Transformer } from "../../models/qwen-image/transformer.ts";
import { Vae } from "../../models/qwen-image/vae.ts";
import { keptOf, partOf, previewing, withKept, withLoras, withStepCache } from "../diffusion/engine/run.ts";
import type { EncodeOutput, InputPicture } from "../diffusion/phase.ts";
import type { EncodedPrompt } from "../prompts/cache.ts";
import type { DenoiseOutput, DiffusionInput, DiffusionOutput, LookOutput, ModulateOutput } from "./phase.ts";
import { hasCleanReferences } from "./variants.ts";

/** The layers that look at the amount of noise alone, and how it falls. */
class Modulating implements Disposable {
  constructor(
    readonly modulator: Modulator,
    readonly schedule: SchedulerConfig,
  ) {}

  [Symbol.dispose](): void {
    this.modulator[Symbol.dispose]();
  }
}

export const task: Task = {
  family: "qwen",

  load(part, { paths, bits, variant, cache }: Source, progress, note = () => {}) {
    const place = cache && { ...cache, network: `qwen-${variant}-${part}`, note };
    const options = { bits, place, step: (done: number, total: number) => progress("loading", done, total) };
    switch (part) {
      case "text_encoder":
        return loadTextEncoder(paths, options);
      case "vae":
        return loadVae(paths, options);
      case "modulation": {
        const schedule = loadSchedule(paths);
        const modulator = loadModulator(paths, { ...options, cleanReferences: hasCleanReferences(variant) });
        return new Modulating(modulator, schedule);
      }
      default:
        return loadTransformer(paths, options);
    }
  },

  run(phase, parts, values: Values, progress) {
    switch (phase) {
      case "encode":
        return encodeTexts(partOf(parts.text_encoder, TextEncoder), values as DiffusionInput, progress);
      case "look":
        return look(partOf(parts.vae, Vae), values as DiffusionInput, progress);
      case "modulate":
        return modulate(partOf(parts.modulation, Modulating), values as DiffusionInput, progress);
      case "denoise":
        return denoised(partOf(parts.transformer, Transformer), values as DenoiseInput, progress);
      default:
        return decoded(partOf(parts.vae, Vae), values as DecodeInput, progress);
    }
  },
};

type DenoiseInput = DiffusionInput & EncodeOutput & ModulateOutput & Partial<LookOutput>;
type DecodeInput = DiffusionInput & ModulateOutput & DenoiseOutput & Partial<Pick<LookOutput, "kept">>;

const pixelsOf = ({ pixels, width, height }: InputPicture) => ({ data: pixels, width, height, channels: 3 });

function encodeTexts(encoder: TextEncoder, input: DiffusionInput, progress: Progress): EncodeOutput {
  const texts = [
    ...(input.positive ? [] : [input.prompt]),
    ...(input.negative || input.negativePrompt === null ? [] : [input.negativePrompt]),
  ];
  for (const [name, text] of [
    ["prompt", input.prompt],
    ["negative_prompt", input.negativePrompt ?? ""],
  ] as const) {
    const { length } = prompted(encoder.tokenizer, text, []);
    if (length > promptWindow)
      throw new TaskError(
        `${name} has ${length} tokens, and the model reads at most ${promptWindow}`,
        "invalid_parameter",
      );
  }
  const pictures = input.kind === "edit" ? input.pictures : [];
  const seen = encoder.see(
    pictures.map((picture) => {
      const smaller = resized(pixelsOf(picture), sizeOfArea(picture, seenPixels));
      return patchesOf(smaller, encoder.visionTower.config);
    }),
  );
  const made = texts.map((text, i): EncodedPrompt => {
    const states = encoder.encode(text, seen, (done, total) =>
      progress("encoding", i + done / total, texts.length),
    );
    return { data: states.read("float32") as EncodedPrompt["data"], tokens: states.shape[0]! };
  });
  const positive = input.positive ?? made.shift()!;
  const negative = input.negative ?? made.shift();
  return { positive, ...(negative && { negative }), keys: input.keys };
}

function look(vae: Vae, input: DiffusionInput, progress: Progress): LookOutput {
  const { pictures, kind, tile, overlap } = input;
  const total = pictures.length + (input.mask ? 1 : 0);
  const coded = (picture: Pixels<Uint8Array>, i: number) =>
    encode(vae, tensorOf(picture), { tile, overlap }, (done, of) =>
      progress("encoding", i + done / of, total),
    );
  const seen = pictures.map((picture, i) => {
    const size = kind === "edit" ? sizeOfArea(picture, input.referencePixels) : input;
    return coded(resized(pixelsOf(picture), size), i);
  });
  const kept = keptOf(input, (picture) => coded(picture, pictures.length));
  return {
    seen,
    ...(kept && { kept }),
    mask: null,
    keys: input.keys,
    ...(input.preview && { projection: previewOf(vae) }),
    // No later phase looks at them.
    pictures: [],
  };
}

function modulate(
  { modulator, schedule }: Modulating,
  input: DiffusionInput,
  progress: Progress,
): ModulateOutput {
  const { width, height, steps, strength, loras } = input;
  const all = sigmas(steps, (width * height) / 256, input.fast ? lightning : schedule);
  const used = all.slice(firstStep(steps, strength ?? 0));
  const names = targetsOf(linearNames(modulator.config.num_layers));
  return withLoras(() => {
    const unusedKeys = checkLoras(loras, names);
    using _ = applyLoras(loras, modulator.linears, names, modulator.dtype);
    const modulation = modulator.forward(used.slice(0, -1), (done, total) =>
      progress("encoding", done, total),
    );
    return { sigmas: used, modulation, unusedKeys };
  });
}

function denoised(transformer: Transformer, input: DenoiseInput, progress: Progress) {
  const { kind, seen = [], sigmas, projection, loras, kept } = input;
  const drawn = noise(input, transformer.config.in_channels, input.seed);
  const start = kind === "img2img" ? mixed(seen[0]!, drawn, sigmas[0]!) : drawn;
  const total = sigmas.length - 1;
  const names = targetsOf(linearNames(transformer.config.num_layers));
  const { made: clean, stepsReused } = withLoras(() => {
    using _ = applyLoras(loras, transformer.linears, names, transformer.dtype);
    return withStepCache(input, (cache) =>
      denoise({
        transformer,
        sigmas,
        modulation: input.modulation,
        start,
        references: kind === "edit" ? seen : [],
        ...(kept && { kept: { ...kept, noise: drawn } }),
        positive: input.positive,
        negative: input.negative,
        guidance: input.guidance,
        interval: input.interval,
        cache,
        batch: input.batchGuidance,
        step: (done) => progress("denoising", done, total),
        guess: previewing(progress, total, projection),
      }),
    );
  });
  // Drops values that the next phase does not use.
  return {
    clean,
    ...transformer.ran,
    stepsReused,
    modulation: null,
    positive: null,
    negative: null,
    seen: null,
  };
}

function decoded(vae: Vae, input: DecodeInput, progress: Progress): DiffusionOutput {
  const { width, height, tile, overlap, unusedKeys, bits, precision, stepsReused } = input;
  const image = decode(
    vae,
    input.clean,
    { tile, overlap },
    (done, total) => progress("decoding", done, total),
    requireFinite,
  );
  const picture = withKept(image, input.kept, width);
  return { image: picture, width, height, unusedKeys, bits, precision, stepsReused };
}
