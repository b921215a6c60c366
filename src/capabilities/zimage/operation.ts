import type { Need } from "../../engine/need.ts";
import type { Bits, Values } from "../../engine/task.ts";
import { encoderBits, pipelineOf } from "../../models/diffusion/memory.ts";
import { footprint, type Job, ownBits, published } from "../../models/zimage/memory.ts";
import type { Capability, CheckContext, Operation, PlannedRequest } from "../capability.ts";
import { checkAdapters } from "../diffusion/adapter-folder.ts";
import { checkLimits } from "../diffusion/limits.ts";
import { type PictureParams, pictureParams, plainParams } from "../diffusion/params.ts";
import type { RunInput, RunOutput } from "../diffusion/phase.ts";
import {
  adaptersOf,
  drawnSeed,
  keepPrompts,
  refresh,
  textKeys,
  type UsedAdapter,
} from "../diffusion/prepare.ts";
import { preview, publishPicture, usedAdapters } from "../diffusion/result.ts";
import { usedShortcuts } from "../diffusion/shortcuts.ts";
import { floatBytes } from "../footprint.ts";
import { chooseBits, chooseVariant, requireActivated } from "../model.ts";
import { adapters } from "./adapters.ts";
import { GenerateRequest, ImageResponse, prose } from "./contract.ts";
import type { ZImageInput } from "./phase.ts";
import { limitsOf, ownSettings } from "./settings.ts";
import { family, models, usualOf, variants } from "./variants.ts";

export type Params = PictureParams & {
  negative_prompt: string | null;
  guidance: number | null;
  model: string;
};

type Facts = { seed: number; adapters: UsedAdapter[] };

const promptCache = ({ settings, prompts }: CheckContext) =>
  prompts(ownSettings(settings).zimage_prompt_cache_mb * 1e6);

/** Guidance that takes effect: a distilled variant has none. */
const guided = ({ model, guidance }: Pick<Params, "model" | "guidance">) =>
  usualOf(model).guidance !== null && guidance !== null && guidance > 1;

/** The bits that a job runs with: the files' own where they have few already. */
function bitsOf({ model, quantize }: Pick<Params, "model" | "quantize">, context: CheckContext) {
  const activation = context.activation(family, model);
  const here = "source" in activation;
  const pipeline = here ? pipelineOf(activation.source.paths, published()) : published();
  const own = here ? ownBits(pipeline.transformer) : savedBits(model, quantize);
  const chosen =
    own === undefined
      ? chooseBits(quantize, ownSettings(context.settings).zimage_default_quantize)
      : { bits: own, transient: false };
  return { ...chosen, pipeline };
}

/** The bits of a download that is not here yet: of the copy with the wanted ones, or of the usual one. */
function savedBits(model: string, wanted: number | null): Bits | undefined {
  const { bits, copies = [] } = variants.find(({ name }) => name === model)!;
  return bits && (copies.find((copy) => copy.bits === wanted)?.bits ?? bits);
}

function needOf(params: Params, context: CheckContext): Need {
  const { bits, transient, pipeline } = bitsOf(params, context);
  const { width, height } = params;
  const job: Job = { bits, width, height, guided: guided(params), stepCache: params.step_cache !== null };
  const bytes = footprint(job, pipeline, floatBytes);
  // The text encoder goes first: what it gave is kept.
  const textEncoder = {
    name: "text_encoder",
    bytes: bytes.textEncoder,
    bits: encoderBits(bits),
    priority: -2,
  };
  const vae = { name: "vae", bytes: bytes.vae, bits: null };
  return {
    variant: params.model,
    bits,
    phases: [
      { name: "encode", parts: [textEncoder], workingBytes: bytes.encode, share: 0.05 },
      ...(params.preview ? [{ name: "look", parts: [vae], workingBytes: bytes.look, share: 0.02 }] : []),
      {
        name: "denoise",
        parts: [{ name: "transformer", bytes: bytes.transformer }],
        workingBytes: bytes.denoise,
        share: 0.83,
      },
      { name: "decode", parts: [vae], workingBytes: bytes.decode, share: 0.1 },
    ],
    options: {},
    transient,
    smaller: smallerOf(params.model, bits),
  };
}

