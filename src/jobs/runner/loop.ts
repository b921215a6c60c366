/**
 * The one lane that all work on the engine goes through: jobs in their order, and between them warm-up, sweeps and unloading.
 *
 * @module
 */
import type { CheckContext, Need, Prepared } from "../../capabilities/capability.ts";
import type { Engine } from "../../engine/engine.ts";
import { keysOf } from "../../engine/residency.ts";
import { Cancelled } from "../../engine/task.ts";
import { isDiskFull, Refusal } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { Clock } from "../clock.ts";
import type { JobFiles } from "../files.ts";
import type { Job, JobStatus } from "../job.ts";
import type { Models } from "../models/model-cache.ts";
import type { Ending, JobStore } from "../store/store.ts";
import type { StayAwake } from "./awake.ts";
import { failure } from "./failure.ts";
import { createEndings, type Seen } from "./finish.ts";
import { createAhead } from "./prefetch.ts";
import { type Kind, type Report, runJob } from "./run.ts";
import { abortable, inTime } from "./timeouts.ts";

/** A model to load ahead of its first request. */
export interface WarmTarget {
  name: string;
  family: string;
  need: Need;
}

export interface LaneOptions {
  store: JobStore;
  files: JobFiles;
  engine: Engine;
  models: Models;
  kind(type: string): Kind | undefined;
  context: CheckContext;
  clock: Clock;
  log: Log;
  awake: StayAwake;
  warm: readonly WarmTarget[];
  onStart(job: Job): void;
  onReport(job: Job, report: Report): void;
  /** The job has ended, by whoever won. `from` is what it was before. */
  onEnd(job: Job, from: JobStatus): void;
  onOutOfMemory(job: Job): void;
  /** Jobs that a client waits for. */
  waitedFor(): readonly string[];
}

export interface Lane {
  begin(): void;
  /** There may be something to do. */
  poke(): void;
  /** Runs something between jobs. */
  chore<T>(work: () => Promise<T>): Promise<T>;
  running(): Job | undefined;
  /** Stops the work on a job whose record says that it ended. */
  abandon(id: string): void;
  warmed(): boolean;
  stop(graceSeconds: number): Promise<Job | undefined>;
}

interface Current {
  job: Job;
  controller: AbortController;
  done: Promise<void>;
}

const seenOf = ({ progress, progress_label }: Job): Seen => ({ progress, progress_label });

/** After the grace is over, how long a step may take to notice it. */
const lastStepSeconds = 5;

/** Milliseconds between attempts to write what could not be written. */
const settleEvery = 30_000;

