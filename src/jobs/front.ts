/**
 * The part of the queue that requests come to. It needs a store and notices, no engine.
 *
 * @module
 */
import { Refusal } from "../errors.ts";
import type { JobContext } from "./context.ts";
import { isLive, type Job, liveStatuses, progressOf } from "./job.ts";
import type { Lane } from "./lane.ts";
import type { Metrics } from "./metrics.ts";
import type { Notices } from "./notify/notices.ts";
import { presentOf, type Reporter } from "./notify/reporter.ts";
import type { Waiters } from "./notify/waiters.ts";
import { filesInside } from "./params.ts";
import type { Accepted, JobEvent, Removed, Scheduler, Waited } from "./scheduler.ts";
import type { Demand, Idempotency, JobPage, JobQuery, NewJob } from "./store/store.ts";

interface Parts {
  notices: Notices;
  waiters: Waiters;
  reporter: Reporter;
  metrics: Metrics;
  /** Where a job fits. Refuses what fits nowhere. */
  admit(job: NewJob): Demand;
  /** The jobs that run in this process. */
  lane?: Pick<Lane, "running" | "abandon"> | undefined;
}

/** The methods of the scheduler that need no engine. */
type Requests = Omit<Scheduler, "unload" | "plan" | "health" | "metrics" | "start" | "stop">;

type Context = Pick<JobContext, "settings" | "store" | "files" | "webhooks" | "clock">;

export class Front implements Requests {
  readonly #context: Context;
  readonly #parts: Parts;
  #isStopping = false;

  constructor(context: Context, parts: Parts) {
    this.#context = context;
    this.#parts = parts;
  }

  /** Takes no more jobs from now on. */
  close(): void {
    this.#isStopping = true;
  }

