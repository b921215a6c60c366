/**
 * Makes the scheduler that `scheduler.ts` describes: the front that requests come to, over the runner that has the engine.
 *
 * @module
 */
import { Refusal } from "../errors.ts";
import { every, systemClock } from "./clock.ts";
import type { JobContext } from "./context.ts";
import { activationType, isLive, type Job, liveStatuses, progressOf } from "./job.ts";
import { Metrics } from "./metrics.ts";
import { Budget } from "./models/budget.ts";
import { memoryState } from "./models/memory-state.ts";
import { ModelCache } from "./models/model-cache.ts";
import { createEvents, type Events } from "./notify/events.ts";
import { Reporter } from "./notify/reporter.ts";
import { Waiters } from "./notify/waiters.ts";
import { noWebhooks } from "./notify/webhooks.ts";
import { filesInside } from "./params.ts";
import { ActivationLane, installsNothing } from "./runner/activations.ts";
import { stayAwake } from "./runner/awake.ts";
import { Runner } from "./runner/loop.ts";
import type {
  Accepted,
  Health,
  JobEvent,
  JobMetrics,
  Removed,
  Scheduler,
  Unloaded,
  Waited,
} from "./scheduler.ts";
import type { Idempotency, JobPage, JobQuery, NewJob } from "./store/store.ts";

type Optional = "warm" | "webhooks" | "awake" | "clock" | "install";

/** Parts of a scheduler. Those left out do nothing, or are this machine's own. */
export type SchedulerOptions = Omit<JobContext, Optional | "settings"> & Partial<Pick<JobContext, Optional>>;

const pruneInterval = 3600_000;

/**
 * @example
 * ```ts
 * const scheduler = createScheduler({ store, files, engine, operationOf, describe, check, memory: machineMemory, log });
 * await scheduler.start();
 * const { job } = await scheduler.submit({ type: "depthpro", params });
 * const waited = await scheduler.wait(job.id, 600_000);
 * ```
 */
export function createScheduler(options: SchedulerOptions): Scheduler {
  return new JobScheduler({
    warm: [],
    webhooks: noWebhooks,
    install: installsNothing,
    awake: stayAwake(),
    clock: systemClock,
    ...options,
    settings: options.check.settings,
  });
}

class JobScheduler implements Scheduler {
  readonly #context: JobContext;
  readonly #events: Events;
  readonly #metrics = new Metrics();
  readonly #waiters: Waiters;
  readonly #reporter: Reporter;
  readonly #budget: Budget;
  readonly #models: ModelCache;
  readonly #runner: Runner;
  readonly #activations: ActivationLane;
  readonly #timers: (() => void)[] = [];
  #isStopping = false;

