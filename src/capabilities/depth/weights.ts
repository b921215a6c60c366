/**
 * Memory of the depth networks, estimated from their tensor tables. The engine measures what it really took, and the plan goes by
 * that afterwards.
 *
 * @module
 */
import type { Bits } from "../../engine/task.ts";

/** Parameters of a network in millions, and how many of them are matrices that quantize. */
export interface NetworkSize {
  parameters: number;
  quantizable: number;
}

/** On the CPU everything is computed in single precision, on Metal in half. */
export const floatBytes = process.platform === "darwin" ? 2 : 4;

/** Quantized weights come in groups that share a scale and a bias. */
const GROUP = 64;

export function weightBytes({ parameters, quantizable }: NetworkSize, bits: Bits): number {
  const quantized = bits === null ? floatBytes : bits / 8 + (2 * floatBytes) / GROUP;
  return Math.round(1e6 * ((parameters - quantizable) * floatBytes + quantizable * quantized));
}

/** The picture itself on its way in and out: bytes, floats, depth, shades, the drawn map. */
export function pictureBytes(pixels: number): number {
  return pixels * (3 + 3 * 4 + 2 * 4 + 3);
}
