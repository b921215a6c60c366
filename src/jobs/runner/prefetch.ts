/**
 * Prepares the next job's inputs while one runs.
 *
 * @module
 */
import type { Prepared } from "../../capabilities/capability.ts";
import type { Job } from "../job.ts";

/** A job whose inputs are being prepared, or are ready. */
export interface Prefetched {
  job: Job;
  controller: AbortController;
  prepared: Promise<Prepared>;
}

export interface PrefetchHooks {
  /** Whether a job runs that the next one can be prepared beside. */
  isOpen(): boolean;
  next(): Promise<Job | undefined>;
  prepare(job: Job, signal: AbortSignal): Promise<Prepared>;
  /** Its inputs are bad: it ends at once, without the engine. */
  fail(job: Job, error: unknown): Promise<unknown>;
  onError(error: unknown): void;
}

export class Prefetcher {
  #current: Prefetched | undefined;
  #isLooking = false;

  constructor(readonly hooks: PrefetchHooks) {}

  /** Begins with the next job, if there is one and no other is prepared. */
  async look(): Promise<void> {
    if (!this.hooks.isOpen() || this.#current || this.#isLooking) return;
    this.#isLooking = true;
    try {
      const job = await this.hooks.next();
      if (job && this.hooks.isOpen() && !this.#current) this.#begin(job);
    } catch (error) {
      this.hooks.onError(error);
    } finally {
      this.#isLooking = false;
    }
  }

  job(): Job | undefined {
    return this.#current?.job;
  }

  /** The prepared input of a job. */
  find(id: string): Prefetched | undefined {
    return this.#current?.job.id === id ? this.#current : undefined;
  }

  /** Its turn has come: the next one may be prepared. */
  release(mine: Prefetched | undefined): void {
    if (this.#current === mine) this.#current = undefined;
  }

  /** Gives up on a job that has ended. */
  abandon(id: string): void {
    const mine = this.find(id);
    if (!mine) return;
    this.release(mine);
    mine.controller.abort();
    void this.look();
  }

  stop(): void {
    this.#current?.controller.abort();
  }

  #begin(job: Job): void {
    const controller = new AbortController();
    const mine = { job, controller, prepared: this.hooks.prepare(job, controller.signal) };
    this.#current = mine;
    mine.prepared.catch(async (error) => {
      if (this.#current !== mine) return;
      if (!controller.signal.aborted) await this.hooks.fail(job, error);
      this.release(mine);
      void this.look();
    });
  }
}
