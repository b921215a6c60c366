/**
 * The one loop that all work on the engine goes through: jobs in their order, and between them warm-up, sweeps and unloading.
 *
 * @module
 */
import type { Prepared } from "../../capabilities/capability.ts";
import { Cancelled } from "../../engine/task.ts";
import { isDiskFull, Refusal } from "../../errors.ts";
import { sleep } from "../clock.ts";
import type { JobContext } from "../context.ts";
import { type Job, progressOf } from "../job.ts";
import type { ModelCache } from "../models/model-cache.ts";
import { WarmUp } from "../models/warm-up.ts";
import type { Reporter } from "../notify/reporter.ts";
import type { Claimed, Ending, Offer } from "../store/store.ts";
import { Claims } from "./claims.ts";
import { failure, isFilesAway } from "./failure.ts";
import { Finisher } from "./finish.ts";
import { engineOffer, partsOf, prepareJob, typeOf } from "./operations.ts";
import { Prefetcher } from "./prefetch.ts";
import { type Report, runJob } from "./run.ts";
import { abortable, inTime, limitTime } from "./timeouts.ts";

/** The job that has the engine. */
interface Current extends Claimed {
  controller: AbortController;
  done: Promise<void>;
}

/** Work between jobs. */
interface Chore {
  run(): Promise<void>;
  refuse(): void;
}

/** After the grace is over, how long a step may take to notice it. */
const lastStepSeconds = 5;
/** Milliseconds between attempts to write what could not be written. */
const retryEvery = 30_000;
/** Milliseconds until inputs that cannot be reached are asked for again ahead of their job. */
const filesPause = 5000;
/** Milliseconds after which an engine that still works on an ended job is worth a line in the log. */
const busyAfter = 2000;

export class Runner {
  readonly #context: JobContext;
  readonly #models: ModelCache;
  readonly #reporter: Reporter;
  readonly #waitedFor: () => readonly string[];
  readonly #finisher: Finisher;
  readonly #claims: Claims;
  readonly #prefetcher: Prefetcher;
  readonly #warmUp: WarmUp;
  readonly #chores: Chore[] = [];
  readonly #quit = new AbortController();
  #current: Current | undefined;
  #wasPoked = false;
  #wake = () => {};

