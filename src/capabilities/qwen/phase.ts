/**
 * Inputs and outputs of the phases of Qwen-Image beside the shared ones.
 *
 * @module
 */
import type {
  DenoiseOutput as AnyDenoiseOutput,
  Kept,
  RunInput,
  RunOutput,
  TextKeys,
  Tokens,
} from "../diffusion/phase.ts";

export type DiffusionInput = RunInput & {
  /** The prompt and the negative prompt at once. */
  batchGuidance: boolean;
  /** Whether the noise falls as for the adapters that need few steps. */
  fast: boolean;
  tile: number;
  overlap: number;
  /** Pixels at which the transformer sees each picture of an edit. */
  referencePixels: number;
};

export type LookOutput = {
  seen: Tokens[];
  projection?: Float32Array<ArrayBuffer>;
  pictures: [];
  mask: null;
  keys: TextKeys;
  kept?: Kept;
};

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

export type DenoiseOutput = Pick<AnyDenoiseOutput, "clean" | "bits" | "precision" | "stepsReused">;

/** A prompt that is too long is refused here, and guidance always has its effect. */
export type DiffusionOutput = Omit<RunOutput, "promptCut" | "guidanceIgnored">;