  constructor(context: JobContext) {
    this.#context = context;
    this.#events = createEvents(context.clock.now);
    this.#waiters = new Waiters(context.clock);
    this.#reporter = new Reporter(context, {
      events: this.#events,
      waiters: this.#waiters,
      metrics: this.#metrics,
    });
    this.#budget = new Budget(context);
    this.#models = new ModelCache(context, this.#budget, this.#metrics);
    this.#runner = new Runner(context, {
      models: this.#models,
      reporter: this.#reporter,
      waitedFor: () => this.#waiters.jobs(),
    });
    this.#activations = new ActivationLane(context, this.#reporter);
  }

  async submit(job: NewJob): Promise<Accepted> {
    const { store, webhooks, operationOf, check } = this.#context;
    if (this.#isStopping) throw new Refusal("shutting_down", "The server is shutting down");
    const earlier = job.idempotency && (await store.replay(job.idempotency));
    if (earlier) return this.#accepted(earlier, false);
    if (job.webhook) webhooks.check(job.webhook.url);
    if (job.type !== activationType) {
      const type = operationOf(job.type);
      if (!type) throw new Error(`no operation of the type ${job.type}`);
      this.#models.check(type.family, type.operation.need(job.params, check));
    }
    this.#requireRoom();
    // Its place is taken before the store is asked, so that many at once cannot overfill the queue.
    this.#metrics.queued++;
    try {
      const { job: kept, created } = await store.create(job);
      if (!created) this.#metrics.queued--;
      else this.#reporter.status(kept, { queue_position: this.#metrics.queued - 1 });
      const accepted = await this.#accepted(kept, created);
      this.#poke(kept);
      return accepted;
    } catch (error) {
      this.#metrics.queued--;
      throw error;
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
    this.#abandon(id);
    this.#reporter.ended(job, job.started_at === null ? "queued" : "running");
    return job;
  }

  async cancelAll({ status, type }: Parameters<Scheduler["cancelAll"]>[0]): Promise<number> {
    const canceled: Job[] = [];
    // What waits goes first, so that nothing new starts.
    if (status.includes("queued")) canceled.push(...(await this.#context.store.cancelQueued(type)));
    for (const job of canceled) {
      this.#abandon(job.id);
      this.#reporter.ended(job, "queued");
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
      this.#abandon(id);
      const ended = { ...this.#current(job), status: "canceled", finished_at: clock.now() / 1000 } as const;
      this.#reporter.ended(ended, job.status);
    }
    return { job, files: files ? await this.#deleteFiles(job) : [] };
  }

  wait(id: string, milliseconds: number): Promise<Waited> {
    return this.#waiters.wait(id, milliseconds, async () => {
      const job = await this.job(id);
      if (!isLive(job)) return { kind: "ended", job };
      return this.#isStopping && job.status === "queued" ? { kind: "shutting_down" } : undefined;
    });
  }

  async events(
    id: string,
    options: { lastEventId?: number; signal?: AbortSignal } = {},
  ): Promise<AsyncIterable<JobEvent>> {
    const job = await this.job(id);
    const subscription = this.#events.subscribe(id, options);
    if (subscription) return subscription;
    // No events are kept of the job: its state is the first one.
    if (!isLive(job)) this.#reporter.end(job);
    else if (job.status === "running") this.#reporter.status(job);
    else this.#reporter.status(job, { queue_position: await this.#context.store.position(id) });
    return this.#events.subscribe(id, { signal: options.signal })!;
  }

  async unload(family: string, variant?: string): Promise<Unloaded> {
    const gone = await this.#runner.chore(() =>
      this.#models.evict(
        (resident) => resident.family === family && (variant === undefined || resident.variant === variant),
        "unload",
      ),
    );
    return { unloaded: gone.length > 0, freed_bytes: gone.reduce((sum, { bytes }) => sum + bytes, 0) };
  }

  health(): Health {
    const { clock, describe } = this.#context;
    return {
      warm: this.#runner.isWarm(),
      queue_len: this.#metrics.queued,
      memory: memoryState(this.#models.residents(), this.#budget.bytes(), clock.now(), describe),
    };
  }

  metrics(): JobMetrics {
    const models = this.#models.residents();
    return {
      ...this.#metrics.state(),
      running: [this.#runner.running(), this.#activations.running()].filter(Boolean).length,
      models: models.map(({ family, variant, part, bytes }) => ({ family, variant, part, bytes })),
      budget_bytes: this.#budget.bytes(),
      webhooks: this.#context.webhooks.stats(),
    };
  }

  async start(): Promise<void> {
    const { settings, engine, webhooks } = this.#context;
    await this.#recover();
    this.#budget.workingSet = (await engine.stats()).workingSet;
    await this.#prune();
    this.#repeat(settings.ttl_sweep_interval_s * 1000, () =>
      this.#runner.chore(() => this.#models.evictExpired()),
    );
    this.#repeat(pruneInterval, () => this.#prune());
    this.#runner.begin();
    this.#activations.begin();
    webhooks.wake();
  }

  async stop(): Promise<void> {
    const { settings, log, webhooks } = this.#context;
    this.#isStopping = true;
    for (const clear of this.#timers) clear();
    const running = this.#runner.running()?.id;
    const release = (id: string) => this.#waiters.release(id, { kind: "shutting_down" });
    for (const id of this.#waiters.jobs()) if (id !== running) release(id);
    const [requeued] = await Promise.all([
      this.#runner.stop(settings.shutdown_grace_s),
      this.#activations.stop(),
    ]);
    if (requeued) log.info("job put back into the queue", { job_id: requeued.id });
    for (const id of this.#waiters.jobs()) release(id);
    this.#events.close();
    webhooks.stop();
  }

  /** The record, with the progress that only memory has. */
  #current(job: Job): Job {
    const running = job.status === "running" ? this.#running(job.id) : undefined;
    return running ? { ...job, ...progressOf(running) } : job;
  }

  /** The job if one of the lanes has it now. */
  #running(id: string): Job | undefined {
    return [this.#runner.running(), this.#activations.running()].find((job) => job?.id === id);
  }

  #poke({ type }: Job): void {
    if (type === activationType) this.#activations.poke();
    else this.#runner.poke();
  }

  #abandon(id: string): void {
    this.#runner.abandon(id);
    this.#activations.abandon(id);
  }

  async #accepted(job: Job, created: boolean): Promise<Accepted> {
    const queue_position = await this.#context.store.position(job.id);
    return { job: this.#current(job), created, queue_position };
  }

  #requireRoom(): void {
    const { max_queue: most } = this.#context.settings;
    if (this.#metrics.queued < most) return;
    const retryAfter = Math.min(Math.max(Math.ceil(this.#metrics.usualSeconds), 1), 600);
    throw new Refusal("queue_full", `${most} jobs are waiting, which is as many as max_queue allows`, {
      "Retry-After": String(retryAfter),
    });
  }

  async #deleteFiles({ artifacts, params }: Job): Promise<string[]> {
    const { store, files } = this.#context;
    const needed = await store.filesInUse();
    const deleted: string[] = [];
    for (const id of new Set([...artifacts, ...filesInside(params)]))
      if (!needed.has(id) && (await files.delete(id))) deleted.push(id);
    return deleted;
  }

  /** Recovers the jobs of the last run of the server. */
  async #recover(): Promise<void> {
    const { store, log } = this.#context;
    const { requeued, interrupted } = await store.recover();
    if (requeued.length + interrupted.length > 0)
      log.warning("jobs were running when the server stopped", {
        tried_again: requeued.length,
        failed: interrupted.length,
      });
    const before = this.#metrics.queued;
    const { queued } = await store.counts();
    // Some may have come meanwhile.
    this.#metrics.queued += queued - before;
  }

  async #prune(): Promise<void> {
    const { settings, store, clock } = this.#context;
    const days = settings.jobs_ttl_days;
    if (days === null || days <= 0) return;
    while ((await store.prune(clock.now() / 1000 - days * 86_400)) > 0) await Promise.resolve();
  }

  /** Repeats work until the server stops. */
  #repeat(milliseconds: number, work: () => Promise<unknown>): void {
    if (milliseconds <= 0 || this.#isStopping) return;
    const { clock, log } = this.#context;
    const logged = () => work().catch((error) => !this.#isStopping && log.error("upkeep failed", { error }));
    this.#timers.push(every(clock, milliseconds, logged));
  }
}
