/**
 * A grid of steps and guidance: the same prompt and seed with each pair of values.
 *
 * @module
 */
import type { PaintForm } from "./forms.ts";

const mostCells = 36;

/** Numbers of a text such as "8, 16, 30", each once. */
const listOf = (text: string): number[] => [
  ...new Set(
    text
      .split(/[\s,;]+/)
      .filter(Boolean)
      .map(Number),
  ),
];

export interface Grid {
  /** An empty list leaves the server's default. */
  steps: readonly (number | undefined)[];
  guidance: readonly (number | undefined)[];
  count: number;
  /** Why it cannot be made. */
  problem?: string;
}

/** The grid that a form asks for; undefined where it asks for none. */
export function gridOf({ grid, grid_steps, grid_guidance }: PaintForm): Grid | undefined {
  if (!grid) return undefined;
  const [steps, guidance] = [listOf(grid_steps), listOf(grid_guidance)];
  const count = Math.max(steps.length, 1) * Math.max(guidance.length, 1);
  const problem = steps.some((value) => !Number.isInteger(value) || value < 1 || value > 100)
    ? "Steps are whole numbers from 1 to 100."
    : guidance.some((value) => !(value >= 0 && value <= 30))
      ? "Guidance is a number from 0 to 30."
      : count > mostCells
        ? `At most ${mostCells} images fit into one grid.`
        : undefined;
  return {
    steps: steps.length > 0 ? steps : [undefined],
    guidance: guidance.length > 0 ? guidance : [undefined],
    count,
    ...(problem && { problem }),
  };
}
