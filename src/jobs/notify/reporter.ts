/**
 * Reports what happens to jobs: to clients that follow or wait, webhooks, the log and the metrics.
 *
 * @module
 */
import type { JobContext } from "../context.ts";
import { isLive, type Job, type JobStatus } from "../job.ts";
import type { Metrics } from "../metrics.ts";
import type { Report } from "../runner/run.ts";
import type { JobEvent } from "../scheduler.ts";
import type { Notices, Told } from "./notices.ts";
import type { Waiters } from "./waiters.ts";

/** Status events of one job closer together than this are left out, unless they say something new. */
const interval = 100;

function statusOf({ id, status, progress, progress_label }: Job, more: Record<string, unknown> = {}): Told {
  return { event: "status", data: { job_id: id, status, progress, progress_label, ...more } };
}

/** The event that tells a job's present state: the last one once it has ended. */
export const presentOf = (job: Job, more: Record<string, unknown> = {}): Told =>
  isLive(job) ? statusOf(job, more) : { event: job.status as JobEvent["event"], data: { ...job } };

export class Reporter {
  readonly #context: JobContext;
  readonly #notices: Notices;
  readonly #waiters: Waiters;
  readonly #metrics: Metrics;
  #last = { job: "", label: "", at: 0 };

  constructor(context: JobContext, parts: { notices: Notices; waiters: Waiters; metrics: Metrics }) {
    this.#context = context;
    this.#notices = parts.notices;
    this.#waiters = parts.waiters;
    this.#metrics = parts.metrics;
  }

  status(job: Job, more: Record<string, unknown> = {}): void {
    this.#last = { job: job.id, label: job.progress_label, at: this.#context.clock.now() };
    this.#notices.tell(job.id, statusOf(job, more));
  }

  started(job: Job): void {
    this.#metrics.queued--;
    this.#context.log.info("job started", { job_id: job.id, type: job.type });
    this.status(job);
    void this.#positions();
  }

  /** It waits again. */
  postponed(job: Job): void {
    this.#metrics.queued++;
    this.status(job);
  }

  /** The engine has done a step. */
  progressed(job: Job, { step, eta, payload }: Report): void {
    const { clock, log } = this.#context;
    const isNews = job.id !== this.#last.job || job.progress_label !== this.#last.label;
    const isLastStep = step !== undefined && step.done >= step.total;
    if (isNews || isLastStep || clock.now() - this.#last.at >= interval) {
      this.status(job, {
        ...(step && { step: step.done, steps: step.total }),
        ...(eta !== undefined && { eta_s: eta === null ? null : Math.round(eta * 10) / 10 }),
      });
    }
    if (!payload || !this.#notices.isWatched(job.id)) return;
    this.#preview(job, payload).catch((error) =>
      log.warning("a preview cannot be made", { job_id: job.id, error }),
    );
  }

  outOfMemory(job: Job): void {
    this.#metrics.outOfMemory++;
    this.#context.log.warning("out of memory: evicting all models for one more attempt", { job_id: job.id });
  }

  /** The job has ended. `from` is its status before. */
  ended(job: Job, from: JobStatus): void {
    if (from === "queued") {
      this.#metrics.queued--;
      void this.#positions();
    }
    this.#metrics.ended(job);
    this.#context.log.info("job ended", {
      job_id: job.id,
      type: job.type,
      status: job.status,
      error_code: job.error_code ?? undefined,
    });
    this.#notices.tell(job.id, presentOf(job));
    this.#waiters.release(job.id, { kind: "ended", job });
    this.#context.webhooks.wake();
  }

  async #preview({ id, type, progress }: Job, payload: NonNullable<Report["payload"]>): Promise<void> {
    const picture = await this.#context.operationOf(type)?.operation.preview?.(payload);
    if (picture) this.#notices.tell(id, { event: "preview", data: { job_id: id, progress, ...picture } });
  }

  /** The queue has moved: clients that follow a waiting job get its new place. */
  async #positions(): Promise<void> {
    const { store, log } = this.#context;
    try {
      for (const id of this.#notices.followed()) {
        const job = await store.get(id);
        if (job && job !== "pruned" && job.status === "queued")
          this.status(job, { queue_position: await store.position(id) });
      }
    } catch (error) {
      log.error("the job store cannot be read", { error });
    }
  }
}
