/**
 * How long a run will still take, from the steps that were measured.
 *
 * @module
 */
import type { PhaseNeed } from "../../engine/need.ts";

export interface Eta {
  /** The engine begins with a phase. */
  begin(phase: string): void;
  /** Seconds that are left once `done` of `total` steps of the phase are over; null until one was measured. */
  step(done: number, total: number): number | null;
}

/** Weight of the newest step in the moving average. */
const newest = 0.3;

/** Phases to come are taken to need their share's time. `now` gives milliseconds. */
export function createEta(
  phases: readonly Pick<PhaseNeed, "name" | "share">[],
  skip: readonly string[],
  now: () => number,
): Eta {
  const run = phases.filter(({ name }) => !skip.includes(name));
  let current = -1;
  let last = { done: 0, at: 0 };
  let secondsPerStep: number | null = null;

  return {
    begin(phase) {
      current = run.findIndex(({ name }) => name === phase);
      last = { done: 0, at: now() };
      secondsPerStep = null;
    },
    step(done, total) {
      if (done > last.done) {
        const measured = (now() - last.at) / 1000 / (done - last.done);
        secondsPerStep =
          secondsPerStep === null ? measured : secondsPerStep * (1 - newest) + measured * newest;
        last = { done, at: now() };
      }
      const share = run[current]?.share ?? 0;
      if (secondsPerStep === null || share <= 0) return null;
      const later = run.slice(current + 1).reduce((sum, phase) => sum + phase.share, 0);
      return secondsPerStep * (Math.max(total - done, 0) + (total * later) / share);
    },
  };
}
