import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import type { Values } from "../../engine/task.ts";
import { Refusal } from "../../errors.ts";
import type { FileRecord, FileRef } from "../../files/file.ts";
import { decodePicture } from "../../images/decode.ts";
import { encodePicture, type PictureFormat, pictureFormats } from "../../images/encode.ts";
import { isOneColour, refuseOneColour } from "../../jobs/one-colour.ts";
import type { Settings } from "../../settings/settings.ts";
import { version } from "../../version.ts";
import type {
  Capability,
  CheckContext,
  Need,
  Operation,
  PlannedRequest,
  PrepareContext,
  Prepared,
} from "../capability.ts";
import { chooseBits, chooseVariant, requireActivated } from "../model.ts";
import { EditRequest, GenerateRequest, ImageResponse, prose } from "./contract.ts";
import { checkImages, checkLimits, checkScheduler, checkStrength } from "./limits.ts";
import type {
  Adapter,
  DiffusionInput,
  DiffusionOutput,
  EncodeOutput,
  InputPicture,
  PreviewPayload,
} from "./phase.ts";
import { createTextCache } from "./texts.ts";
import { footprint, isEdit, variants } from "./variants.ts";

const family = "qwen";
const overlap = 64;
const usualStrength = 0.4;
/** A picture on the way is so many times as large as its latents. */
const previewScale = 4;
const longestAspect = 200;

type Lora = { file: FileRef; scale: number };

type Shared = {
  prompt: string;
  negative_prompt: string | null;
  width: number;
  height: number;
  steps: number;
  guidance: number;
  seed: number | null;
  quantize: number | null;
  scheduler: string;
  format: PictureFormat;
  quality: number;
  loras: Lora[];
  preview: boolean;
  model: string;
  mode: string;
};
type GenerateParams = Shared & {
  init_image: FileRef | null;
  image_strength: number | null;
  fast: 4 | 8 | null;
};
type EditParams = Shared & { images: FileRef[] };
type Params = GenerateParams | EditParams;

type Facts = {
  kind: DiffusionInput["kind"];
  seed: number;
  image_file_ids: string[];
  adapters: { file: FileRef; sha256: string }[];
  one_colour: boolean;
};

const pin = (variant: string, edit: boolean) => {
  if (isEdit(variant) === edit) return;
  throw new Refusal(
    "unknown_model",
    edit
      ? "qwen edit requires model 'edit-2509' (or 'edit-2511')"
      : "qwen generate requires model 'image' (or 'image-2512')",
  );
};

/** Checks what both operations share and fills in the server's defaults. */
function checkShared(
  request: GenerateRequest | EditRequest,
  defaults: { steps: number; guidance: number },
  context: CheckContext,
): Omit<Shared, "model"> {
  const { settings } = context;
  const wanted = {
    prompt: request.prompt,
    negative_prompt: request.negative_prompt ?? null,
    width: request.width ?? settings.qwen_default_width,
    height: request.height ?? settings.qwen_default_height,
    steps: request.steps ?? defaults.steps,
    guidance: request.guidance ?? defaults.guidance,
    seed: request.seed ?? null,
    quantize: request.quantize ?? null,
    scheduler: request.scheduler,
    format: request.format,
    quality: request.quality,
    loras: request.loras ?? [],
    preview: request.preview,
    mode: request.mode,
  };
  checkLimits(wanted, settings);
  return wanted;
}

function lightningFile(fast: 4 | 8, settings: Settings): string {
  const name = `qwen_lightning_${fast}` as const;
  const path = settings[name];
  if (path !== null && existsSync(path)) return path;
  throw new Refusal(
    "not_activated",
    path === null
      ? `fast: ${fast} needs an adapter. Give its file in the setting ${name}`
      : `the file that the setting ${name} names is not there`,
  );
}

const picturesOf = (params: Params): FileRef[] =>
  "images" in params ? params.images : params.init_image ? [params.init_image] : [];

