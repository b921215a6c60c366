import { budgetOf } from "../../engine/residency.ts";
import type { JobContext } from "../context.ts";

/** Limits of the machine change rarely, and `/health` is asked often. */
const probeInterval = 10_000;

/** The memory that models may take together. */
export class Budget {
  /** What Metal recommends not to exceed; known once the engine has started. */
  workingSet: number | undefined;
  #probed = { at: Number.NEGATIVE_INFINITY, memory: { total: 0 } as ReturnType<JobContext["memory"]> };

  constructor(readonly context: Pick<JobContext, "settings" | "memory" | "clock">) {}

  bytes(): number {
    const { settings, memory, clock } = this.context;
    if (clock.now() - this.#probed.at > probeInterval) this.#probed = { at: clock.now(), memory: memory() };
    return budgetOf({ workingSet: this.workingSet, ...this.#probed.memory }, settings.memory_limit_gb);
  }
}
