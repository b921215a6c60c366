/**
 * Makes the scheduler that `scheduler.ts` describes: the front that requests come to, over the runner that has the engine.
 *
 * @module
 */
import type { Need } from "../engine/need.ts";
import { footprint, gigabyte } from "../engine/residency.ts";
import type { Pulse } from "../fleet/pulse.ts";
import { tellOutages } from "../log.ts";
import { every, systemClock } from "./clock.ts";
import { alone, type JobContext } from "./context.ts";
import { Front } from "./front.ts";
import { progressOf } from "./job.ts";
import { Lane } from "./lane.ts";
import { Metrics } from "./metrics.ts";
import { createEvents } from "./notify/events.ts";
import type { Notices } from "./notify/notices.ts";
import { Reporter } from "./notify/reporter.ts";
import { Waiters } from "./notify/waiters.ts";
import { noWebhooks } from "./notify/webhooks.ts";
import { installsNothing } from "./runner/activations.ts";
import { stayAwake } from "./runner/awake.ts";
import { demandOf, needOf } from "./runner/operations.ts";
import type { Health, JobMetrics, Member, PlannedMemory, Scheduler, Unloaded } from "./scheduler.ts";
import type { Demand, NewJob } from "./store/store.ts";

type Optional = "outage" | "warm" | "webhooks" | "awake" | "clock" | "install" | "notices" | "placing";

/** Parts of a scheduler. Those left out do nothing, or are this machine's own. */
export type SchedulerOptions = Omit<JobContext, Optional | "settings"> & Partial<Pick<JobContext, Optional>>;

const pruneInterval = 3600_000;
/** Milliseconds between questions in a fleet, whatever notifications come: for work, for the ends of waited-for jobs, for messages. */
const idlePoll = 5000;
const waitersPoll = 2000;
const webhooksPoll = 10_000;

/**
 * @example
 * ```ts
 * const scheduler = createScheduler({ store, files, engine, operationOf, describe, check, memory: machineMemory, log });
 * await scheduler.start();
 * const { job } = await scheduler.submit({ type: "depthpro", params });
 * const waited = await scheduler.wait(job.id, 600_000);
 * ```
 */
export function createScheduler(options: SchedulerOptions): Scheduler & Member {
  const { log, clock = systemClock } = options;
  const words = { begins: "the job store does not work", ends: "the job store works again" };
  return new JobScheduler({
    warm: [],
    webhooks: noWebhooks,
    install: installsNothing,
    awake: stayAwake(),
    clock,
    notices: createEvents(clock.now),
    outage: tellOutages(log, words, clock.now),
    placing: alone,
    ...options,
    settings: options.check.settings,
  });
}

class JobScheduler extends Front implements Scheduler, Member {
  readonly #context: JobContext;
  readonly #parts: Parts;
  readonly #timers: (() => void)[] = [];
  #isStopping = false;

  constructor(context: JobContext) {
    const parts = partsOf(context);
    super(context, { ...parts, admit: (job) => admit(context, parts, job) });
    this.#context = context;
    this.#parts = parts;
    context.fleet?.heed({
      lane: () => parts.lane?.state(),
      unload: (family, variant) => this.#unloadHere(family, variant),
    });
    context.notices.on("ended", ({ id, hasMessage }) => {
      if (parts.waiters.jobs().includes(id)) void this.#lookForEnded([id]);
      if (hasMessage) context.webhooks.wake();
    });
  }

  async unload(family: string, variant?: string): Promise<Unloaded> {
    const own = await this.#unloadHere(family, variant);
    return this.#context.fleet?.unload(family, variant, own) ?? own;
  }

  plan(family: string, need: Need): PlannedMemory {
    const plan = this.#parts.lane?.plan(family, need) ?? planElsewhere(family, need);
    const budget_bytes = Math.floor(this.#context.fleet?.budget() ?? plan.budget_bytes);
    return { ...plan, budget_bytes, fits: plan.peak_bytes <= budget_bytes };
  }

  health(): Health {
    const { lane, metrics } = this.#parts;
    const { fleet } = this.#context;
    return {
      warm: lane?.isWarm() ?? true,
      queue_len: metrics.queued,
      memory: this.#memory(),
      ...(fleet && { nodes: fleet.nodes() }),
    };
  }

  /** While no worker of a fleet is known, requests are checked against this machine's budget. */
  #memory(): Health["memory"] {
    const { fleet, check } = this.#context;
    const memory = fleet?.memory() ?? this.#parts.lane?.memory() ?? noMemory;
    return memory.budget_gb > 0 ? memory : { ...memory, budget_gb: check.budget() / gigabyte };
  }

  metrics(): JobMetrics {
    const { lane, metrics } = this.#parts;
    const models = lane?.residents() ?? [];
    return {
      ...metrics.state(),
      running: lane?.running().length ?? 0,
      models: models.map(({ family, variant, part, bytes }) => ({ family, variant, part, bytes })),
      budget_bytes: lane?.budget() ?? 0,
      webhooks: this.#context.webhooks.stats(),
    };
  }