function needOf(params: Params, { settings }: CheckContext): Need {
  const { bits, transient } = chooseBits(params.quantize, settings.qwen_default_quantize);
  const pictures = picturesOf(params).length;
  const bytes = footprint({
    bits,
    pixels: params.width * params.height,
    steps: params.steps,
    references: "images" in params ? pictures : 0,
    referencePixels: settings.qwen_reference_pixels,
    tile: settings.qwen_vae_tile,
  });
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
    smaller: bits === null || bits > 3 ? "a lower quantize, or a smaller size" : "a smaller size",
  };
}

const texts = createTextCache();

/** Equal keys are equal texts to the language model: its variant, the words, the pictures they are about. */
function textKey(model: string, text: string, pictures: readonly FileRecord[]): string {
  const hash = createHash("sha256").update(
    JSON.stringify([model, text, pictures.map(({ sha256 }) => sha256)]),
  );
  return hash.digest("base64");
}

async function prepare(params: Params, context: PrepareContext): Promise<Prepared> {
  const { settings } = context;
  const edit = "images" in params;
  const kind = edit ? "edit" : params.init_image ? "img2img" : "txt2img";
  const pictures: (InputPicture & { record: FileRecord })[] = [];
  for (const reference of picturesOf(params)) {
    const { path, record } = await context.resolve(reference, edit ? "image" : "init_image");
    const picture = await decodePicture(path, {
      kind: edit ? "input image" : "init image",
      maxPixels: settings.max_input_pixels,
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
  const keys = {
    positive: textKey(params.model, params.prompt, about),
    ...(negativePrompt !== null && { negative: textKey(params.model, negativePrompt, about) }),
  };
  const positive = texts.get(keys.positive);
  const known = keys.negative === undefined ? undefined : texts.get(keys.negative);
  const input: DiffusionInput = {
    kind,
    prompt: params.prompt,
    negativePrompt,
    ...(positive && { positive }),
    ...(known && { negative: known }),
    keys,
    pictures: pictures.map(({ pixels, width, height }) => ({ pixels, width, height })),
    width: params.width,
    height: params.height,
    steps: params.steps,
    strength: !edit && params.init_image ? params.image_strength : null,
    guidance: params.guidance,
    seed,
    fast: !edit && params.fast !== null,
    loras,
    tile: settings.qwen_vae_tile,
    overlap,
    referencePixels: settings.qwen_reference_pixels,
    preview: params.preview,
  };
  const facts: Facts = {
    kind,
    seed,
    image_file_ids: pictures.map(({ record }) => record.file_id),
    adapters,
    one_colour: pictures.some(({ pixels }) => isOneColour({ data: pixels, channels: 3 })),
  };
  const done = positive !== undefined && (negativePrompt === null || known !== undefined);
  return { input, facts, skip: done ? ["encode"] : [] };
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

async function afterPhase(phase: string, _params: Params, output: Values): Promise<void> {
  if (phase !== "encode") return;
  const { positive, negative, keys } = output as EncodeOutput;
  texts.put(keys.positive, positive);
  if (negative && keys.negative !== undefined) texts.put(keys.negative, negative);
}

async function preview(payload: Values): Promise<Record<string, unknown>> {
  const { pixels, width, height } = payload as PreviewPayload;
  const size = { width: previewScale * width, height: previewScale * height };
  const bytes = await encodePicture(
    { pixels, width, height, channels: 3 },
    { format: "jpeg", quality: 80, resize: size },
  );
  return { image: `data:image/jpeg;base64,${Buffer.from(bytes).toString("base64")}`, ...size };
}

const publish: Operation<never, Params>["publish"] = async (params, given, output, { settings, seconds }) => {
  const { kind, seed, image_file_ids, adapters, one_colour } = given as Facts;
  const { image, width, height, unusedKeys } = output as unknown as DiffusionOutput;
  const raster = { data: image, channels: 3 };
  if (!one_colour) refuseOneColour(raster);
  const { model, prompt, negative_prompt, steps, guidance, quantize, scheduler, format, quality } = params;
  const used = {
    kind,
    model,
    prompt,
    negative_prompt,
    ...("images" in params
      ? { image_file_ids, reference_pixels: settings.qwen_reference_pixels }
      : { init_image_file_id: image_file_ids[0] ?? null, image_strength: params.image_strength }),
    seed,
    width,
    height,
    steps,
    guidance,
    quantize: chooseBits(quantize, settings.qwen_default_quantize).bits,
    scheduler,
    format,
    quality,
    loras: params.loras.map(({ scale }, i) => ({ file: adapters[i]!.file, scale })),
    ...(unusedKeys.length > 0 && { lora_keys_unused: unusedKeys }),
    ...("fast" in params && params.fast !== null && { fast: params.fast }),
    vae_tile: settings.qwen_vae_tile,
    vae_tile_overlap: overlap,
  };
  const body = {
    model,
    prompt,
    params: used,
    width,
    height,
    timings: { total_s: Number(seconds.toFixed(2)) },
  };
  const { extension, contentType } = pictureFormats[format];
  const about = {
    family,
    easel: version,
    ...used,
    loras: used.loras.map(({ scale }, i) => ({ sha256: adapters[i]!.sha256, scale })),
  };
  const bytes = await encodePicture(
    { pixels: image, width, height, channels: 3 },
    { format, quality, ...(settings.embed_metadata && { description: JSON.stringify(about) }) },
  );
  return {
    artifacts: [
      {
        bytes,
        filename: `${family}_${Math.floor(Date.now() / 1000)}.${extension}`,
        content_type: contentType,
        meta: body,
      },
    ],
    result: ([file]) => ({ file_id: file!.file_id, image_bytes: file!.size, ...body }),
  };
};

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

const generate: Operation<GenerateRequest, GenerateParams> = {
  ...shared,
  type: family,
  path: "/generate",
  operationId: "generate_qwen_endpoint_v1_image_qwen_generate_post",
  ...prose.generate,
  request: GenerateRequest,

  check(request, context) {
    const { settings } = context;
    const variant = chooseVariant(qwen, request.model, context);
    pin(variant.name, false);
    const fast = request.fast ?? null;
    const wanted = checkShared(
      request,
      {
        steps: fast ?? settings.qwen_generate_steps,
        guidance: fast ? 1 : settings.qwen_generate_guidance,
      },
      context,
    );
    checkStrength(request.image_strength);
    checkScheduler(request.scheduler);
    requireActivated(family, variant, context);
    if (fast) lightningFile(fast, settings);
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

const edit: Operation<EditRequest, EditParams> = {
  ...shared,
  type: `${family}-edit`,
  path: "/edit",
  operationId: "edit_qwen_endpoint_v1_image_qwen_edit_post",
  ...prose.edit,
  request: EditRequest,

  check(request, context) {
    const { settings } = context;
    const variant = chooseVariant(qwen, request.model ?? "edit-2509", context);
    pin(variant.name, true);
    const defaults = { steps: settings.qwen_edit_steps, guidance: settings.qwen_edit_guidance };
    const wanted = checkShared(request, defaults, context);
    checkImages(request.images);
    checkScheduler(request.scheduler);
    requireActivated(family, variant, context);
    return { ...wanted, images: request.images, model: variant.name };
  },
};

/** A usual request, for what a variant needs before its first one. */
function usual(variant: string, { settings }: CheckContext, request: PlannedRequest): Params {
  const base: Shared = {
    prompt: "",
    negative_prompt: null,
    width: request.width ?? settings.qwen_default_width,
    height: request.height ?? settings.qwen_default_height,
    steps: request.steps ?? (isEdit(variant) ? settings.qwen_edit_steps : settings.qwen_generate_steps),
    guidance: settings.qwen_generate_guidance,
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

export const qwen: Capability = {
  family,
  domain: "image",
  title: prose.title,
  summary: prose.summary,
  description: prose.description,
  variants,
  defaultVariant: () => "image",
  operations: [generate, edit],
  warm: (variant, context, request = {}) => needOf(usual(variant, context, request), context),
};
