import { evenly } from "../diffusion/tokens.ts";

/** Tokens above which a straight line through the picture's size alone holds. */
const cliff = 4300;
/** What the shift was measured with: at few steps, and at many. */
const few = { steps: 10, slope: 8.73809524e-5, offset: 1.89833333 };
const many = { steps: 200, slope: 1.6927e-4, offset: 0.45666666 };

/** How far the schedule is shifted, by a formula of tokens and steps that the authors fitted. */
function shiftOf(tokens: number, steps: number): number {
  const atMany = many.slope * tokens + many.offset;
  if (tokens > cliff) return atMany;
  const atFew = few.slope * tokens + few.offset;
  const slope = (atMany - atFew) / (many.steps - few.steps);
  return slope * steps + atMany - many.steps * slope;
}

/** How much noise is left at each step, from 1 to 0: one number more than there are steps. `tokens` are those of the picture alone. */
export function sigmas(steps: number, tokens: number): number[] {
  const shift = Math.exp(shiftOf(tokens, steps));
  return [...evenly(steps).map((sigma) => shift / (shift + 1 / sigma - 1)), 0];
}
