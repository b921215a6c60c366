/**
 * Writes how jobs end into a store that may fail, for a while or for good.
 *
 * @module
 */
import type { FileRecord } from "../../files/file.ts";
import type { Log } from "../../log.ts";
import { type Clock, sleep } from "../clock.ts";
import type { JobFiles } from "../files.ts";
import type { Job, JobStatus } from "../job.ts";
import type { Ending, JobStore } from "../store/store.ts";
import { passes } from "./failure.ts";

export interface EndingsOptions {
  store: JobStore;
  files: JobFiles;
  clock: Clock;
  log: Log;
  /** The job has ended, by whoever won. `from` is what it was before. */
  onEnd(job: Job, from: JobStatus): void;
  /** Aborted when the server stops: then nothing is asked again. */
  quit: AbortSignal;
}

export type Seen = Pick<Job, "progress" | "progress_label">;

export interface Endings {
  /** Jobs whose record says that they wait or run, though they failed: it cannot be changed. The next start finds them. */
  lost: ReadonlySet<string>;
  /**
   * Asks the store until it answers: a full disk or a locked database must not make the server forget how a job ended.
   *
   * @throws What will not pass.
   */
  record<T>(ask: () => Promise<T>, waitsFor?: (error: unknown) => boolean): Promise<T | undefined>;
  /**
   * Writes how a job ended. Where that cannot be written, and never will be, the job fails; and where not even that can be written,
   * those who wait for it are told all the same. Undefined when somebody else has ended it; nothing names its files then.
   */
  finish(job: Job, from: JobStatus, ending: Ending, seen?: Seen): Promise<Job | undefined>;
}

export function createEndings({ store, files, clock, log, onEnd, quit }: EndingsOptions): Endings {
  const lost = new Set<string>();

  async function record<T>(ask: () => Promise<T>, waitsFor: (error: unknown) => boolean = passes) {
    for (let wait = 500; ; wait = Math.min(wait * 2, 30_000)) {
      try {
        return await ask();
      } catch (error) {
        log.error("the job store does not work", { error });
        if (quit.aborted) return undefined;
        if (!waitsFor(error)) throw error;
        await sleep(clock, wait);
      }
    }
  }

  const discard = (made: readonly FileRecord[]) =>
    Promise.allSettled(made.map((file) => files.discard(file)));

  return {
    lost,
    record,
    async finish(job, from, ending, seen) {
      const write = (how: Ending) => record(() => store.end(job.id, [from], how, seen));
      let ended: Job | undefined;
      try {
        ended = await write(ending);
        if (!ended && ending.status === "succeeded") await discard(ending.files);
      } catch {
        if (ending.status === "succeeded") await discard(ending.files);
        const failed = {
          status: "failed",
          error: "The job's end could not be stored",
          error_code: "store_failed",
        } as const;
        try {
          ended = await write(failed);
        } catch {
          lost.add(job.id);
          ended = { ...job, ...seen, ...failed, finished_at: clock.now() / 1000 };
        }
      }
      if (ended) onEnd(ended, from);
      return ended;
    },
  };
}
