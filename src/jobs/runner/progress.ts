/**
 * Progress of a job, from the steps that the engine reports.
 *
 * @module
 */
import type { PhaseNeed } from "../../engine/need.ts";

/**
 * The fraction of the whole run, when `done` of `total` steps of a phase are over. A phase counts by its share; one that is skipped
 * counts nothing.
 */
export function fraction(
  phases: readonly Pick<PhaseNeed, "name" | "share">[],
  skip: readonly string[],
  phase: string,
  done: number,
  total: number,
): number {
  const run = phases.filter(({ name }) => !skip.includes(name));
  const whole = run.reduce((sum, { share }) => sum + share, 0);
  const index = run.findIndex(({ name }) => name === phase);
  if (whole <= 0 || index < 0) return 0;
  const over = run.slice(0, index).reduce((sum, { share }) => sum + share, 0);
  const part = total > 0 ? Math.min(Math.max(done / total, 0), 1) : 0;
  return Math.min((over + run[index]!.share * part) / whole, 1);
}
