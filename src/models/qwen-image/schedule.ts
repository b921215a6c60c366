import { evenly } from "../diffusion/tokens.ts";
import type { SchedulerConfig } from "./config.ts";

/**
 * How much noise is left at each step, from 1 to 0: one number more than there are steps. Large pictures stay noisy for longer.
 * `tokens` counts squares of 16 pixels.
 */
export function sigmas(steps: number, tokens: number, config: SchedulerConfig): number[] {
  const { base_image_seq_len, max_image_seq_len, base_shift, max_shift, shift_terminal } = config;
  const slope = (max_shift - base_shift) / (max_image_seq_len - base_image_seq_len);
  const shift = Math.exp(base_shift + slope * (tokens - base_image_seq_len));
  const shifted = evenly(steps).map((sigma) => shift / (shift + (1 / sigma - 1)));
  // With one step the last is the first, and nothing is to be stretched.
  if (shift_terminal === null || steps === 1) return [...shifted, 0];
  const stretch = (1 - shift_terminal) / (1 - shifted.at(-1)!);
  return [...shifted.map((sigma) => 1 - (1 - sigma) * stretch), 0];
}

/** What the adapters for few steps were distilled with: the same shift at every size, and no noise held back. */
export const lightning: SchedulerConfig = {
  base_image_seq_len: 256,
  max_image_seq_len: 8192,
  base_shift: Math.log(3),
  max_shift: Math.log(3),
  shift_terminal: null,
};
