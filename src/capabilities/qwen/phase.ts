/**
 * What the phases of a generation take and give. The operation makes the first input on the main thread, the task the rest on the
 * engine's.
 *
 * @module
 */
import type { Bits } from "../../engine/task.ts";
import type { EncodedPrompt } from "../prompts/cache.ts";

/** Tokens of a picture, [rows · columns, channels]. */
export type Tokens = { data: Float32Array<ArrayBuffer>; rows: number; columns: number };

export type TextKeys = { positive: string; negative?: string };

/** Rows of red, green, blue bytes. */
export type InputPicture = { pixels: Uint8Array; width: number; height: number };

export type Adapter = { path: string; label: string; scale: number };

export type DiffusionInput = {
  kind: "txt2img" | "img2img" | "edit";
  prompt: string;
  /** Null where there is no guidance. */
  negativePrompt: string | null;
  /** Prompts that were encoded before. */
  positive?: EncodedPrompt;
  negative?: EncodedPrompt;
  /** Keys of the prompts in the cache. */
  keys: TextKeys;
  pictures: InputPicture[];
  width: number;
  height: number;
  steps: number;
  /** How much of the first picture stays; null without one. */
  strength: number | null;
  guidance: number;
  /** The prompt and the negative prompt at once. */
  batchGuidance: boolean;
  seed: number;
  /** Whether the noise falls as for the adapters that need few steps. */
  fast: boolean;
  loras: Adapter[];
  tile: number;
  overlap: number;
  /** Pixels at which the transformer sees each picture of an edit. */
  referencePixels: number;
  preview: boolean;
};

export type EncodeOutput = { positive: EncodedPrompt; negative?: EncodedPrompt; keys: TextKeys };

export type LookOutput = { seen: Tokens[]; projection?: Float32Array<ArrayBuffer>; pictures: [] };

export type ModulateOutput = {
  sigmas: number[];
  modulation: {
    levels: number;
    blocks: number;
    width: number;
    cleanReferences: boolean;
    img: Float32Array<ArrayBuffer>;
    txt: Float32Array<ArrayBuffer>;
    out: Float32Array<ArrayBuffer>;
  };
  /** Keys of adapters that belong to a text encoder. */
  unusedKeys: string[];
};

export type DenoiseOutput = {
  clean: Tokens;
  /** What the transformer was quantized to, which files may decide themselves. */
  bits: Bits;
};

export type PreviewPayload = { pixels: Uint8Array; width: number; height: number };

export type DiffusionOutput = {
  image: Uint8Array;
  width: number;
  height: number;
  unusedKeys: string[];
  bits: Bits;
};
