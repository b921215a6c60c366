import type { Values } from "../../engine/task.ts";
import { Refusal } from "../../errors.ts";
import { isOneColour } from "../../images/solid-color.ts";
import { encoderBits } from "../../models/diffusion/memory.ts";
import type { Capability, CheckContext, Operation, PlannedRequest } from "../capability.ts";
import { checkAdapters } from "../diffusion/adapter-folder.ts";
import { checkImages, checkLimits, checkScheduler } from "../diffusion/limits.ts";
import { maskBytes, maskOf, resultSize } from "../diffusion/mask.ts";
import { plainParams } from "../diffusion/params.ts";
import type { RunInput, RunOutput } from "../diffusion/phase.ts";
import {
  adaptersOf,
  type DecodedPicture,
  drawnSeed,
  keepPictures,
  keepPrompts,
  pictureKeys,
  picturesOf,
  refresh,
  textKeys,
  type UsedAdapter,
} from "../diffusion/prepare.ts";
import { preview, publishPicture, usedAdapters } from "../diffusion/result.ts";
import { usedShortcuts } from "../diffusion/shortcuts.ts";
import { chooseVariant } from "../model.ts";
import { adapters } from "./adapters.ts";
import { EditRequest, GenerateRequest, ImageResponse, prose, schedulers } from "./contract.ts";
import { bitsOf, needOf } from "./need.ts";
import {
  checkShared,
  type EditParams,
  filesOf,
  type GenerateParams,
  guided,
  models,
  type Params,
  requireHere,
} from "./params.ts";
import type { Flux2Input } from "./phase.ts";
import { limitsOf, ownSettings } from "./settings.ts";
import { family, usualOf } from "./variants.ts";

const usualStrength = 0.4;
const longestAspect = 200;
/** Limits of reference pictures. */
const reference = { shortest: 64, longestAspect: 8 };

type Facts = {
  kind: RunInput["kind"];
  seed: number;
  image_file_ids: string[];
  mask_file_id?: string;
  adapters: UsedAdapter[];
  one_colour: boolean;
};

const promptCache = ({ settings, prompts }: CheckContext) =>
  prompts(ownSettings(settings).flux2_prompt_cache_mb * 1e6);

function checkReference({ width, height }: DecodedPicture): void {
  if (Math.min(width, height) < reference.shortest)
    throw new Refusal(
      "invalid_parameter",
      `images must be at least ${reference.shortest} pixels wide and high, and one is ${width}x${height}`,
    );
  if (Math.max(width / height, height / width) > reference.longestAspect)
    throw new Refusal(
      "invalid_parameter",
      `images may be at most ${reference.longestAspect} times as long as wide, and one is ${width}x${height}`,
    );
}

/** Pixels at which a reference picture is seen. */
const seenPixels = ({ width, height }: DecodedPicture) => Math.min(width * height, 1024 * 1024);

const shared: Pick<
  Operation<never, Params>,
  "result" | "jobComponent" | "artifactTypes" | "need" | "prepare" | "afterPhase" | "preview" | "publish"
