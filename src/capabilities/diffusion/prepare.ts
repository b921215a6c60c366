/**
 * From references to pictures and adapters, and from prompts to what the cache has of them.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Values } from "../../engine/task.ts";
import { Refusal } from "../../errors.ts";
import type { AdapterRef, FileRecord, FileRef } from "../../files/file.ts";
import { decodePicture } from "../../images/decode.ts";
import type { AfterContext, CheckContext, PrepareContext, Prepared } from "../capability.ts";
import type { PromptCache } from "../prompts/cache.ts";
import { coderIdentity, encoderIdentity } from "../prompts/files.ts";
import { adapterSum, findAdapter } from "./adapter-folder.ts";
import type { Adapter, EncodeOutput, InputPicture, RunInput, TextKeys, Tokens } from "./phase.ts";

/** The seed of a run: the request's, or a drawn one. */
export const drawnSeed = (seed: number | null): number => seed ?? Math.floor(Math.random() * 2 ** 31);

export type DecodedPicture = InputPicture & { record: FileRecord };

/** Fetches and decodes the pictures of a request. No side may be longer than `longestAspect` times the other. */
export async function picturesOf(
  references: readonly FileRef[],
  kind: "image" | "init_image",
  { context, longestAspect }: { context: PrepareContext; longestAspect: number },
): Promise<DecodedPicture[]> {
  const pictures: DecodedPicture[] = [];
  for (const reference of references) {
    const { path, record } = await context.resolve(reference, kind);
    const { pixels, width, height } = await decodePicture(path, {
      kind: kind === "image" ? "input image" : "init image",
      maxPixels: context.settings.max_input_pixels,
      setting: "max_input_pixels",
      signal: context.signal,
    });
    if (Math.max(width / height, height / width) > longestAspect)
      throw new Refusal("invalid_image", `a picture of ${width}x${height} is too narrow`);
    pictures.push({ pixels, width, height, record });
  }
  return pictures;
}

export type LoraFile = { file: AdapterRef; scale: number };
/** An adapter as the result names it. */
export type UsedAdapter = { file: AdapterRef; sha256: string };

/** Finds or fetches the files of adapters. */
export async function adaptersOf(given: readonly LoraFile[], context: PrepareContext) {
  const loras: Adapter[] = [];
  const adapters: UsedAdapter[] = [];
  for (const { file, scale } of given) {
    if (file.type === "lora") {
      const { name, path } = findAdapter(context.settings.lora_dir, file.lora);
      loras.push({ path, label: name.slice(0, 100), scale });
      adapters.push({ file: { type: "lora", lora: name }, sha256: await adapterSum(path, context.signal) });
      continue;
    }
    const { path, record } = await context.resolve(file, "lora");
    loras.push({ path, label: record.filename.slice(0, 100), scale });
    adapters.push({ file: { type: "file_id", file_id: record.file_id }, sha256: record.sha256 });
  }
  return { loras, adapters };
}

/** Raise it when the same text would become something else than before. */
const encoding = 1;

/** A model whose text encoder reads the prompts. */
export interface EncoderOf {
  family: string;
  model: string;
  /** What else decides the states, such as the encoder's bits. */
  how?: unknown;
}

/** Keys of prompts in the cache: equal keys are equal texts to the language model, its files and the pictures they are about. */
export function textKeys(
  { family, model, how = null }: EncoderOf,
  texts: { positive: string; negative: string | null },
  context: CheckContext,
  about: readonly FileRecord[] = [],
): TextKeys {
  const activation = context.activation(family, model);
  const encoder = [
    family,
    model,
    how,
    "source" in activation ? encoderIdentity(activation.source.paths) : null,
  ];
  const key = (text: string) =>
    createHash("sha256")
      .update(JSON.stringify([encoding, encoder, text, about.map(({ sha256 }) => sha256)]))
      .digest("hex");
  return {
    positive: key(texts.positive),
    ...(texts.negative !== null && { negative: key(texts.negative) }),
  };
}

/** Keys of pictures in the cache. `size` is what the size depends on at which the transformer sees a picture, besides its own. */
export function pictureKeys(
  { family, model, how = null }: EncoderOf,
  pictures: readonly FileRecord[],
  size: unknown,
  context: CheckContext,
): string[] {
  const activation = context.activation(family, model);
  const coder = "source" in activation ? coderIdentity(activation.source.paths) : null;
  return pictures.map(({ sha256 }) =>
    createHash("sha256")
      .update(JSON.stringify([encoding, "picture", family, model, how, coder, size, sha256]))
      .digest("hex"),
  );
}

const picturesIn = async (cache: PromptCache, keys: readonly string[]): Promise<Tokens[] | undefined> => {
  const found: Tokens[] = [];
  for (const key of keys) {
    const { data, tokens, rows } = (await cache.get(key)) ?? {};
    if (!data || !tokens || !rows) return undefined;
    found.push({ data, rows, columns: tokens / rows });
  }
  return found;
};

/** The job before this one may be about to encode the same prompt, so the cache is asked when the turn comes. */
export function refresh(input: RunInput, cache: PromptCache): NonNullable<Prepared["refresh"]> {
  const { keys, negativePrompt } = input;
  return async () => {
    const positive = await cache.get(keys.positive);
    const negative = keys.negative === undefined ? undefined : await cache.get(keys.negative);
    const done = positive !== undefined && (negativePrompt === null || negative !== undefined);
    // A preview and a mask need the picture coder all the same.
    const look = keys.pictures !== undefined && !input.preview && input.mask === undefined;
    const seen = look ? await picturesIn(cache, keys.pictures!) : undefined;
    return {
      input: {
        ...input,
        ...(positive && { positive }),
        ...(negative && { negative }),
        ...(seen && { seen }),
      },
      skip: [...(done ? ["encode"] : []), ...(seen ? ["look"] : [])],
    };
  };
}

/** Keeps the pictures that a phase has encoded. */
export async function keepPictures(
  output: Values,
  cache: PromptCache,
  { note }: AfterContext,
): Promise<void> {
  const { seen, keys } = output as { seen: Tokens[]; keys: TextKeys };
  for (const [i, { data, rows, columns }] of seen.entries()) {
    const key = keys.pictures?.[i];
    const trouble = key && (await cache.put(key, { data, tokens: rows * columns, rows }));
    if (trouble) return note(`the encoded picture is not kept on disk: ${trouble}`);
  }
}

/** Keeps the prompts that a phase has encoded. */
export async function keepPrompts(output: Values, cache: PromptCache, { note }: AfterContext): Promise<void> {
  const { positive, negative, keys } = output as EncodeOutput;
  const troubles = [
    await cache.put(keys.positive, positive),
    ...(negative && keys.negative !== undefined ? [await cache.put(keys.negative, negative)] : []),
  ];
  const trouble = troubles.find(Boolean);
  if (trouble) note(`the encoded prompt is not kept on disk: ${trouble}`);
}
