/**
 * From references to pictures and adapters: the input of the first phase.
 *
 * @module
 */
import type { Values } from "../../engine/task.ts";
import { isOneColour } from "../../images/solid-color.ts";
import type { AfterContext, CheckContext, PrepareContext, Prepared } from "../capability.ts";
import { maskBytes, resultSize } from "../diffusion/mask.ts";
import {
  adaptersOf,
  drawnSeed,
  keepPictures,
  keepPrompts,
  pictureKeys,
  picturesOf,
  refresh,
  textKeys,
} from "../diffusion/prepare.ts";
import { batched, needOf } from "./need.ts";
import { type Facts, family, filesOf, guided, lightningFile, overlap, type Params } from "./params.ts";
import type { DiffusionInput } from "./phase.ts";
import { limitsOf, ownSettings } from "./settings.ts";

const longestAspect = 200;

export async function prepare(params: Params, context: PrepareContext): Promise<Prepared> {
  const { settings } = context;
  const edit = "images" in params;
  const kind = edit ? "edit" : params.init_image ? "img2img" : "txt2img";
  const pictures = await picturesOf(filesOf(params), edit ? "image" : "init_image", {
    context,
    longestAspect,
  });
  const size = resultSize(params, pictures[0], limitsOf(settings));
  const { mask, mask_file_id } = edit ? await maskBytes(params, size, context) : {};
  const { loras, adapters } = await adaptersOf(params.loras, context);
  const { fast } = params;
  if (fast !== null)
    loras.push({
      path: lightningFile(params.model, fast, context),
      label: `the adapter of fast: ${fast}`,
      scale: 1,
    });
  // The original reads an empty negative prompt as one space, in an edit as nothing.
  const negative = edit
    ? (params.negative_prompt ?? "")
    : params.negative_prompt?.trim()
      ? params.negative_prompt
      : " ";
  const negativePrompt = guided(params) ? negative : null;
  const keys = textKeys(
    { family, model: params.model },
    { positive: params.prompt, negative: negativePrompt },
    context,
    edit ? pictures.map(({ record }) => record) : [],
  );
  const own = ownSettings(settings);
  const coded = { edit, size: edit ? own.qwen_reference_pixels : size, tile: own.qwen_vae_tile, overlap };
  const records = pictures.map(({ record }) => record);
  const pictureNames = pictureKeys({ family, model: params.model }, records, coded, context);
  const seed = drawnSeed(params.seed);
  const sized = { ...params, ...size };
  const batchGuidance = batched(sized, context);
  const input: DiffusionInput = {
    kind,
    prompt: params.prompt,
    negativePrompt,
    keys: { ...keys, ...(pictures.length > 0 && { pictures: pictureNames }) },
    pictures: pictures.map(({ pixels, width, height }) => ({ pixels, width, height })),
    ...size,
    steps: params.steps,
    strength: !edit && params.init_image ? params.image_strength : null,
    guidance: params.guidance,
    batchGuidance,
    seed,
    fast: fast !== null,
    loras,
    tile: ownSettings(settings).qwen_vae_tile,
    overlap,
    referencePixels: ownSettings(settings).qwen_reference_pixels,
    preview: params.preview,
    interval: params.guidance_interval,
    stepCache: params.step_cache,
    ...(mask && { mask }),
  };
  const facts: Facts = {
    kind,
    seed,
    image_file_ids: pictures.map(({ record }) => record.file_id),
    ...(mask_file_id !== undefined && { mask_file_id }),
    adapters,
    batch_guidance: batchGuidance,
    one_colour: pictures.some(({ pixels }) => isOneColour({ data: pixels, channels: 3 })),
  };
  // The size may follow from the pictures.
  const need = edit ? { need: needOf(sized, context) } : {};
  return { input, facts, ...need, refresh: refresh(input, promptCache(context)) };
}

const promptCache = ({ settings, prompts }: CheckContext) =>
  prompts(ownSettings(settings).qwen_prompt_cache_mb * 1e6);

/** Keeps the encoded prompts and pictures. */
export async function afterPhase(
  phase: string,
  _params: Params,
  output: Values,
  context: AfterContext,
): Promise<void> {
  if (phase === "encode") await keepPrompts(output, promptCache(context), context);
  if (phase === "look") await keepPictures(output, promptCache(context), context);
}