const smallerOf = (model: string, bits: Bits) =>
  model === "base" && (bits === null || bits > 4)
    ? "the model turbo (4 bits), a lower quantize, or a smaller size"
    : bits === null || bits > 3
      ? "a lower quantize, or a smaller size"
      : "a smaller size";

export const generate: Operation<GenerateRequest, Params> = {
  type: family,
  path: "/generate",
  operationId: "generate_image_endpoint_v1_image_zimage_generate_post",
  ...prose.generate,
  request: GenerateRequest,
  result: ImageResponse,
  jobComponent: "JobImageResponse",
  artifactTypes: ["image/png", "image/jpeg", "image/webp"],
  need: needOf,
  preview,

  check(request, context) {
    const { settings } = context;
    const own = ownSettings(settings);
    const variant = chooseVariant(models, request.model, context);
    const usual = usualOf(variant.name);
    const wanted: Params = {
      ...pictureParams(request, {
        width: own.zimage_default_width,
        height: own.zimage_default_height,
        steps: usual.steps,
      }),
      negative_prompt: request.negative_prompt ?? null,
      guidance: request.guidance ?? usual.guidance,
      model: variant.name,
    };
    checkLimits(wanted, limitsOf(settings));
    requireActivated(family, variant, context);
    checkAdapters(wanted.loras, { family, adapters, variant: variant.name }, context);
    return wanted;
  },

  async prepare(params, context) {
    const { loras, adapters } = await adaptersOf(params.loras, context);
    const negativePrompt = guided(params) ? (params.negative_prompt ?? "") : null;
    const how = encoderBits(bitsOf(params, context).bits);
    const keys = textKeys(
      { family, model: params.model, how },
      { positive: params.prompt, negative: negativePrompt },
      context,
    );
    const seed = drawnSeed(params.seed);
    const { prompt, width, height, steps, preview, model } = params;
    const input: RunInput & ZImageInput = {
      kind: "txt2img",
      prompt,
      negativePrompt,
      keys,
      pictures: [],
      width,
      height,
      steps,
      strength: null,
      guidance: params.guidance ?? 0,
      seed,
      loras,
      preview,
      interval: params.guidance_interval,
      stepCache: params.step_cache,
      shift: usualOf(model).shift,
    };
    return { input, facts: { seed, adapters }, refresh: refresh(input, promptCache(context)) };
  },

  async afterPhase(phase, _params, output, context) {
    if (phase === "encode") await keepPrompts(output, promptCache(context), context);
  },

  publish(params, given, output, context) {
    const { seed, adapters } = given as Facts;
    const { image, width, height, unusedKeys, bits, precision, promptCut, stepsReused } =
      output as Values as unknown as RunOutput;
    const { model, prompt, negative_prompt, steps, guidance, format, quality } = params;
    const ignored = guidance !== null && guidance > 1 && !guided(params);
    const used = {
      mode: "txt2img",
      model,
      prompt,
      negative_prompt,
      seed,
      width,
      height,
      steps,
      guidance,
      ...usedShortcuts(params, { stepsReused }),
      quantize: bits,
      precision,
      format,
      quality,
      ...usedAdapters(params, adapters, unusedKeys),
      ...(promptCut && { prompt_cut: true }),
      ...(ignored && { guidance_ignored: true }),
    };
    const made = { family, name: "image", image, width, height, model, prompt, format, quality };
    return publishPicture({ ...made, adapters, oneColour: false, used }, context);
  },
};

/** What a variant needs for a usual request. */
export const warm: NonNullable<Capability["warm"]> = (variant, context, request) => {
  const params = usualParams(variant, context, request ?? {});
  if (request) checkLimits(params, limitsOf(context.settings));
  return needOf(params, context);
};

/** A usual request, for what a variant needs before its first one. */
function usualParams(variant: string, { settings }: CheckContext, request: PlannedRequest): Params {
  const own = ownSettings(settings);
  const usual = usualOf(variant);
  return {
    ...plainParams({
      width: request.width ?? own.zimage_default_width,
      height: request.height ?? own.zimage_default_height,
      steps: request.steps ?? usual.steps,
      quantize: request.quantize ?? null,
    }),
    negative_prompt: null,
    guidance: usual.guidance,
    model: variant,
  };
}
