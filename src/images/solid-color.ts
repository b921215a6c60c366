/**
 * A model that fails without an error gives a picture of one single colour. That is a failure, never a success.
 *
 * @module
 */
import { Refusal } from "../errors.ts";

/** Pixels, one after the other, each with its channels. */
export interface Pixels {
  data: Uint8Array;
  channels: number;
}

/**
 * Whether every pixel is as the one before it. The system compares the bytes, because this runs on the main thread: a loop over a
 * white page of 64 megapixels would keep everybody waiting for more than a second.
 */
export function isOneColour({ data, channels }: Pixels): boolean {
  return Buffer.compare(data.subarray(channels), data.subarray(0, -channels)) === 0;
}

/**
 * @throws {Refusal} `invalid_result` when `output` is of one colour and none of the pictures that it was made from explains it. A
 * picture that was made from words alone never is.
 */
export function refuseOneColour(output: Pixels, inputs: readonly Pixels[] = []): void {
  if (!isOneColour(output) || inputs.some(isOneColour)) return;
  throw new Refusal("invalid_result", "The model gave a picture of one single colour, which cannot be right");
}
