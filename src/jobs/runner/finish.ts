/**
 * Writes how jobs end into a store that may fail, for a while or for good.
 *
 * @module
 */
import { isDiskFull } from "../../errors.ts";
import type { FileRecord } from "../../files/file.ts";
import type { Log } from "../../log.ts";
import { type Clock, sleep } from "../clock.ts";
import type { JobFiles } from "../files.ts";
import type { Job, JobStatus } from "../job.ts";
import type { Ending, JobStore } from "../store/store.ts";
import { diskFullPatience, passes } from "./failure.ts";

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
  /** Jobs whose record says that they wait or run, though they failed: it cannot be written. */
  lost: ReadonlyMap<string, unknown>;
  /** Writes the records of lost jobs, if the store takes them by now. */
  settle(): Promise<void>;
  /**
   * Asks the store until it answers: a full disk or a locked database must not make the server forget how a job ended.
   *
   * @throws What will not pass, and a disk that stays full.
   */
  record<T>(
    ask: () => Promise<T>,
    waitsFor?: (error: unknown, waited: number) => boolean,
  ): Promise<T | undefined>;
  /**
   * Writes how a job ended. Where that cannot be written, and never will be, the job fails; and where not even that can be written,
   * those who wait for it are told all the same. Undefined when somebody else has ended it; nothing names its files then.
   */
  finish(job: Job, from: JobStatus, ending: Ending, seen?: Seen): Promise<Job | undefined>;
}

export function createEndings({ store, files, clock, log, onEnd, quit }: EndingsOptions): Endings {
  const lost = new Map<string, () => Promise<unknown>>();

  async function record<T>(ask: () => Promise<T>, waitsFor = passes) {
    const since = clock.now();
    for (let wait = 500; ; wait = Math.min(wait * 2, 30_000)) {
      try {
        return await ask();
      } catch (error) {
        log.error("the job store does not work", { error });
        if (quit.aborted) return undefined;
        if (!waitsFor(error, clock.now() - since)) throw error;
        await sleep(clock, wait);
      }
    }
  }

  const discard = (made: readonly FileRecord[]) =>
    Promise.allSettled(made.map((file) => files.discard(file)));

  return {
    lost,
    async settle() {
      for (const [id, write] of lost) {
        try {
          await write();
        } catch {
          return;
        }
        lost.delete(id);
      }
    },
    record,
    async finish(job, from, ending, seen) {
      const write = (how: Ending) => store.end(job.id, [from], how, seen);
      let ended: Job | undefined;
      try {
        ended = await record(() => write(ending));
        if (!ended && ending.status === "succeeded") await discard(ending.files);
      } catch (error) {
        if (ending.status === "succeeded") await discard(ending.files);
        const failed = unstored(error);
        try {
          // What was discarded may have made room. A disk that is still full has been waited for.
          ended = await record(
            () => write(failed),
            (error) => passes(error, isDiskFull(error) ? diskFullPatience : 0),
          );
        } catch {
          lost.set(job.id, () => write(failed));
          ended = { ...job, ...seen, ...failed, finished_at: clock.now() / 1000 };
        }
      }
      if (ended) onEnd(ended, from);
      return ended;
    },
  };
}

function unstored(error: unknown): Extract<Ending, { status: "failed" }> {
  return isDiskFull(error)
    ? { status: "failed", error: "No space is left on the server's disk", error_code: "disk_full" }
    : { status: "failed", error: "The job's end could not be stored", error_code: "store_failed" };
}