  async submit(job: NewJob): Promise<Accepted> {
    const { store, webhooks, settings } = this.#context;
    const { admit, metrics, notices, reporter } = this.#parts;
    if (this.#isStopping) throw new Refusal("shutting_down", "The server is shutting down");
    const earlier = job.idempotency && (await store.replay(job.idempotency));
    if (earlier) return this.#accepted(earlier, false);
    if (job.webhook) webhooks.check(job.webhook.url);
    const demand = admit(job);
    // Counted before the store is asked: the job may be running when the store answers.
    metrics.queued++;
    try {
      const { job: kept, created } = await store.create({ ...job, demand, maxQueue: settings.max_queue });
      if (!created) metrics.queued--;
      else reporter.status(kept, { queue_position: metrics.queued - 1 });
      const accepted = await this.#accepted(kept, created);
      notices.send("work", { variant: demand.variant });
      return accepted;
    } catch (error) {
      metrics.queued--;
      throw this.#withRetryAfter(error);
    }
  }

  async replay(idempotency: Idempotency): Promise<Job | undefined> {
    const job = await this.#context.store.replay(idempotency);
    return job && this.#current(job);
  }

  async job(id: string): Promise<Job> {
    const job = await this.#context.store.get(id);
    if (job === "pruned")
      throw new Refusal("job_pruned", `job '${id}' ended long ago and its record was removed`);
    if (!job) throw new Refusal("job_not_found", `unknown job '${id}'`);
    return this.#current(job);
  }

  async position(id: string): Promise<number> {
    return this.#context.store.position((await this.job(id)).id);
  }

  async list(query?: JobQuery): Promise<JobPage> {
    const page = await this.#context.store.list(query);
    return { ...page, data: page.data.map((job) => this.#current(job)) };
  }

  async retry(id: string, idempotency?: Idempotency): Promise<Accepted> {
    const { store } = this.#context;
    const earlier = idempotency && (await store.replay(idempotency));
    if (earlier) return this.#accepted(earlier, false);
    const job = await this.job(id);
    if (isLive(job))
      throw new Refusal("job_not_finished", `job '${id}' is ${job.status}; it can be retried once it failed`);
    if (job.status === "succeeded")
      throw new Refusal(
        "job_succeeded",
        `job '${id}' succeeded; only a failed or canceled job can be retried`,
      );
    const { type, params } = job;
    return this.submit({ type, params, ...(await store.sender(id)), idempotency });
  }

  async cancel(id: string): Promise<Job> {
    const running = this.#running(id);
    const progress = running && progressOf(running);
    const job = await this.#context.store.end(id, liveStatuses, { status: "canceled" }, progress);
    if (!job) {
      const { status } = await this.job(id);
      throw new Refusal("job_finished", `job '${id}' has ended already: ${status}`);
    }
    this.#parts.lane?.abandon(id);
    this.#parts.reporter.ended(job, job.started_at === null ? "queued" : "running");
    return job;
  }

  async cancelAll({ status, type }: Parameters<Scheduler["cancelAll"]>[0]): Promise<number> {
    const canceled: Job[] = [];
    // What waits goes first, so that nothing new starts.
    if (status.includes("queued")) canceled.push(...(await this.#context.store.cancelQueued(type)));
    for (const job of canceled) {
      this.#parts.lane?.abandon(job.id);
      this.#parts.reporter.ended(job, "queued");
    }
    if (!status.includes("running")) return canceled.length;
    const { data } = await this.#context.store.list({ status: "running", type });
    const stopped = await Promise.allSettled(data.map(({ id }) => this.cancel(id)));
    return canceled.length + stopped.filter((each) => each.status === "fulfilled").length;
  }

  async remove(id: string, { files = false }: { files?: boolean } = {}): Promise<Removed> {
    const { store, clock } = this.#context;
    const job = await store.delete(id);
    if (!job) throw await this.job(id).then(() => new Refusal("job_not_found", `unknown job '${id}'`));
    if (isLive(job)) {
      this.#parts.lane?.abandon(id);
      const ended = { ...this.#current(job), status: "canceled", finished_at: clock.now() / 1000 } as const;
      this.#parts.reporter.ended(ended, job.status);
    }
    return { job, files: files ? await this.#deleteFiles(job) : [] };
  }

  wait(id: string, milliseconds: number): Promise<Waited> {
    return this.#parts.waiters.wait(id, milliseconds, async () => {
      const job = await this.job(id);
      this.#parts.waiters.know(job);
      if (!isLive(job)) return { kind: "ended", job };
      return this.#isStopping && job.status === "queued" ? { kind: "shutting_down" } : undefined;
    });
  }

  async events(
    id: string,
    options: { lastEventId?: number; signal?: AbortSignal } = {},
  ): Promise<AsyncIterable<JobEvent>> {
    const job = await this.job(id);
    return this.#parts.notices.follow(job, {
      after: options.lastEventId ?? 0,
      signal: options.signal,
      present: async () => {
        const { store } = this.#context;
        const job = await this.job(id);
        return presentOf(job, job.status === "queued" ? { queue_position: await store.position(id) } : {});
      },
    });
  }

  /** The record, with the progress that only memory has. */
  #current(job: Job): Job {
    const running = job.status === "running" ? this.#running(job.id) : undefined;
    return running ? { ...job, ...progressOf(running) } : job;
  }

  /** The job if it runs here. */
  #running(id: string): Job | undefined {
    return this.#parts.lane?.running().find((job) => job.id === id);
  }

  async #accepted(job: Job, created: boolean): Promise<Accepted> {
    const queue_position = await this.#context.store.position(job.id);
    return { job: this.#current(job), created, queue_position };
  }

  /** Tells a client that found the queue full when to come again. */
  #withRetryAfter(error: unknown): unknown {
    if (!(error instanceof Refusal && error.code === "queue_full")) return error;
    const { usualSeconds } = this.#parts.metrics;
    const retryAfter = Math.min(Math.max(Math.ceil(usualSeconds), 1), 600);
    return new Refusal(error.code, error.message, { "Retry-After": String(retryAfter) });
  }

  async #deleteFiles({ artifacts, params }: Job): Promise<string[]> {
    const { store, files } = this.#context;
    const needed = await store.filesInUse();
    const deleted: string[] = [];
    for (const id of new Set([...artifacts, ...filesInside(params)]))
      if (!needed.has(id) && (await files.delete(id))) deleted.push(id);
    return deleted;
  }
}
