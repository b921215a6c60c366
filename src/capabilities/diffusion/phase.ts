/**
 * Inputs and outputs of the phases of a text-to-image run.
 *
 * @module
 */
import type { Bits } from "../../engine/task.ts";
import type { EncodedPrompt } from "../prompts/cache.ts";

/** Tokens of a picture, [rows · columns, channels]. */
export type Tokens = { data: Float32Array<ArrayBuffer>; rows: number; columns: number };

export type TextKeys = {
  positive: string;
  negative?: string;
  /** Of each picture that the transformer sees. */
  pictures?: string[];
};

/** Rows of red, green, blue bytes. */
export type InputPicture = { pixels: Uint8Array; width: number; height: number };

export type Adapter = { path: string; label: string; scale: number };

export type Kind = "txt2img" | "img2img" | "edit";

export type RunInput = {
  kind: Kind;
  prompt: string;
  /** Null where there is no guidance. */
  negativePrompt: string | null;
  /** Prompts that were encoded before. */
  positive?: EncodedPrompt;
  negative?: EncodedPrompt;
  /** Keys of the prompts in the cache. */
  keys: TextKeys;
  pictures: InputPicture[];
  /** Pictures that were encoded before: all of them, or none. */
  seen?: Tokens[];
  width: number;
  height: number;
  steps: number;
  /** How much of the first picture stays; null without one. */
  strength: number | null;
  guidance: number;
  seed: number;
  loras: Adapter[];
  preview: boolean;
  /** The part of the steps in which the negative prompt counts; null is all. */
  interval: readonly [number, number] | null;
  /** The least change of the first block's change that makes a step run whole; null runs all whole. */
  stepCache: number | null;
  /** Of an edit that keeps a part of its first picture: a byte a pixel of the result, 0 where it stays and 255 where it is made anew. */
  mask?: Uint8Array;
};

/** What a masked edit keeps: the first picture in the size of the result, its tokens, and the mask. */
export type Kept = { clean: Tokens; pixels: Uint8Array; mask: Uint8Array };

export type EncodeOutput = { positive: EncodedPrompt; negative?: EncodedPrompt; keys: TextKeys };

export type DenoiseOutput = {
  clean: Tokens;
  /** The transformer's own bits, which files may decide themselves. */
  bits: Bits;
  /** What most of its products multiply. */
  precision: string;
  /** Keys of adapters that belong to a text encoder. */
  unusedKeys: string[];
  /** Whether a prompt was longer than the model reads. */
  promptCut: boolean;
  /** Whether the model takes no guidance, although the request asks for it. */
  guidanceIgnored: boolean;
  /** Steps that took most of an earlier one. */
  stepsReused: number;
};

export type PreviewPayload = { pixels: Uint8Array; width: number; height: number };

export type RunOutput = Omit<DenoiseOutput, "clean"> & {
  image: Uint8Array;
  width: number;
  height: number;
};
