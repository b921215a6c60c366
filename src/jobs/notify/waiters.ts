import type { Clock } from "../clock.ts";
import type { Waited } from "../scheduler.ts";

type Resolve = (waited: Waited) => void;

/** Requests that wait for jobs to end. */
export class Waiters {
  readonly #waiters = new Map<string, Set<Resolve>>();

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