> = {
  result: ImageResponse,
  jobComponent: "JobImageResponse",
  artifactTypes: ["image/png", "image/jpeg", "image/webp"],
  need: (params, context) => needOf(params, context),
  preview,

  async prepare(params, context) {
    const edit = "images" in params;
    const pictures = await picturesOf(filesOf(params), edit ? "image" : "init_image", {
      context,
      longestAspect,
    });
    if (edit) pictures.forEach(checkReference);
    const size = resultSize(params, pictures[0], limitsOf(context.settings));
    const { mask, mask_file_id } = edit ? await maskBytes(params, size, context) : {};
    const { loras, adapters } = await adaptersOf(params.loras, context);
    const negativePrompt = guided(params) ? "" : null;
    const how = encoderBits(bitsOf(params, context).bits);
    const keys = textKeys(
      { family, model: params.model, how },
      { positive: params.prompt, negative: negativePrompt },
      context,
    );
    const coded = edit ? "reference" : size;
    const records = pictures.map(({ record }) => record);
    const pictureNames = pictureKeys({ family, model: params.model }, records, coded, context);
    const seed = drawnSeed(params.seed);
    const kind = edit ? "edit" : params.init_image ? "img2img" : "txt2img";
    const { prompt, steps, guidance, preview, model } = params;
    const input: RunInput & Flux2Input = {
      kind,
      prompt,
      negativePrompt,
      keys: { ...keys, ...(pictures.length > 0 && { pictures: pictureNames }) },
      pictures: pictures.map(({ pixels, width, height }) => ({ pixels, width, height })),
      ...size,
      steps,
      strength: kind === "img2img" ? params.image_strength : null,
      guidance,
      seed,
      loras,
      preview,
      interval: params.guidance_interval,
      stepCache: params.step_cache,
      distilled: usualOf(model).distilled,
      ...(mask && { mask }),
    };
    const facts: Facts = {
      kind,
      seed,
      image_file_ids: pictures.map(({ record }) => record.file_id),
      ...(mask_file_id !== undefined && { mask_file_id }),
      adapters,
      one_colour: pictures.some(({ pixels }) => isOneColour({ data: pixels, channels: 3 })),
    };
    const need = edit ? { need: needOf({ ...params, ...size }, context, pictures.map(seenPixels)) } : {};
    return { input, facts, ...need, refresh: refresh(input, promptCache(context)) };
  },

  async afterPhase(phase, _params, output, context) {
    if (phase === "encode") await keepPrompts(output, promptCache(context), context);
    if (phase === "look") await keepPictures(output, promptCache(context), context);
  },

  publish(params, given, output, context) {
    const { kind, seed, image_file_ids, mask_file_id, adapters, one_colour } = given as Facts;
    const { image, width, height, unusedKeys, bits, precision, promptCut, guidanceIgnored, stepsReused } =
      output as Values as unknown as RunOutput;
    const { model, prompt, image_strength, steps, guidance, scheduler, format, quality } = params;
    const ignored = guidanceIgnored || (guidance > 1 && !guided(params));
    const used = {
      kind,
      model,
      prompt,
      ...("images" in params ? { image_file_ids } : { init_image_file_id: image_file_ids[0] ?? null }),
      ...("images" in params &&
        mask_file_id !== undefined && { mask_file_id, mask_marks: params.mask_marks }),
      image_strength,
      seed,
      width,
      height,
      steps,
      guidance,
      ...usedShortcuts(params, { stepsReused }),
      quantize: bits,
      precision,
      scheduler,
      format,
      quality,
      ...usedAdapters(params, adapters, unusedKeys),
      ...(promptCut && { prompt_cut: true }),
      ...(ignored && { guidance_ignored: true }),
      ...(kind === "edit" && image_strength !== null && { image_strength_ignored: true }),
    };
    const made = { family, name: family, image, width, height, model, prompt, format, quality };
    return publishPicture({ ...made, adapters, oneColour: one_colour, used }, context);
  },
};

export const generate: Operation<GenerateRequest, GenerateParams> = {
  ...shared,
  type: family,
  path: "/generate",
  operationId: "generate_flux2_endpoint_v1_image_flux2_generate_post",
  ...prose.generate,
  request: GenerateRequest,

  check(request, context) {
    const variant = chooseVariant(models, request.model, context);
    const wanted = checkShared(request, variant, context);
    checkScheduler(request.scheduler, schedulers);
    requireHere(variant, context);
    checkAdapters(wanted.loras, { family, adapters, variant: variant.name }, context);
    const init_image = request.init_image ?? null;
    return {
      ...wanted,
      init_image,
      image_strength: request.image_strength ?? (init_image ? usualStrength : null),
    };
  },
};

export const edit: Operation<EditRequest, EditParams> = {
  ...shared,
  type: `${family}-edit`,
  path: "/edit",
  operationId: "edit_flux2_endpoint_v1_image_flux2_edit_post",
  ...prose.edit,
  request: EditRequest,

  check(request, context) {
    const variant = chooseVariant(models, request.model, context);
    const wanted = checkShared(request, variant, context);
    checkImages(request.images);
    checkScheduler(request.scheduler, schedulers);
    requireHere(variant, context);
    checkAdapters(wanted.loras, { family, adapters, variant: variant.name }, context);
    return { ...wanted, ...maskOf(request), images: request.images };
  },
};

/** What a variant needs for a usual request. */
export const warm: NonNullable<Capability["warm"]> = (variant, context, request) => {
  const params = usualParams(variant, context, request ?? {});
  if (request) checkLimits(params, limitsOf(context.settings));
  return needOf(params, context);
};

/** A usual request, for what a variant needs before its first one. */
function usualParams(variant: string, { settings }: CheckContext, request: PlannedRequest): GenerateParams {
  const own = ownSettings(settings);
  const usual = usualOf(variant);
  return {
    ...plainParams({
      width: request.width ?? own.flux2_default_width,
      height: request.height ?? own.flux2_default_height,
      steps: request.steps ?? usual.steps,
      quantize: request.quantize ?? null,
    }),
    guidance: usual.guidance,
    image_strength: null,
    scheduler: schedulers[0],
    model: variant,
    init_image: null,
  };
}
