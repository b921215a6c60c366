/**
 * Makes the queue that `queue.ts` describes.
 *
 * @module
 */
import type { CheckContext } from "../capabilities/capability.ts";
import type { Engine } from "../engine/engine.ts";
import { budgetOf, gigabyte, type MachineMemory } from "../engine/residency.ts";
import { Refusal } from "../errors.ts";
import type { Log } from "../log.ts";
import { type Clock, every, systemClock } from "./clock.ts";
import type { JobFiles } from "./files.ts";
import type { Job, JobStatus } from "./job.ts";
import { createMetrics } from "./metrics.ts";
import { memoryState } from "./models/memory-state.ts";
import { createModels } from "./models/model-cache.ts";
import { createEvents } from "./notify/events.ts";
import { createReporting } from "./notify/reporter.ts";
import { createWaiters } from "./notify/waiters.ts";
import type { Webhooks } from "./notify/webhooks.ts";
import { filesInside } from "./params.ts";
import { type StayAwake, stayAwake } from "./runner/awake.ts";
import { createLane, type WarmTarget } from "./runner/loop.ts";
import type { Kind } from "./runner/run.ts";
import type { Accepted, JobEvent, Scheduler } from "./scheduler.ts";
import type { JobStore, NewJob } from "./store/store.ts";

export interface SchedulerOptions {
  store: JobStore;
  files: JobFiles;
  engine: Engine;
  /** The operation of a job type, and its family. */
  kind(type: string): Kind | undefined;
  /** What `/health` shows of a variant beside its memory. */
  model(family: string, variant: string): { domain: string; repo: string };
  context: CheckContext;
  memory(): MachineMemory;
  log: Log;
  webhooks?: Webhooks;
  warm?: readonly WarmTarget[];
  awake?: StayAwake;
  clock?: Clock;
}

const live: readonly JobStatus[] = ["queued", "running"];
const gb = (bytes: number) => Math.round((bytes / gigabyte) * 100) / 100;
const pruneInterval = 3600_000;
/** Limits of the machine change rarely, and `/health` is asked often. */
const probeInterval = 10_000;

