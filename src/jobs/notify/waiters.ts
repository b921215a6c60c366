import type { Clock } from "../clock.ts";
import type { Job } from "../job.ts";
import type { Waited } from "../scheduler.ts";
import type { JobStore } from "../store/store.ts";

type Resolve = (waited: Waited) => void;

/** Requests that wait for jobs to end. */
export class Waiters {
  readonly #waiters = new Map<string, Set<Resolve>>();
  /** Jobs that are waited for, as they were last seen. */
  readonly #known = new Map<string, Job>();

  constructor(readonly clock: Clock) {}

  /** Waits for `release`. `already` looks once whether the job has ended, when no end can be missed any more. */
  async wait(id: string, milliseconds: number, already: () => Promise<Waited | undefined>): Promise<Waited> {
    const { promise, resolve } = Promise.withResolvers<Waited>();
    const waiting = this.#waiters.get(id) ?? new Set<Resolve>();
    this.#waiters.set(id, waiting.add(resolve));
    const clear = this.clock.after(milliseconds, () => resolve({ kind: "timeout" }));
    try {
      return (await already()) ?? (await promise);
    } finally {
      clear();
      waiting.delete(resolve);
      if (waiting.size === 0 && this.#waiters.get(id) === waiting) this.#waiters.delete(id);
      if (!this.#waiters.has(id)) this.#known.delete(id);
    }
  }

  /** A job that is waited for, as it is now. */
  know(job: Job): void {
    if (this.#waiters.has(job.id)) this.#known.set(job.id, job);
  }

  /** Asks the store, in one statement, which jobs have ended unheard. One that was deleted shows as canceled. */
  async look(store: Pick<JobStore, "endedOf">, ids = this.jobs()): Promise<void> {
    if (ids.length === 0) return;
    const { ended, gone } = await store.endedOf(ids);
    for (const job of ended) this.release(job.id, { kind: "ended", job });
    for (const id of gone) {
      const job = this.#known.get(id);
      if (job) this.release(id, { kind: "ended", job: { ...job, status: "canceled" } });
    }
  }

  release(id: string, waited: Waited): void {
    for (const resolve of this.#waiters.get(id) ?? []) resolve(waited);
    this.#waiters.delete(id);
  }

  /** Ids of the jobs that are waited for. */
  jobs(): string[] {
    return [...this.#waiters.keys()];
  }
}
