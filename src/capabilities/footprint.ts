/**
 * Memory of weights, estimated from how many numbers they have. The engine measures what a part really took, and plans go by that
 * afterwards.
 *
 * @module
 */
import type { Bits } from "../engine/task.ts";

/** Numbers of a network in millions, and how many of them are in matrices that quantize. */
export interface Parameters {
  parameters: number;
  quantizable: number;
}

/** On the CPU everything is computed in single precision, on Metal in half. */
export const floatBytes = process.platform === "darwin" ? 2 : 4;

/** Quantized weights come in groups that share a scale and a bias. */
const groupSize = 64;

export function weightBytes({ parameters, quantizable }: Parameters, bits: Bits): number {
  const quantized = bits === null ? floatBytes : bits / 8 + (2 * floatBytes) / groupSize;
  return Math.round(1e6 * ((parameters - quantizable) * floatBytes + quantizable * quantized));
}
