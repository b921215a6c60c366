/**
 * Inputs and outputs of the phases of an upscale. The operation makes the first input on the main thread, the task the rest on the
 * engine's.
 *
 * @module
 */
export type UpscaleInput = {
  /** Rows of red, green, blue bytes. */
  pixels: Uint8Array;
  /** One byte a pixel, when the result shall be transparent where the input is. */
  alpha?: Uint8Array;
  inputWidth: number;
  inputHeight: number;
  /** Size of the result. */
  width: number;
  height: number;
  softness: number;
  seed: number;
  tile: number;
  overlap: number;
  colorFix: "wavelet-lab" | "wavelet" | "lab" | "none";
};

/** Latents between the phases, [rows, columns, channels]. */
export type Latents = { data: Float32Array<ArrayBuffer>; rows: number; columns: number; channels: number };

export type EncodeOutput = {
  /** Nothing: no later phase looks at the input again. */
  pixels: Uint8Array;
  /** The input at the size of the result, whose colours the result takes. */
  style: Uint8Array;
  low: Latents;
};

export type DenoiseOutput = {
  clean: Latents;
  /** What most of the transformer's products multiply. */
  precision: string;
};

export type UpscaleOutput = {
  image: Uint8Array;
  channels: 3 | 4;
  width: number;
  height: number;
  precision: string;
};
