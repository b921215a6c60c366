import { Refusal } from "../../errors.ts";
import type { Settings } from "../../settings/settings.ts";
import { chooseBits } from "../model.ts";
import { ownSettings } from "./settings.ts";

/** What a request says about the run, with the defaults in. */
export interface Wanted {
  width: number;
  height: number;
  steps: number;
  guidance: number;
  quantize: number | null;
  loras: readonly { scale: number }[];
  scheduler: string;
}

const refuse = (message: string): never => {
  throw new Refusal("invalid_parameter", message);
};

const multiple = 16;
/** Far above every number that gives a picture. */
const mostGuidance = 100;
const mostScale = 100;

/** Names that mean the one schedule there is. */
const schedulers = [
  "linear",
  "LinearScheduler",
  "flow_match_euler_discrete",
  "FlowMatchEulerDiscreteScheduler",
];

/** Refuses what the original refuses, in its order and words. */
export function checkLimits(wanted: Wanted, settings: Settings): void {
  const { width, height, steps, guidance } = wanted;
  const { qwen_max_width: widest, qwen_max_height: highest, qwen_max_steps: most } = ownSettings(settings);
  if (width <= 0 || height <= 0) refuse("width and height must be positive");
  if (width % multiple !== 0 || height % multiple !== 0) refuse("width and height must be multiples of 16");
  if (width > widest || height > highest)
    refuse(`size ${width}x${height} exceeds the cap ${widest}x${highest}`);
  if (steps < 1 || steps > most) refuse(`steps must be in 1..${most}`);
  if (!(guidance >= 0 && guidance <= mostGuidance)) refuse(`guidance must be in 0..${mostGuidance}`);
  chooseBits(wanted.quantize, ownSettings(settings).qwen_default_quantize);
  if (wanted.loras.length > ownSettings(settings).qwen_max_loras)
    refuse(`at most ${ownSettings(settings).qwen_max_loras} loras may be applied`);
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

export function checkScheduler(name: string): void {
  if (!schedulers.includes(name))
    refuse(`unknown scheduler '${name.slice(0, 80)}'; known: ${schedulers.join(", ")}`);
}
