/**
 * From references to pictures and adapters: the input of the first phase.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Values } from "../../engine/task.ts";
import { Refusal } from "../../errors.ts";
import type { FileRecord } from "../../files/file.ts";
import { decodePicture } from "../../images/decode.ts";
import { isOneColour } from "../../images/solid-color.ts";
import type { AfterContext, CheckContext, PrepareContext, Prepared } from "../capability.ts";
import { encoderIdentity } from "../prompts/files.ts";
import { batched, type Facts, family, lightningFile, overlap, type Params, picturesOf } from "./params.ts";
import type { Adapter, DiffusionInput, EncodeOutput, InputPicture } from "./phase.ts";
import { ownSettings } from "./settings.ts";

const longestAspect = 200;

/** Raise it when the same text would become something else than before. */
const encoding = 1;

/** Equal keys are equal texts to the language model: its files, the words, the pictures they are about. */
function textKey(encoder: unknown, text: string, pictures: readonly FileRecord[]): string {
  const hash = createHash("sha256").update(
    JSON.stringify([encoding, encoder, text, pictures.map(({ sha256 }) => sha256)]),
  );
  return hash.digest("hex");
}

function encoderOfModel(model: string, context: PrepareContext): unknown {
  const activation = context.activation(family, model);
  return [model, "source" in activation ? encoderIdentity(activation.source.paths) : null];
}

export async function prepare(params: Params, context: PrepareContext): Promise<Prepared> {
  const { settings } = context;
  const edit = "images" in params;
  const kind = edit ? "edit" : params.init_image ? "img2img" : "txt2img";
  const pictures: (InputPicture & { record: FileRecord })[] = [];
  for (const reference of picturesOf(params)) {
    const { path, record } = await context.resolve(reference, edit ? "image" : "init_image");
    const picture = await decodePicture(path, {
      kind: edit ? "input image" : "init image",
      maxPixels: settings.max_input_pixels,
      setting: "max_input_pixels",
    });
    const { pixels, width, height } = picture;
    if (Math.max(width / height, height / width) > longestAspect)
      throw new Refusal("invalid_image", `a picture of ${width}x${height} is too narrow`);
    pictures.push({ pixels, width, height, record });
  }
  const { loras, adapters } = await adaptersOf(params, context);
  const seed = params.seed ?? Math.floor(Math.random() * 2 ** 31);
  // The original reads an empty negative prompt as one space, in an edit as nothing.
  const negative = edit
    ? (params.negative_prompt ?? "")
    : params.negative_prompt?.trim()
      ? params.negative_prompt
      : " ";
  const negativePrompt = params.guidance > 1 ? negative : null;
  const about = edit ? pictures.map(({ record }) => record) : [];
  const encoder = encoderOfModel(params.model, context);
  const keys = {
    positive: textKey(encoder, params.prompt, about),
    ...(negativePrompt !== null && { negative: textKey(encoder, negativePrompt, about) }),
  };
  const input: DiffusionInput = {
    kind,
    prompt: params.prompt,
    negativePrompt,
    keys,
    pictures: pictures.map(({ pixels, width, height }) => ({ pixels, width, height })),
    width: params.width,
    height: params.height,
    steps: params.steps,
    strength: !edit && params.init_image ? params.image_strength : null,
    guidance: params.guidance,
    batchGuidance: batched(params, settings),
    seed,
    fast: !edit && params.fast !== null,
    loras,
    tile: ownSettings(settings).qwen_vae_tile,
    overlap,
    referencePixels: ownSettings(settings).qwen_reference_pixels,
    preview: params.preview,
  };
  const facts: Facts = {
    kind,
    seed,
    image_file_ids: pictures.map(({ record }) => record.file_id),
    adapters,
    one_colour: pictures.some(({ pixels }) => isOneColour({ data: pixels, channels: 3 })),
  };
  // The job before this one may be about to encode the same prompt: looked up when the turn comes.
  return {
    input,
    facts,
    async refresh() {
      const texts = promptsOf(context);
      const positive = await texts.get(keys.positive);
      const negative = keys.negative === undefined ? undefined : await texts.get(keys.negative);
      const done = positive !== undefined && (negativePrompt === null || negative !== undefined);
      return {
        input: { ...input, ...(positive && { positive }), ...(negative && { negative }) },
        skip: done ? ["encode"] : [],
      };
    },
  };
}

/** The files of the adapters: the request's, and the one that makes few steps enough. */
async function adaptersOf(params: Params, context: PrepareContext) {
  const loras: Adapter[] = [];
  const adapters: Facts["adapters"] = [];
  for (const { file, scale } of params.loras) {
    const { path, record } = await context.resolve(file, "lora");
    loras.push({ path, label: record.filename.slice(0, 100), scale });
    adapters.push({ file: { type: "file_id", file_id: record.file_id }, sha256: record.sha256 });
  }
  if ("fast" in params && params.fast !== null) {
    const path = lightningFile(params.fast, context.settings);
    loras.push({ path, label: `the adapter of fast: ${params.fast}`, scale: 1 });
  }
  return { loras, adapters };
}

const promptsOf = ({ settings, prompts }: CheckContext) =>
  prompts(ownSettings(settings).qwen_prompt_cache_mb * 1e6);

/** Keeps the encoded prompts. */
export async function afterPhase(
  phase: string,
  _params: Params,
  output: Values,
  context: AfterContext,
): Promise<void> {
  if (phase !== "encode") return;
  const { positive, negative, keys } = output as EncodeOutput;
  const texts = promptsOf(context);
  const troubles = [
    await texts.put(keys.positive, positive),
    ...(negative && keys.negative !== undefined ? [await texts.put(keys.negative, negative)] : []),
  ];
  const trouble = troubles.find(Boolean);
  if (trouble) context.note(`the encoded prompt is not kept on disk: ${trouble}`);
}
