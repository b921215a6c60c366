/**
 * Refusals before a job is made, in kiapi's order and words.
 *
 * @module
 */
import type { Bits } from "../../engine/task.ts";
import { Refusal } from "../../errors.ts";
import { chooseBits } from "../model.ts";

/** Parameters of a run, with defaults applied. */
export interface Wanted {
  width: number;
  height: number;
  steps: number;
  /** Null where the model takes none. */
  guidance: number | null;
  quantize: number | null;
  loras: readonly { scale: number }[];
}

/** A family's settings. */
export interface Limits {
  widest: number;
  highest: number;
  mostSteps: number;
  mostLoras: number;
  bits: Bits;
}

export const refuse = (message: string): never => {
  throw new Refusal("invalid_parameter", message);
};

const multiple = 16;
/** Far above every number that gives a picture. */
const mostGuidance = 100;
const mostScale = 100;

export function checkLimits(wanted: Wanted, limits: Limits): void {
  const { width, height, steps, guidance } = wanted;
  const { widest, highest, mostSteps, mostLoras } = limits;
  if (width <= 0 || height <= 0) refuse("width and height must be positive");
  if (width % multiple !== 0 || height % multiple !== 0) refuse("width and height must be multiples of 16");
  if (width > widest || height > highest)
    refuse(`size ${width}x${height} exceeds the cap ${widest}x${highest}`);
  if (steps < 1 || steps > mostSteps) refuse(`steps must be in 1..${mostSteps}`);
  if (guidance !== null && !(guidance >= 0 && guidance <= mostGuidance))
    refuse(`guidance must be in 0..${mostGuidance}`);
  chooseBits(wanted.quantize, limits.bits);
  if (wanted.loras.length > mostLoras) refuse(`at most ${mostLoras} loras may be applied`);
  if (wanted.loras.some(({ scale }) => !(Math.abs(scale) <= mostScale)))
    refuse(`a lora's scale must be in -${mostScale}..${mostScale}`);
}

export function checkStrength(strength: number | null | undefined): void {
  if (strength != null && !(strength >= 0 && strength <= 1)) refuse("image_strength must be in 0..1");
}

const mostImages = 8;

export function checkImages(images: readonly unknown[]): void {
  if (images.length === 0) refuse("edit requires at least one image");
  if (images.length > mostImages) refuse(`at most ${mostImages} images may be given`);
}

export function checkScheduler(name: string, known: readonly string[]): void {
  if (!known.includes(name)) refuse(`unknown scheduler '${name.slice(0, 80)}'; known: ${known.join(", ")}`);
}