  async start(): Promise<void> {
    const { settings, webhooks, placing } = this.#context;
    const { lane } = this.#parts;
    // In a fleet only a node whose beats arrive may judge others.
    if (!placing.isShared) await this.recover();
    await this.#countQueued();
    await lane?.start();
    await this.#prune();
    if (lane) this.#repeat(settings.ttl_sweep_interval_s * 1000, () => lane.evictExpired());
    this.#repeat(pruneInterval, () => this.#prune());
    if (placing.isShared) this.#askAgain();
    lane?.begin();
    webhooks.wake();
  }

  async beat(state?: Record<string, unknown>): Promise<Pulse | undefined> {
    const { store, notices } = this.#context;
    const { lane, metrics } = this.#parts;
    const asked = lane?.running() ?? [];
    const running = asked.map((job) => ({ id: job.id, ...progressOf(job) }));
    const { held, queued, pulse } = await store.beat({ running, ...(state && { state }) });
    metrics.queued = queued;
    lane?.reconcile(held, asked);
    notices.watch(held.filter(({ watched }) => watched).map(({ id }) => id));
    return pulse;
  }

  async recover(): Promise<void> {
    const { store, log, notices } = this.#context;
    const { requeued, interrupted } = await store.recover();
    if (requeued.length + interrupted.length === 0) return;
    log.warning("jobs were running when their server stopped", {
      tried_again: requeued.length,
      failed: interrupted.length,
    });
    for (const job of interrupted) this.#parts.reporter.ended(job, "running");
    if (requeued.length > 0) notices.send("work", { variant: null });
  }

  async stop(): Promise<void> {
    const { log, webhooks } = this.#context;
    const { lane, notices, waiters } = this.#parts;
    this.#isStopping = true;
    this.close();
    for (const clear of this.#timers) clear();
    const running = lane?.onEngine()?.id;
    const release = (id: string) => waiters.release(id, { kind: "shutting_down" });
    for (const id of waiters.jobs()) if (id !== running) release(id);
    const requeued = await lane?.stop();
    if (requeued) {
      log.info("job put back into the queue", { job_id: requeued.id });
      notices.send("work", { variant: null });
    }
    for (const id of waiters.jobs()) release(id);
    notices.close();
    webhooks.stop();
  }

  async #unloadHere(family: string, variant?: string): Promise<Unloaded> {
    return this.#parts.lane?.unload(family, variant) ?? { unloaded: false, freed_bytes: 0 };
  }

  /** What no notification told is found a moment later. */
  #askAgain(): void {
    const { webhooks } = this.#context;
    const { lane } = this.#parts;
    if (lane) this.#repeat(idlePoll * (0.8 + Math.random() * 0.4), async () => lane.poke());
    this.#repeat(waitersPoll, () => this.#lookForEnded());
    this.#repeat(webhooksPoll, async () => webhooks.wake());
  }

  async #lookForEnded(ids?: string[]): Promise<void> {
    const { store, log } = this.#context;
    await this.#parts.waiters
      .look(store, ids)
      .catch((error) => log.debug("jobs that are waited for cannot be looked at", { error }));
  }

  async #countQueued(): Promise<void> {
    const before = this.#parts.metrics.queued;
    const { queued } = await this.#context.store.counts();
    // Some may have come meanwhile.
    this.#parts.metrics.queued += queued - before;
  }

  async #prune(): Promise<void> {
    const { settings, store, notices } = this.#context;
    await notices.trim();
    const days = settings.jobs_ttl_days;
    if (days === null || days <= 0) return;
    while ((await store.prune(days * 86_400)) > 0) await Promise.resolve();
  }

  /** Repeats work until the server stops. */
  #repeat(milliseconds: number, work: () => Promise<unknown>): void {
    if (milliseconds <= 0 || this.#isStopping) return;
    const { clock, log } = this.#context;
    const logged = () => work().catch((error) => !this.#isStopping && log.error("upkeep failed", { error }));
    this.#timers.push(every(clock, milliseconds, logged));
  }
}

interface Parts {
  notices: Notices;
  metrics: Metrics;
  waiters: Waiters;
  reporter: Reporter;
  /** Undefined on a machine that only takes requests. */
  lane: Lane | undefined;
}

function partsOf(context: JobContext): Parts {
  const { notices, clock, fleet } = context;
  const metrics = new Metrics();
  const waiters = new Waiters(clock);
  const reporter = new Reporter(context, { notices, waiters, metrics });
  const more = { notices, reporter, metrics, waitedFor: () => waiters.jobs() };
  const lane = (fleet?.works ?? true) ? new Lane(context, more) : undefined;
  return { notices, metrics, waiters, reporter, lane };
}

/** Where a job fits: here, or on any machine of the fleet. */
function admit(context: JobContext, { lane }: Parts, job: NewJob): Demand {
  if (!context.fleet) return lane!.admit(job);
  const demand = demandOf(needOf(context, job));
  context.fleet.admit(demand);
  return demand;
}

const noMemory: Health["memory"] = { loaded: [], resident_gb: 0, budget_gb: 0 };

/** The plan of a request on a machine that runs none. */
const planElsewhere = (family: string, need: Need): PlannedMemory => ({
  peak_bytes: footprint(family, need, new Map()),
  budget_bytes: 0,
  fits: false,
  smaller: null,
});
