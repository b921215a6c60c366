/**
 * Prepares the next job's inputs while one runs.
 *
 * @module
 */
import type { Prepared } from "../../capabilities/capability.ts";
import type { Log } from "../../log.ts";
import type { Job } from "../job.ts";

/** A job whose inputs are being prepared, or are ready. */
export interface PreparedJob {
  job: Job;
  controller: AbortController;
  prepared: Promise<Prepared>;
}

export interface AheadOptions {
  /** Whether there is something to be ahead of. */
  open(): boolean;
  next(): Promise<Job | undefined>;
  prepare(job: Job, signal: AbortSignal): Promise<Prepared>;
  /** Its inputs are bad: it ends at once, without the engine. */
  fail(job: Job, error: unknown): Promise<unknown>;
  log: Log;
}

export interface Ahead {
  /** Begins with the next job, if there is one and no other is prepared. */
  look(): Promise<void>;
  job(): Job | undefined;
  find(id: string): PreparedJob | undefined;
  /** It is ahead no longer: its turn has come. */
  leave(mine: PreparedJob | undefined): void;
  /** Gives up on a job that somebody has ended. */
  abandon(id: string): void;
  stop(): void;
}

export function createAhead({ open, next, prepare, fail, log }: AheadOptions): Ahead {
  let ahead: PreparedJob | undefined;
  let looking = false;

  const leave = (mine: PreparedJob | undefined) => {
    if (ahead === mine) ahead = undefined;
  };
  const find = (id: string) => (ahead?.job.id === id ? ahead : undefined);

  async function look() {
    if (!open() || ahead || looking) return;
    looking = true;
    try {
      const job = await next();
      if (!job || !open() || ahead) return;
      const controller = new AbortController();
      const mine = { job, controller, prepared: prepare(job, controller.signal) };
      ahead = mine;
      mine.prepared.catch(async (error) => {
        if (ahead !== mine) return;
        if (!controller.signal.aborted) await fail(job, error);
        leave(mine);
        void look();
      });
    } catch (error) {
      log.error("the job store cannot be read", { error });
    } finally {
      looking = false;
    }
  }

  return {
    look,
    job: () => ahead?.job,
    find,
    leave,
    abandon(id) {
      const mine = find(id);
      if (!mine) return;
      leave(mine);
      mine.controller.abort();
      void look();
    },
    stop: () => ahead?.controller.abort(),
  };
}
