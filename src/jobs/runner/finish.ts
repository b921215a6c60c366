/**
 * Writes how jobs end into a store that may fail, briefly or for good.
 *
 * @module
 */
import { isDiskFull } from "../../errors.ts";
import type { FileRecord } from "../../files/file.ts";
import { sleep } from "../clock.ts";
import type { JobContext } from "../context.ts";
import type { Job, JobProgress, JobStatus } from "../job.ts";
import type { Reporter } from "../notify/reporter.ts";
import { filesInside } from "../params.ts";
import type { Ending } from "../store/store.ts";
import { diskFullPatience, isAway, isLasting, isPassing } from "./failure.ts";

/** Milliseconds between attempts to reach a store that is away. */
const longestAway = 2000;

export class Finisher {
  /** Failed jobs whose record still says that they wait or run, and how to write it. */
  readonly #unwritten = new Map<string, () => Promise<unknown>>();

  constructor(
    readonly context: JobContext,
    readonly reporter: Reporter,
    /** Aborted when the server stops: then nothing is tried again. */
    readonly quit: AbortSignal,
  ) {}

  unwritten(): string[] {
    return [...this.#unwritten.keys()];
  }

  /**
   * Asks the store until it answers, so that a full disk or a locked database does not lose how a job ended.
   *
   * @param waitsFor Whether to ask again after an error, when that many milliseconds have been spent.
   * @throws An error that will not pass, and a disk that stays full.
   */
  async persist<T>(ask: () => Promise<T>, waitsFor = isPassing): Promise<T | undefined> {
    const { clock, log, outage } = this.context;
    const since = clock.now();
    for (let wait = 500; ; wait = Math.min(wait * 2, 30_000)) {
      try {
        const answer = await ask();
        outage.worked();
        return answer;
      } catch (error) {
        const waits = waitsFor(error, clock.now() - since);
        if (waits) outage.failed(error);
        else log.error("the job store does not work", { error });
        if (this.quit.aborted) return undefined;
        if (!waits) throw error;
        await sleep(clock, isAway(error) ? Math.min(wait, longestAway) : wait);
      }
    }
  }

  /**
   * Writes how a job ended. An end that can never be written becomes a failure; clients that wait get that even if it cannot be
   * written either. Undefined when the job had ended before: its files are discarded then.
   */
  async finish(
    job: Job,
    from: JobStatus,
    ending: Ending,
    progress?: JobProgress,
    claim?: number,
  ): Promise<Job | undefined> {
    const { store, clock } = this.context;
    let isAnswered = false;
    const write = async (how: Ending) => {
      const written = await store.end(job.id, [from], how, progress, claim);
      isAnswered = true;
      return written;
    };
    let ended: Job | undefined;
    try {
      ended = await this.persist(() => write(ending));
      // At a shutdown nothing is asked again: the end may be written, and its bytes needed. Else the sweep removes them.
      if (!ended && isAnswered) await this.#discardFiles(ending);
    } catch (error) {
      await this.#discardFiles(ending);
      const failed = unstored(error);
      try {
        // The discarded files may have made room. A disk that is still full was waited for already.
        ended = await this.persist(
          () => write(failed),
          (error) => isPassing(error, isDiskFull(error) ? diskFullPatience : 0),
        );
      } catch {
        this.#unwritten.set(job.id, () => write(failed));
        ended = { ...job, ...progress, ...failed, finished_at: clock.now() / 1000 };
      }
    }
    if (ended) {
      if (ended.status === "failed" && isLasting(ended.error_code)) await this.#releaseInputs(ended);
      this.reporter.ended(ended, from);
    }
    return ended;
  }

  /** Writes the failures that could not be written, if the store takes them by now. */
  async retryUnwritten(): Promise<void> {
    for (const [id, write] of this.#unwritten) {
      try {
        await write();
      } catch {
        return;
      }
      this.#unwritten.delete(id);
    }
  }

  /** Deletes the files that came inside a request which is refused for good, unless another live job needs them. */
  async #releaseInputs({ id, params }: Job): Promise<void> {
    const { store, files, log } = this.context;
    const inside = filesInside(params);
    if (inside.length === 0) return;
    try {
      const needed = await store.filesInUse();
      await Promise.all(inside.filter((file) => !needed.has(file)).map((file) => files.delete(file)));
    } catch (error) {
      log.warning("files of a refused request could not be deleted", { job_id: id, error });
    }
  }

  async #discardFiles(ending: Ending): Promise<void> {
    const made: readonly FileRecord[] = ending.status === "succeeded" ? ending.files : [];
    await Promise.allSettled(made.map((file) => this.context.files.discard(file)));
  }
}

function unstored(error: unknown): Extract<Ending, { status: "failed" }> {
  return isDiskFull(error)
    ? { status: "failed", error: "No space is left on the server's disk", error_code: "disk_full" }
    : { status: "failed", error: "The job's end could not be stored", error_code: "store_failed" };
}
