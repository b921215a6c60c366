/**
 * Those who wait for jobs to end.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import type { Waited } from "../scheduler.ts";

export function createWaiters(clock: Clock) {
  const waiters = new Map<string, Set<(waited: Waited) => void>>();

  return {
    /** Waits for `release`. `already` looks once whether there is anything to wait for, when no end can be missed any more. */
    async wait(
      id: string,
      milliseconds: number,
      already: () => Promise<Waited | undefined>,
    ): Promise<Waited> {
      const { promise, resolve } = Promise.withResolvers<Waited>();
      const waiting = waiters.get(id) ?? new Set();
      waiters.set(id, waiting.add(resolve));
      const clear = clock.after(milliseconds, () => resolve({ kind: "timeout" }));
      try {
        return (await already()) ?? (await promise);
      } finally {
        clear();
        waiting.delete(resolve);
        if (waiting.size === 0 && waiters.get(id) === waiting) waiters.delete(id);
      }
    },

    release(id: string, waited: Waited) {
      for (const resolve of waiters.get(id) ?? []) resolve(waited);
      waiters.delete(id);
    },

    /** The jobs that somebody waits for. */
    jobs: () => [...waiters.keys()],
  };
}