/**
 * @example
 * ```ts
 * const scheduler = createScheduler({ store, files, engine, kind, model, context, memory: machineMemory, log });
 * await scheduler.start();
 * const { job } = await scheduler.submit({ type: "depthpro", params });
 * const waited = await scheduler.wait(job.id, 600_000);
 * ```
 */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const { store, context, log, clock = systemClock } = options;
  const { settings } = context;
  const events = createEvents(clock.now);
  const metrics = createMetrics();
  const waiters = createWaiters(clock);
  const reporting = createReporting({ ...options, events, clock });
  const timers: (() => void)[] = [];
  let queued = 0;
  let stopping = false;

  let workingSet: number | undefined;
  let machine = { at: -Infinity, memory: { total: 0 } as MachineMemory };
  const budget = () => {
    if (clock.now() - machine.at > probeInterval) machine = { at: clock.now(), memory: options.memory() };
    return budgetOf({ workingSet, ...machine.memory }, settings.memory_limit_gb);
  };
  const models = createModels({
    engine: options.engine,
    clock,
    context,
    budget,
    onLoad(resident, seconds) {
      metrics.loaded(seconds);
      log.info("model loaded", { model: resident.key, gb: gb(resident.bytes), seconds });
    },
    onNote(key, text) {
      log.warning(text, { model: key });
    },
    onEvict(resident, reason) {
      metrics.evicted(reason);
      log.info("model evicted", { model: resident.key, gb: gb(resident.bytes), reason });
    },
  });

  const lane = createLane({
    ...options,
    models,
    clock,
    awake: options.awake ?? stayAwake(),
    warm: options.warm ?? [],
    onStart(job) {
      queued--;
      log.info("job started", { job_id: job.id, type: job.type });
      reporting.status(job);
      void reporting.positions();
    },
    onReport: reporting.step,
    onEnd,
    waitedFor: waiters.jobs,
    onOutOfMemory(job) {
      metrics.outOfMemory();
      log.warning("out of memory: all models were evicted", { job_id: job.id });
    },
  });

  function onEnd(job: Job, from: JobStatus) {
    if (from === "queued") {
      queued--;
      void reporting.positions();
    }
    metrics.ended(job);
    log.info("job ended", {
      job_id: job.id,
      type: job.type,
      status: job.status,
      error_code: job.error_code ?? undefined,
    });
    if (job.status !== "queued" && job.status !== "running") events.emit(job.id, job.status, { ...job });
    waiters.release(job.id, { kind: "ended", job });
    options.webhooks?.wake();
  }

  /** The record, with the progress that only memory has. */
  function current(job: Job): Job {
    const running = lane.running();
    if (job.status !== "running" || running?.id !== job.id) return job;
    return { ...job, progress: running.progress, progress_label: running.progress_label };
  }

  async function find(id: string): Promise<Job> {
    const job = await store.get(id);
    if (job === "pruned") {
      throw new Refusal("job_pruned", `job '${id}' ended long ago and its record was removed`);
    }
    if (!job) throw new Refusal("job_not_found", `unknown job '${id}'`);
    return current(job);
  }

  const seen = (id: string) => {
    const running = lane.running();
    return running?.id === id
      ? { progress: running.progress, progress_label: running.progress_label }
      : undefined;
  };

  const accepted = async (job: Job, created: boolean): Promise<Accepted> => ({
    job: current(job),
    created,
    queue_position: await store.position(job.id),
  });

  function refuseWhenFull() {
    if (queued < settings.max_queue) return;
    const retryAfter = Math.min(Math.max(Math.ceil(metrics.usualSeconds()), 1), 600);
    throw new Refusal(
      "queue_full",
      `${settings.max_queue} jobs are waiting, which is as many as max_queue allows`,
      {
        "Retry-After": String(retryAfter),
      },
    );
  }

  async function submit(job: NewJob): Promise<Accepted> {
    if (stopping) throw new Refusal("shutting_down", "The server is shutting down");
    const earlier = job.idempotency && (await store.replay(job.idempotency));
    if (earlier) return accepted(earlier, false);
    if (job.webhook) options.webhooks?.check(job.webhook.url);
    const kind = options.kind(job.type);
    if (!kind) throw new Error(`no operation of the type ${job.type}`);
    models.check(kind.family, kind.operation.need(job.params as never, context));
    refuseWhenFull();
    // Its place is taken before the store is asked, so that many at once cannot overfill the queue.
    queued++;
    try {
      const { job: kept, created } = await store.create(job);
      if (!created) queued--;
      else reporting.status(kept, { queue_position: queued - 1 });
      const answer = await accepted(kept, created);
      lane.poke();
      return answer;
    } catch (error) {
      queued--;
      throw error;
    }
  }

  async function deleteFiles({ artifacts, params }: Job): Promise<string[]> {
    const needed = await store.filesInUse();
    const deleted: string[] = [];
    for (const id of new Set([...artifacts, ...filesInside(params)]))
      if (!needed.has(id) && (await options.files.delete(id))) deleted.push(id);
    return deleted;
  }

  async function prune() {
    const days = settings.jobs_ttl_days;
    if (days === null || days <= 0) return;
    while ((await store.prune(clock.now() / 1000 - days * 86_400)) > 0) await Promise.resolve();
  }

  /** Repeats until the server stops. */
  function upkeep(milliseconds: number, work: () => Promise<unknown>) {
    if (milliseconds <= 0 || stopping) return;
    const logged = () => work().catch((error) => !stopping && log.error("upkeep failed", { error }));
    timers.push(every(clock, milliseconds, logged));
  }

  return {
    submit,
    replay: async (idempotency) => {
      const job = await store.replay(idempotency);
      return job && current(job);
    },
    job: find,
    position: async (id) => store.position((await find(id)).id),
    async list(query) {
      const page = await store.list(query);
      return { ...page, data: page.data.map(current) };
    },

    async retry(id, idempotency) {
      const earlier = idempotency && (await store.replay(idempotency));
      if (earlier) return accepted(earlier, false);
      const job = await find(id);
      if (live.includes(job.status))
        throw new Refusal(
          "job_not_finished",
          `job '${id}' is ${job.status}; it can be retried once it failed`,
        );
      if (job.status === "succeeded")
        throw new Refusal(
          "job_succeeded",
          `job '${id}' succeeded; only a failed or canceled job can be retried`,
        );
      return submit({ type: job.type, params: job.params, webhook: await store.webhook(id), idempotency });
    },

    async cancel(id) {
      const job = await store.end(id, live, { status: "canceled" }, seen(id));
      if (!job) {
        const now = await find(id);
        throw new Refusal("job_finished", `job '${id}' has ended already: ${now.status}`);
      }
      lane.abandon(id);
      onEnd(job, job.started_at === null ? "queued" : "running");
      return job;
    },

    async remove(id, { files: withFiles = false } = {}) {
      const job = await store.delete(id);
      if (!job) throw await find(id).then(() => new Refusal("job_not_found", `unknown job '${id}'`));
      if (live.includes(job.status)) {
        lane.abandon(id);
        onEnd({ ...current(job), status: "canceled", finished_at: clock.now() / 1000 }, job.status);
      }
      return { job, files: withFiles ? await deleteFiles(job) : [] };
    },

    wait: (id, milliseconds) =>
      waiters.wait(id, milliseconds, async () => {
        const job = await find(id);
        if (!live.includes(job.status)) return { kind: "ended", job };
        return stopping && job.status === "queued" ? { kind: "shutting_down" } : undefined;
      }),

    async events(id, follow = {}) {
      const job = await find(id);
      const subscription = events.subscribe(id, follow);
      if (subscription) return subscription;
      if (live.includes(job.status)) {
        reporting.status(job, job.status === "queued" ? { queue_position: await store.position(id) } : {});
      } else {
        events.emit(id, job.status as JobEvent["event"], { ...job });
      }
      return events.subscribe(id, { signal: follow.signal })!;
    },

    async unload(family, variant) {
      const gone = await lane.chore(() =>
        models.drop(
          (resident) => resident.family === family && (variant === undefined || resident.variant === variant),
          "unload",
        ),
      );
      return { unloaded: gone.length > 0, freed_bytes: gone.reduce((sum, { bytes }) => sum + bytes, 0) };
    },

    health: () => ({
      warm: lane.warmed(),
      queue_len: queued,
      memory: memoryState(models.residents(), budget(), clock.now(), options.model),
    }),

    metrics: () => ({
      ...metrics.state(),
      queued,
      running: lane.running() ? 1 : 0,
      models: models
        .residents()
        .map(({ family, variant, part, bytes }) => ({ family, variant, part, bytes })),
      budget_bytes: budget(),
      webhooks: options.webhooks?.stats() ?? { delivered: 0, retried: 0, given_up: 0 },
    }),

    async start() {
      const { requeued, interrupted } = await store.recover();
      if (requeued.length + interrupted.length > 0) {
        log.warning("jobs were running when the server stopped", {
          tried_again: requeued.length,
          failed: interrupted.length,
        });
      }
      const before = queued;
      const { queued: kept } = await store.counts();
      // Some may have come meanwhile.
      queued += kept - before;
      workingSet = (await options.engine.stats()).workingSet;
      await prune();
      upkeep(settings.ttl_sweep_interval_s * 1000, () => lane.chore(models.sweep));
      upkeep(pruneInterval, prune);
      lane.begin();
      lane.poke();
      options.webhooks?.wake();
    },

    async stop() {
      stopping = true;
      for (const clear of timers) clear();
      const running = lane.running()?.id;
      for (const id of waiters.jobs()) if (id !== running) waiters.release(id, { kind: "shutting_down" });
      const requeued = await lane.stop(settings.shutdown_grace_s);
      if (requeued) log.info("job put back into the queue", { job_id: requeued.id });
      for (const id of waiters.jobs()) waiters.release(id, { kind: "shutting_down" });
      events.close();
      options.webhooks?.stop();
    },
  };
}
