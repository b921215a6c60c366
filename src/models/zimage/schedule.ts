import { evenly } from "../diffusion/tokens.ts";

/** What the schedule is shifted by where no scheduler's config says so. */
export const usualShift = { turbo: 3, base: 6 } as const;

/** How much noise is left at each step, from 1 to 0: one number more than there are steps. Alike for pictures of all sizes. */
export function sigmas(steps: number, shift: number): number[] {
  return [...evenly(steps).map((sigma) => (shift * sigma) / (1 + (shift - 1) * sigma)), 0];
}
