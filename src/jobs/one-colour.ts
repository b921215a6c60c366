/**
 * A model that fails without an error gives a picture of one single colour. That is a failure, never a success.
 *
 * @module
 */
import { Refusal } from "../errors.ts";

/** Pixels, one after the other, each with its channels. */
export interface Pixels {
  data: ArrayLike<number>;
  channels: number;
}

/** Looks no further than the first pixel that differs, so a real picture costs nothing. */
export function isOneColour({ data, channels }: Pixels): boolean {
  for (let index = channels; index < data.length; index++) {
    if (data[index] !== data[index % channels]) return false;
  }
  return true;
}

/**
 * @throws {Refusal} `invalid_result` when `output` is of one colour and none of the pictures that it was made from explains it. A
 * picture that was made from words alone never is.
 */
export function refuseOneColour(output: Pixels, inputs: readonly Pixels[] = []): void {
  if (!isOneColour(output) || inputs.some(isOneColour)) return;
  throw new Refusal("invalid_result", "The model gave a picture of one single colour, which cannot be right");
}
