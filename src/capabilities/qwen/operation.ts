import type { Need } from "../../engine/need.ts";
import type { Bits } from "../../engine/task.ts";
import { Refusal } from "../../errors.ts";
import * as memory from "../../models/qwen-image/memory.ts";
import { partTable } from "../../weights/tensor-table.ts";
import type { Capability, CheckContext, Operation, PlannedRequest } from "../capability.ts";
import { checkImages, checkLimits, checkScheduler, checkStrength } from "../diffusion/limits.ts";
import { preview } from "../diffusion/result.ts";
import { canHaveFewerBits, floatBytes } from "../footprint.ts";
import { chooseBits, chooseVariant, requireActivated } from "../model.ts";
import { EditRequest, GenerateRequest, ImageResponse, prose } from "./contract.ts";
import {
  batched,
  checkShared,
  type EditParams,
  family,
  filesOf,
  type GenerateParams,
  lightningFile,
  type Params,
  requireVariantKind,
  type Shared,
  schedulers,
} from "./params.ts";
import { afterPhase, prepare } from "./prepare.ts";
import { publish } from "./result.ts";
import { limitsOf, ownSettings } from "./settings.ts";
import { isEdit, models, variantsThat } from "./variants.ts";

const usualStrength = 0.4;

/** Sizes of a variant's networks, of its files where they are here; and its bits, where they are quantized as a whole. */
function memoryOf(
  variant: string,
  context: CheckContext,
): { size: memory.PipelineSize; ownBits: Bits | undefined } {
  const activation = context.activation(models.family, variant);
  const paths = "source" in activation ? activation.source.paths : [];
  const [transformer, textEncoder, coder] = ["transformer", "text_encoder", "vae"].map((part) =>
    partTable(paths, part),
  );
  const { published } = memory;
  return {
    size: {
      transformer: transformer ? memory.transformerOf(transformer) : published.transformer,
      textEncoder: textEncoder ? memory.textEncoderOf(textEncoder) : published.textEncoder,
      coder: coder ? memory.coderOf(coder) : published.coder,
    },
    ownBits: transformer && memory.ownBits(transformer),
  };
}

function needOf(params: Params, context: CheckContext): Need {
  const { settings } = context;
  const { size, ownBits } = memoryOf(params.model, context);
  const { bits, transient } =
    ownBits === undefined
      ? chooseBits(params.quantize, ownSettings(settings).qwen_default_quantize)
      : { bits: ownBits, transient: false };
  const pictures = filesOf(params).length;
  const job = {
    bits,
    pixels: params.width * params.height,
    steps: params.steps,
    references: "images" in params ? pictures : 0,
    referencePixels: ownSettings(settings).qwen_reference_pixels,
    tile: ownSettings(settings).qwen_vae_tile,
    batch: batched(params, settings),
  };
  const bytes = memory.footprint(job, size, floatBytes);
  // Neither is quantized. The text encoder goes first: what it gave is kept.
  const textEncoder = { name: "text_encoder", bytes: bytes.textEncoder, bits: null, priority: -2 };
  const vae = { name: "vae", bytes: bytes.vae, bits: null };
  const modulation = { name: "modulation", bytes: bytes.modulation, priority: -1 };
  const looks = pictures > 0 || params.preview;
  return {
    variant: params.model,
    bits,
    phases: [
      { name: "encode", parts: [textEncoder], workingBytes: bytes.encode, share: 0.08 },
      ...(looks ? [{ name: "look", parts: [vae], workingBytes: bytes.look, share: 0.04 }] : []),
      { name: "modulate", parts: [modulation], workingBytes: bytes.modulate, share: 0.03 },
      {
        name: "denoise",
        parts: [{ name: "transformer", bytes: bytes.transformer }],
        workingBytes: bytes.denoise,
        share: 0.75,
      },
      { name: "decode", parts: [vae], workingBytes: bytes.decode, share: 0.1 },
    ],
    options: {},
    transient,
    smaller: canHaveFewerBits(bits) ? "a lower quantize, or a smaller size" : "a smaller size",
  };
}

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
      {
        steps: fast ?? ownSettings(settings).qwen_generate_steps,
        guidance: fast ? 1 : ownSettings(settings).qwen_generate_guidance,
      },
      context,
    );
    checkStrength(request.image_strength);
    checkScheduler(request.scheduler, schedulers);
    // Before the download that the other refusal asks for.
    if (fast) lightningFile(fast, settings);
    requireActivated(family, variant, context);
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
    if (request.fast != null)
      throw new Refusal(
        "invalid_parameter",
        "fast is for /generate: no adapter of the settings makes an edit in few steps. Leave it out, or name such an adapter in loras, with steps and guidance of your own",
      );
    const variant = chooseVariant(models, request.model ?? "edit-2509", context);
    requireVariantKind(variant.name, true);
    const defaults = {
      steps: ownSettings(settings).qwen_edit_steps,
      guidance: ownSettings(settings).qwen_edit_guidance,
    };
    const wanted = checkShared(request, defaults, context);
    checkImages(request.images);
    checkScheduler(request.scheduler, schedulers);
    requireActivated(family, variant, context);
    return { ...wanted, images: request.images, model: variant.name };
  },
};

/** A usual request, for what a variant needs before its first one. */
function usual(variant: string, { settings }: CheckContext, request: PlannedRequest): Params {
  const base: Shared = {
    prompt: "",
    negative_prompt: null,
    width: request.width ?? ownSettings(settings).qwen_default_width,
    height: request.height ?? ownSettings(settings).qwen_default_height,
    steps:
      request.steps ??
      (isEdit(variant) ? ownSettings(settings).qwen_edit_steps : ownSettings(settings).qwen_generate_steps),
    guidance: ownSettings(settings).qwen_generate_guidance,
    seed: null,
    quantize: request.quantize ?? null,
    scheduler: "linear",
    format: "png",
    quality: 90,
    loras: [],
    preview: false,
    model: variant,
    mode: "sync",
  };
  return isEdit(variant)
    ? { ...base, images: [{ type: "file_id", file_id: "" }] }
    : { ...base, init_image: null, image_strength: null, fast: null };
}

/** Memory that a variant needs for a usual request. */
export const warm: NonNullable<Capability["warm"]> = (variant, context, request) => {
  const params = usual(variant, context, request ?? {});
  if (request) checkLimits(params, limitsOf(context.settings));
  return needOf(params, context);
};