export function createLane(options: LaneOptions): Lane {
  const { store, files, engine, models, context, clock, log } = options;
  const chores: { run(): Promise<void>; refuse(): void }[] = [];
  const warming = [...options.warm];
  let warmed = warming.length === 0;
  const quit = new AbortController();
  let current: Current | undefined;
  let poked = false;
  let wake = () => {};

  const kindOf = (job: Job): Kind => {
    const kind = options.kind(job.type);
    if (!kind) throw new Refusal("unknown_model", `This server has no operation of the type '${job.type}'`);
    return kind;
  };

  const prepare = async (job: Job, signal: AbortSignal): Promise<Prepared> =>
    abortable(
      signal,
      kindOf(job).operation.prepare(job.params as never, {
        ...context,
        signal,
        resolve: (ref, kind) => files.resolve(ref, kind, signal),
      }),
    );

  const { lost, settle, record, finish } = createEndings({ ...options, quit: quit.signal });

  const ahead = createAhead({
    open: () => current !== undefined && !quit.signal.aborted,
    next: () => store.next([current!.job.id, ...lost.keys()]),
    prepare,
    fail: (job, error) =>
      finish(
        job,
        "queued",
        { status: "failed", ...failure(error) },
        { progress: null, progress_label: "preparing" },
      ),
    log,
  });

  const poke = () => {
    poked = true;
    wake();
    void ahead.look();
  };

  async function run(queued: Job) {
    const mine = ahead.find(queued.id);
    const { promise: done, resolve: over } = Promise.withResolvers<void>();
    const controller = new AbortController();
    // Before its record says that it runs, so that whoever cancels it then finds it here.
    current = { job: queued, controller, done };
    const job = await record(() => store.start(queued.id)).catch(async (error) => {
      await finish(queued, "queued", { status: "failed", ...failure(error) });
      if (isDiskFull(error)) await failWaitedFor(error);
      return undefined;
    });
    ahead.leave(mine);
    if (!job) {
      mine?.controller.abort();
      current = undefined;
      return over();
    }
    current.job = job;
    let prepared = mine?.prepared;
    controller.signal.addEventListener("abort", () => mine?.controller.abort());
    options.onStart(job);
    const stopTimer = limitTime(current);
    void ahead.look();

    let ending: Ending | undefined;
    try {
      const outcome = await runJob({
        job,
        kind: kindOf(job),
        signal: controller.signal,
        engine,
        models,
        files,
        context,
        clock,
        onOutOfMemory: () => options.onOutOfMemory(job),
        note: (text) => log.warning(text, { job_id: job.id }),
        prepare() {
          const first = prepared ? abortable(controller.signal, prepared) : prepare(job, controller.signal);
          prepared = undefined;
          return first;
        },
        report(report) {
          if (controller.signal.aborted) return;
          job.progress_label = report.label;
          if (report.progress !== undefined) job.progress = report.progress;
          options.onReport(job, report);
        },
      });
      ending = { status: "succeeded", ...outcome };
    } catch (error) {
      if (!(controller.signal.aborted && error instanceof Cancelled)) {
        ending = { status: "failed", ...failure(error) };
        log.warning("job failed", { job_id: job.id, type: job.type, error });
      }
    }
    stopTimer();
    if (ending) await finish(job, "running", ending, seenOf(job));
    try {
      const next = ahead.job();
      await models.leave(next ? keysOfJob(next) : new Set());
    } catch (error) {
      log.error("a model cannot be freed", { error });
    }
    current = undefined;
    over();
  }

  /** Clients that wait for jobs further back hear of a full disk now and not when their time is over. */
  async function failWaitedFor(error: unknown) {
    for (const id of options.waitedFor()) {
      const job = await store.get(id);
      if (!job || job === "pruned" || job.status !== "queued" || lost.has(id)) continue;
      ahead.abandon(id);
      await finish(job, "queued", { status: "failed", ...failure(error) });
    }
  }

  function keysOfJob(job: Job) {
    try {
      const { family, operation } = kindOf(job);
      return keysOf(family, operation.need(job.params as never, context));
    } catch {
      return new Set<string>();
    }
  }

  function limitTime({ job, controller }: Current): () => void {
    const limit = context.settings.job_timeout_s;
    if (limit <= 0) return () => {};
    return clock.after(limit * 1000, async () => {
      const error = `The job ran longer than job_timeout_s (${limit} s)`;
      const ended = await finish(
        job,
        "running",
        { status: "failed", error, error_code: "timed_out" },
        seenOf(job),
      );
      if (ended) controller.abort();
    });
  }

  async function warmUp({ name, family, need }: WarmTarget) {
    try {
      for (const index of need.phases.keys()) await models.hold(family, need, index, { signal: quit.signal });
      log.info("model warmed up", { model: name, family });
    } catch (error) {
      if (!quit.signal.aborted) log.warning("a model cannot be warmed up", { model: name, family, error });
    }
  }

  async function loop() {
    let rest = () => {};
    let resting = true;
    // Warm-up and jobs take turns, so that neither waits for all of the other.
    let jobsTurn = false;
    while (!quit.signal.aborted) {
      poked = false;
      const chore = chores.shift();
      if (chore) {
        await chore.run();
        continue;
      }
      warmed ||= warming.length === 0;
      if (!warmed && !jobsTurn) {
        await warmUp(warming.shift()!);
        jobsTurn = true;
        continue;
      }
      jobsTurn = false;
      if (lost.size > 0) await settle();
      // There is nothing else to do than to ask again.
      const job =
        ahead.job() ??
        (await record(
          () => store.next([...lost.keys()]),
          () => true,
        ));
      if (quit.signal.aborted) break;
      if (job) {
        if (resting) rest = options.awake();
        resting = false;
        await run(job);
      } else if (warmed && !poked) {
        rest();
        resting = true;
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (lost.size > 0) clock.after(settleEvery, resolve);
        });
      }
    }
    rest();
  }

  return {
    begin() {
      void loop();
    },
    poke,
    chore<T>(work: () => Promise<T>): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        const refuse = () => reject(new Refusal("shutting_down", "The server is shutting down"));
        if (quit.signal.aborted) return refuse();
        chores.push({ run: () => work().then(resolve, reject), refuse });
        poke();
      });
    },
    running: () => current?.job,
    abandon(id) {
      if (current?.job.id === id) current.controller.abort();
      ahead.abandon(id);
    },
    warmed: () => warmed,
    async stop(graceSeconds) {
      quit.abort();
      ahead.stop();
      for (const chore of chores.splice(0)) chore.refuse();
      wake();
      if (!current) return undefined;
      const { job, controller, done } = current;
      if (await inTime(done, clock, graceSeconds)) return undefined;
      const requeued = await store.requeue(job.id).catch((error) => {
        // It counts as interrupted then: the next start tries it again.
        log.error("the job store cannot be written", { error });
        return undefined;
      });
      controller.abort();
      await inTime(done, clock, lastStepSeconds);
      return requeued;
    },
  };
}
