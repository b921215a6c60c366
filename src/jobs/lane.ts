/**
 * The part of the queue that works: it has the engine, its models, and the downloads. A node that only takes requests has none.
 *
 * @module
 */
import type { Need } from "../engine/need.ts";
import type { Resident } from "../engine/residency.ts";
import type { JobContext } from "./context.ts";
import type { LaneState } from "./fleet.ts";
import type { Job } from "./job.ts";
import type { Metrics } from "./metrics.ts";
import { Budget } from "./models/budget.ts";
import { memoryState } from "./models/memory-state.ts";
import { ModelCache } from "./models/model-cache.ts";
import type { Notices } from "./notify/notices.ts";
import type { Reporter } from "./notify/reporter.ts";
import { ActivationLane } from "./runner/activations.ts";
import { Runner } from "./runner/loop.ts";
import { demandOf, needOf, ofDownloads } from "./runner/operations.ts";
import type { Health, PlannedMemory, Unloaded } from "./scheduler.ts";
import type { Demand, Held, NewJob } from "./store/store.ts";

interface Parts {
  notices: Notices;
  reporter: Reporter;
  metrics: Metrics;
  /** Jobs that a client waits for. */
  waitedFor(): readonly string[];
}

/** Milliseconds that a node without the model leaves a new job to those that have it. */
const coldPause = 100;

export class Lane {
  readonly #context: JobContext;
  readonly #budget: Budget;
  readonly #models: ModelCache;
  readonly #runner: Runner;
  readonly #activations: ActivationLane;
  /** Jobs that were this node's at the last look, and did not run. */
  #strays = new Map<string, number>();

  constructor(context: JobContext, { notices, reporter, metrics, waitedFor }: Parts) {
    this.#context = context;
    this.#budget = new Budget(context);
    this.#models = new ModelCache(context, this.#budget, metrics);
    this.#runner = new Runner(context, { models: this.#models, reporter, waitedFor });
    this.#activations = new ActivationLane(context, reporter);
    notices.on("work", ({ variant }) => this.#hearWork(variant));
    notices.on("ended", ({ id }) => this.abandon(id));
  }

  /** There may be something to do. */
  poke(): void {
    this.#runner.poke();
    this.#activations.poke();
  }

  /** Compares the jobs that run here with those that the store says are this node's. `asked` ran when it was asked. */
  reconcile(held: readonly Held[], asked: readonly Job[]): void {
    const ids = new Set(held.map(({ id }) => id));
    for (const { id } of asked) if (!ids.has(id)) this.abandon(id);
    const here = new Set([...this.running().map(({ id }) => id), ...this.#runner.unwritten()]);
    const strays = held.filter(({ id }) => !here.has(id));
    for (const { id, claim } of strays) if (this.#strays.get(id) === claim) void this.#putBack(id, claim);
    this.#strays = new Map(strays.map(({ id, claim }) => [id, claim]));
  }

  /** A claim whose answer was lost: the job is this node's, and does not run. */
  async #putBack(id: string, claim: number): Promise<void> {
    const { store, log, notices } = this.#context;
    try {
      if (!(await store.requeue(id, claim))) return;
      log.warning("a job whose claim got no answer was put back into the queue", { job_id: id });
      notices.send("work", { variant: null });
    } catch (error) {
      log.warning("a job whose claim got no answer cannot be put back yet", { job_id: id, error });
    }
  }

  /** Nodes that have the model in memory ask first. */
  #hearWork(variant: string | null): void {
    const { placing, clock } = this.#context;
    const isWarm =
      variant === null || this.residents().some((part) => `${part.family}/${part.variant}` === variant);
    if (!placing.isShared || isWarm || variant === ofDownloads.variant) this.#pokeFor(variant);
    else clock.after(coldPause * (1 + Math.random() / 2), () => this.#pokeFor(variant));
  }

  #pokeFor(variant: string | null): void {
    if (variant === null || variant === ofDownloads.variant) this.#activations.poke();
    if (variant !== ofDownloads.variant) this.#runner.poke();
  }

  /** Where a job fits. @throws {Refusal} `over_budget`, and what the operation's `need` refuses. */
  admit(job: NewJob): Demand {
    const need = needOf(this.#context, job);
    if (need) this.#models.check(need.family, need.need);
    return demandOf(need);
  }

  /** The memory that a job would take here. */
  plan(family: string, need: Need): PlannedMemory {
    return this.#models.plan(family, need);
  }

  async start(): Promise<void> {
    this.#budget.workingSet = (await this.#context.engine.stats()).workingSet;
  }

  begin(): void {
    this.#runner.begin();
    this.#activations.begin();
  }

  /** Takes no further job. Gives the job that was put back into the queue, if one was. */
  async stop(): Promise<Job | undefined> {
    const [requeued] = await Promise.all([
      this.#runner.stop(this.#context.settings.shutdown_grace_s),
      this.#activations.stop(),
    ]);
    return requeued;
  }

  /** The jobs that run here now. */
  running(): Job[] {
    return [this.#runner.running(), this.#activations.running()].filter((job) => job !== undefined);
  }

  /** The job that has the engine. */
  onEngine(): Job | undefined {
    return this.#runner.running();
  }

  state(): LaneState {
    return {
      memory: this.memory(),
      budget: this.#budget.bytes(),
      running: this.running().map(({ id }) => id),
    };
  }

  /** Stops the work on a job whose record says that it ended. */
  abandon(id: string): void {
    this.#runner.abandon(id);
    this.#activations.abandon(id);
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

  /** Evicts models that were idle for long. */
  evictExpired(): Promise<void> {
    return this.#runner.chore(() => this.#models.evictExpired());
  }

  isWarm(): boolean {
    return this.#runner.isWarm();
  }

  residents(): readonly Resident[] {
    return this.#models.residents();
  }

  budget(): number {
    return this.#budget.bytes();
  }

  memory(): Health["memory"] {
    const { clock, describe } = this.#context;
    return memoryState(this.#models.residents(), this.#budget.bytes(), clock.now(), describe);
  }
}