  constructor(
    context: JobContext,
    parts: {
      models: ModelCache;
      reporter: Reporter;
      /** Jobs that a client waits for. */
      waitedFor(): readonly string[];
    },
  ) {
    this.#context = context;
    this.#models = parts.models;
    this.#reporter = parts.reporter;
    this.#waitedFor = parts.waitedFor;
    this.#warmUp = new WarmUp(context, parts.models);
    this.#finisher = new Finisher(context, parts.reporter, this.#quit.signal);
    const offer = (except: readonly string[]) =>
      engineOffer(context, parts.models.residents(), parts.models.budget(), except);
    this.#claims = new Claims({
      store: context.store,
      finisher: this.#finisher,
      reporter: parts.reporter,
      quit: this.#quit.signal,
      offer,
      refused: (error) => this.#failNext(offer, error),
    });
    this.#prefetcher = new Prefetcher({
      isOpen: () => this.#current !== undefined && !this.#quit.signal.aborted,
      // Only a write proves that the store works: a full disk can still be read.
      next: () => context.store.ahead(offer(this.#finisher.unwritten())),
      prepare: (job, signal) => prepareJob(context, job, signal),
      fail: async (job, error) => {
        // Once it is claimed, it waits for its files.
        if (isFilesAway(error) && context.store.postpone) return sleep(context.clock, filesPause);
        await this.#failQueued(job, error, { progress: null, progress_label: "preparing" });
      },
      onError: (error) => context.outage.failed(error),
    });
  }

  begin(): void {
    void this.#loop();
    this.poke();
  }

  /** There may be something to do. */
  poke(): void {
    this.#wasPoked = true;
    this.#wake();
    void this.#prefetcher.look();
  }

  /** Runs something between jobs. */
  chore<T>(work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const refuse = () => reject(new Refusal("shutting_down", "The server is shutting down"));
      if (this.#quit.signal.aborted) return refuse();
      this.#chores.push({ run: () => work().then(resolve, reject), refuse });
      this.poke();
    });
  }

  running(): Job | undefined {
    return this.#current?.job;
  }

  /** Failed jobs whose record does not say so yet. */
  unwritten(): string[] {
    return this.#finisher.unwritten();
  }

  isWarm(): boolean {
    return this.#warmUp.isOver;
  }

  /** Stops the work on a job whose record says that it ended. */
  abandon(id: string): void {
    this.#claims.abandon(id);
    if (this.#current?.job.id === id) {
      this.#current.controller.abort();
      this.#watchRelease(this.#current);
    }
    this.#prefetcher.abandon(id);
  }

  /** Takes no further job. Gives the job that was put back into the queue, if one was. */
  async stop(graceSeconds: number): Promise<Job | undefined> {
    const { store, clock, log } = this.#context;
    this.#quit.abort();
    this.#prefetcher.stop();
    for (const chore of this.#chores.splice(0)) chore.refuse();
    this.#wake();
    if (!(await inTime(this.#claims.settled(), clock, graceSeconds))) return undefined;
    if (!this.#current) return undefined;
    const { job, claim, controller, done } = this.#current;
    if (await inTime(done, clock, graceSeconds)) return undefined;
    const requeued = await store.requeue(job.id, claim).catch((error) => {
      // It counts as interrupted then: the next start tries it again.
      log.error("the job store cannot be written", { error });
      return undefined;
    });
    controller.abort();
    await inTime(done, clock, lastStepSeconds);
    return requeued;
  }

  async #loop(): Promise<void> {
    let letSleep = () => {};
    let isResting = true;
    // Warm-up and jobs take turns, so that neither waits for all of the other.
    let isJobsTurn = false;
    while (!this.#quit.signal.aborted) {
      this.#wasPoked = false;
      const chore = this.#chores.shift();
      if (chore) {
        await chore.run();
        continue;
      }
      if (!this.#warmUp.isOver && !isJobsTurn) {
        await this.#warmUp.step(this.#quit.signal);
        isJobsTurn = true;
        continue;
      }
      isJobsTurn = false;
      const claimed = await this.#nextJob();
      if (claimed) {
        if (isResting) letSleep = this.#context.awake();
        isResting = false;
        await this.#run(claimed);
      } else if (this.#warmUp.isOver && !this.#wasPoked) {
        letSleep();
        isResting = true;
        await this.#rest();
      }
    }
    letSleep();
  }

  async #nextJob(): Promise<Claimed | undefined> {
    const unwritten = this.#finisher.unwritten();
    if (unwritten.length > 0) await this.#finisher.retryUnwritten();
    if (this.#quit.signal.aborted) return undefined;
    const claimed = await this.#claims.take();
    const prepared = this.#prefetcher.job();
    if (prepared && prepared.id !== claimed?.job.id) await this.#keepIfQueued(prepared);
    return claimed;
  }

  /** Another machine may have taken the job that is prepared here. */
  async #keepIfQueued({ id }: Job): Promise<void> {
    const { store, outage } = this.#context;
    try {
      const job = await store.get(id);
      if (!job || job === "pruned" || job.status !== "queued") this.#prefetcher.abandon(id);
    } catch (error) {
      outage.failed(error);
    }
  }

  #rest(): Promise<void> {
    return new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.#finisher.unwritten().length > 0) this.#context.clock.after(retryEvery, resolve);
    });
  }

  /** Takes a job that was claimed to its end. */
  async #run({ job, claim }: Claimed): Promise<void> {
    const prefetched = this.#prefetcher.find(job.id);
    const { promise: done, resolve: release } = Promise.withResolvers<void>();
    const controller = new AbortController();
    const current = { job, claim, controller, done };
    this.#current = current;
    this.#prefetcher.release(prefetched);
    controller.signal.addEventListener("abort", () => prefetched?.controller.abort());
    const finish = (ending: Ending) => this.#finisher.finish(job, "running", ending, progressOf(job), claim);
    const stopTimer = limitTime(this.#context, async (ending) => {
      if (await finish(ending)) controller.abort();
    });
    void this.#prefetcher.look();
    if (this.#claims.hasEnded(job.id)) controller.abort();
    const ending = controller.signal.aborted ? undefined : await this.#execute(current, prefetched?.prepared);
    stopTimer();
    if (ending) await finish(ending);
    await this.#evictTransient();
    this.#current = undefined;
    release();
    // Its inputs need not stay on this machine any longer.
    controller.abort();
  }

  /** Fails the job that would have been the next one, because the store refuses to start it. */
  async #failNext(offer: (except: readonly string[]) => Offer, error: unknown): Promise<boolean> {
    const { store } = this.#context;
    const ask = () => store.ahead(offer(this.#finisher.unwritten()));
    const job = await this.#finisher.persist(ask, () => true);
    if (!job) return false;
    this.#prefetcher.abandon(job.id);
    await this.#failQueued(job, error);
    if (isDiskFull(error)) await this.#failWaitedFor(error);
    return true;
  }

  /** Gives how the job ended, or nothing when its record says so already. */
  async #execute(current: Current, prefetched: Promise<Prepared> | undefined): Promise<Ending | undefined> {
    const {
      job,
      controller: { signal },
    } = current;
    let first = prefetched;
    try {
      return await runJob(this.#context, {
        job,
        type: typeOf(this.#context, job),
        models: this.#models,
        signal,
        prepare: () => {
          const prepared = first ? abortable(signal, first) : prepareJob(this.#context, job, signal);
          first = undefined;
          return prepared;
        },
        report: (report) => {
          if (!signal.aborted) this.#report(job, report);
        },
        onOutOfMemory: () => this.#reporter.outOfMemory(job),
      });
    } catch (error) {
      if (signal.aborted && error instanceof Cancelled) return undefined;
      if (await this.#postponed(current, error)) return undefined;
      this.#context.log.warning("job failed", { job_id: job.id, type: job.type, error });
      return { status: "failed", ...failure(error) };
    }
  }

  /** Puts a job back whose files cannot be reached now. False when it has waited long enough for them. */
  async #postponed({ job, claim }: Current, error: unknown): Promise<boolean> {
    const { store, log } = this.#context;
    if (!isFilesAway(error) || !store.postpone) return false;
    const put = await this.#finisher.persist(() => store.postpone!(job.id, claim));
    if (put === "over") return false;
    log.warning("a job waits for the place of its files", { job_id: job.id, error });
    if (put) this.#reporter.postponed(put);
    return true;
  }

  #report(job: Job, report: Report): void {
    job.progress_label = report.label;
    if (report.progress !== undefined) job.progress = report.progress;
    this.#reporter.progressed(job, report);
  }

  #failQueued(job: Job, error: unknown, progress?: Pick<Job, "progress" | "progress_label">) {
    return this.#finisher.finish(job, "queued", { status: "failed", ...failure(error) }, progress);
  }

  /** Fails waiting jobs whose clients would otherwise hear of the full disk only at their timeout. */
  async #failWaitedFor(error: unknown): Promise<void> {
    for (const id of this.#waitedFor()) {
      const job = await this.#context.store.get(id);
      if (!job || job === "pruned" || job.status !== "queued") continue;
      if (this.#finisher.unwritten().includes(id)) continue;
      this.#prefetcher.abandon(id);
      await this.#failQueued(job, error);
    }
  }

  /** Logs it when an ended job still holds the engine: it is released at the next step only. */
  #watchRelease({ job, done }: Current): void {
    const { clock, log } = this.#context;
    const since = clock.now();
    let isLong = false;
    const clear = clock.after(busyAfter, () => {
      isLong = true;
      log.warning("the engine still works on a job that was canceled", { job_id: job.id });
    });
    void done.then(() => {
      clear();
      if (isLong) log.info("the engine is free again", { seconds: (clock.now() - since) / 1000 });
    });
  }

  async #evictTransient(): Promise<void> {
    const next = this.#prefetcher.job();
    try {
      await this.#models.evictTransient(next ? partsOf(this.#context, next) : new Set());
    } catch (error) {
      this.#context.log.error("a model cannot be evicted", { error });
    }
  }
}
