import type { Progress, Task, Values } from "../../engine/task.ts";
import type { Pixels } from "../../images/pixels.ts";
import { AutoencoderKl } from "../../models/autoencoder-kl/autoencoder-kl.ts";
import { applyLoras, checkLoras } from "../../models/diffusion/adapters.ts";
import { targetsOf } from "../../models/diffusion/names.ts";
import { firstStep, mixed } from "../../models/diffusion/tokens.ts";
import { denoise } from "../../models/flux2/denoise.ts";
import { isDistilled, loadTextEncoder, loadTransformer, loadVae } from "../../models/flux2/load.ts";
import { authorsLayers } from "../../models/flux2/names.ts";
import {
  cellsBy,
  decode,
  encode,
  noise,
  previewOf,
  referenceOf,
  resized,
  tensorOf,
} from "../../models/flux2/pictures.ts";
import { sigmas } from "../../models/flux2/schedule.ts";
import { TextEncoder } from "../../models/flux2/text-encoder.ts";
import type { Flux2Transformer } from "../../models/flux2/transformer.ts";
import {
  drawnBytes,
  encodePrompts,
  keptOf,
  partOf,
  previewing,
  shares,
  withKept,
  withLoras,
  withStepCache,
} from "../diffusion/engine/run.ts";
import type { DenoiseOutput, EncodeOutput, RunInput, RunOutput } from "../diffusion/phase.ts";
import type { Flux2Input, LookOutput } from "./phase.ts";

type Input = RunInput & Flux2Input;
type DenoiseInput = Input & EncodeOutput & Partial<LookOutput>;
type DecodeInput = Input & DenoiseOutput & Partial<Pick<LookOutput, "kept">>;

/** The transformer, and whether its folder says that it was distilled; `usual` is what the variant's name says. */
class Denoiser implements Disposable {
  constructor(
    readonly transformer: Flux2Transformer,
    readonly distilled: (usual: boolean) => boolean,
  ) {}

  [Symbol.dispose](): void {
    this.transformer[Symbol.dispose]();
  }
}

const hint = ". Adapters of the 4B and the 9B models do not fit each other";

export const task: Task = {
  family: "flux2",

  load(part, { paths, bits, variant, cache }, progress, note = () => {}) {
    const place = cache && { ...cache, network: `flux2-${variant}-${part}`, note };
    const options = { bits, place, step: (done: number, total: number) => progress("loading", done, total) };
    if (part === "text_encoder") return loadTextEncoder(paths, options);
    if (part === "vae") return loadVae(paths, options);
    return new Denoiser(loadTransformer(paths, options), (usual) => isDistilled(paths, usual));
  },

  run(phase, parts, values: Values, progress) {
    switch (phase) {
      case "encode":
        return encodePrompts(partOf(parts.text_encoder, TextEncoder), values as Input, progress);
      case "look":
        return look(partOf(parts.vae, AutoencoderKl), values as Input, progress);
      case "denoise":
        return denoised(partOf(parts.transformer, Denoiser), values as DenoiseInput, progress);
      default:
        return decoded(partOf(parts.vae, AutoencoderKl), values as DecodeInput, progress);
    }
  },
};

function look(vae: AutoencoderKl, input: Input, progress: Progress): LookOutput {
  const { pictures, kind } = input;
  const total = pictures.length + (input.mask ? 1 : 0);
  const coded = (picture: Pixels<Uint8Array>, i: number) =>
    encode(vae, tensorOf(picture), { step: (share) => progress("encoding", i + share, total) });
  const seen = pictures.map(({ pixels, width, height }, i) => {
    const given = { data: pixels, width, height, channels: 3 };
    return coded(kind === "edit" ? referenceOf(given) : resized(given, input), i);
  });
  const kept = keptOf(input, (picture) => coded(picture, pictures.length));
  // No later phase looks at the pictures.
  return {
    seen,
    pictures: [],
    mask: null,
    keys: input.keys,
    ...(kept && { kept }),
    ...(input.preview && { glance: previewOf(vae) }),
  };
}

function denoised({ transformer, distilled }: Denoiser, input: DenoiseInput, progress: Progress) {
  const { kind, steps, strength, loras, seen = [], positive, negative, guidance, kept } = input;
  const { linears, config } = transformer;
  const { projection, statistics } = input.glance ?? {};
  const targets = targetsOf(linears.keys(), authorsLayers(config.double, config.single));
  const all = sigmas(steps, (input.width * input.height) / 256);
  const used = all.slice(firstStep(steps, strength ?? 0));
  const total = used.length - 1;
  const preview = previewing(progress, total, projection);
  const guides = input.negativePrompt !== null && !distilled(input.distilled);
  return withLoras(() => {
    const unusedKeys = checkLoras(loras, targets);
    using _ = applyLoras(loras, linears, targets, transformer.dtype, hint);
    const drawn = noise(input, config.channels, input.seed);
    const { rows, columns } = drawn;
    const { made: clean, stepsReused } = withStepCache(input, (cache) =>
      denoise({
        transformer,
        sigmas: used,
        start: kind === "img2img" ? mixed(seen[0]!, drawn, used[0]!) : drawn,
        references: kind === "edit" ? seen : [],
        ...(kept && { kept: { ...kept, noise: drawn } }),
        positive,
        negative: guides ? negative : undefined,
        guidance,
        interval: input.interval,
        cache,
        step: (done) => progress("denoising", done, total),
        guess: (done, tokens) => preview(done, () => cellsBy(statistics!, tokens(), rows, columns)),
      }),
    );
    const output: DenoiseOutput = {
      clean,
      ...transformer.ran,
      unusedKeys,
      promptCut: positive.cut === true,
      guidanceIgnored: input.negativePrompt !== null && !guides,
      stepsReused,
    };
    // The next phase does not use them, so they do not travel on.
    return { ...output, positive: null, negative: null, seen: null, glance: null };
  });
}

function decoded(vae: AutoencoderKl, input: DecodeInput, progress: Progress): RunOutput {
  const { width, height, unusedKeys, bits, precision, promptCut, guidanceIgnored, stepsReused } = input;
  const image = drawnBytes(() => decode(vae, input.clean, { step: shares(progress, "decoding") }));
  const picture = withKept(image, input.kept, width);
  return {
    image: picture,
    width,
    height,
    unusedKeys,
    bits,
    precision,
    promptCut,
    guidanceIgnored,
    stepsReused,
  };
}
