import type { Capability, CheckContext, Operation, PlannedRequest } from "../capability.ts";
import { checkAdapters } from "../diffusion/adapter-folder.ts";
import { checkImages, checkLimits, checkScheduler, checkStrength } from "../diffusion/limits.ts";
import { maskOf } from "../diffusion/mask.ts";
import { plainParams } from "../diffusion/params.ts";
import { preview } from "../diffusion/result.ts";
import { chooseVariant, requireActivated } from "../model.ts";
import { adapters } from "./adapters.ts";
import { EditRequest, GenerateRequest, ImageResponse, prose } from "./contract.ts";
import { needOf } from "./need.ts";
import {
  checkShared,
  type EditParams,
  family,
  type GenerateParams,
  lightningFile,
  type Params,
  requireVariantKind,
  type Shared,
  schedulers,
  usualWith,
} from "./params.ts";
import { afterPhase, prepare } from "./prepare.ts";
import { publish } from "./result.ts";
import { limitsOf, ownSettings } from "./settings.ts";
import { isEdit, models, variantsThat } from "./variants.ts";

const usualStrength = 0.4;

const shared = {
  result: ImageResponse,
  jobComponent: "JobImageResponse",
  artifactTypes: ["image/png", "image/jpeg", "image/webp"],
  need: needOf,
  prepare,
  afterPhase,
  preview,
  publish,
} as const;

export const generate: Operation<GenerateRequest, GenerateParams> = {
  ...shared,
  type: family,
  path: "/generate",
  operationId: "generate_qwen_endpoint_v1_image_qwen_generate_post",
  ...prose.generate,
  variants: variantsThat(false),
  request: GenerateRequest,

  check(request, context) {
    const { settings } = context;
    const variant = chooseVariant(models, request.model, context);
    requireVariantKind(variant.name, false);
    const fast = request.fast ?? null;
    const wanted = checkShared(
      request,
      usualWith(fast, {
        steps: ownSettings(settings).qwen_generate_steps,
        guidance: ownSettings(settings).qwen_generate_guidance,
      }),
      context,
    );
    checkStrength(request.image_strength);
    checkScheduler(request.scheduler, schedulers);
    // Before the download that the other refusal asks for.
    if (fast) lightningFile(variant.name, fast, context);
    requireActivated(family, variant, context);
    checkAdapters(wanted.loras, { family, adapters, variant: variant.name }, context);
    const init_image = request.init_image ?? null;
    return {
      ...wanted,
      init_image,
      image_strength: request.image_strength ?? (init_image ? usualStrength : null),
      fast,
      model: variant.name,
    };
  },
};

export const edit: Operation<EditRequest, EditParams> = {
  ...shared,
  type: `${family}-edit`,
  path: "/edit",
  operationId: "edit_qwen_endpoint_v1_image_qwen_edit_post",
  ...prose.edit,
  variants: variantsThat(true),
  request: EditRequest,

  check(request, context) {
    const { settings } = context;
    const variant = chooseVariant(models, request.model ?? "edit-2509", context);
    requireVariantKind(variant.name, true);
    const fast = request.fast ?? null;
    const defaults = usualWith(fast, {
      steps: ownSettings(settings).qwen_edit_steps,
      guidance: ownSettings(settings).qwen_edit_guidance,
    });
    const wanted = checkShared(request, defaults, context);
    checkImages(request.images);
    checkScheduler(request.scheduler, schedulers);
    if (fast) lightningFile(variant.name, fast, context);
    requireActivated(family, variant, context);
    checkAdapters(wanted.loras, { family, adapters, variant: variant.name }, context);
    return { ...wanted, ...maskOf(request), images: request.images, fast, model: variant.name };
  },
};

/** A usual request, for what a variant needs before its first one. */
function usual(variant: string, { settings }: CheckContext, request: PlannedRequest): Params {
  const base: Shared = {
    ...plainParams({
      width: request.width ?? ownSettings(settings).qwen_default_width,
      height: request.height ?? ownSettings(settings).qwen_default_height,
      steps:
        request.steps ??
        (isEdit(variant) ? ownSettings(settings).qwen_edit_steps : ownSettings(settings).qwen_generate_steps),
      quantize: request.quantize ?? null,
    }),
    negative_prompt: null,
    guidance: isEdit(variant)
      ? ownSettings(settings).qwen_edit_guidance
      : ownSettings(settings).qwen_generate_guidance,
    scheduler: "linear",
    model: variant,
  };
  return isEdit(variant)
    ? {
        ...base,
        mask: null,
        mask_marks: "white",
        own_size: false,
        named_side: null,
        fast: null,
        images: [{ type: "file_id", file_id: "" }],
      }
    : { ...base, init_image: null, image_strength: null, fast: null };
}

/** Memory that a variant needs for a usual request. */
export const warm: NonNullable<Capability["warm"]> = (variant, context, request) => {
  const params = usual(variant, context, request ?? {});
  if (request) checkLimits(params, limitsOf(context.settings));
  return needOf(params, context);
};
