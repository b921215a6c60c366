/**
 * Runs one job on the engine, from its decoded inputs to its stored files. It changes no record: the runner writes how the job ends.
 *
 * @module
 */
import type { Artifact, Prepared } from "../../capabilities/capability.ts";
import { type PhaseProgress, requestFaults, TaskError } from "../../engine/engine.ts";
import type { Need } from "../../engine/need.ts";
import { freeOthers } from "../../engine/protocol.ts";
import { keysOf } from "../../engine/residency.ts";
import { Cancelled, type Values } from "../../engine/task.ts";
import type { FileRecord } from "../../files/file.ts";
import type { JobContext, JobType } from "../context.ts";
import type { Job } from "../job.ts";
import type { ModelCache } from "../models/model-cache.ts";
import type { Ending } from "../store/store.ts";
import { createEta } from "./eta.ts";
import { fraction } from "./progress.ts";

/** How far the job is. `progress` is missing while it does not change. */
export interface Report {
  label: string;
  progress?: number;
  step?: { done: number; total: number };
  /** Seconds until the engine is done with the job; null while that is not known. */
  eta?: number | null;
  payload?: Values;
}

export interface JobRun {
  job: Job;
  type: JobType;
  models: ModelCache;
  signal: AbortSignal;
  /** Decodes the inputs. Called again when a job is tried again, because the engine consumes them. */
  prepare(): Promise<Prepared>;
  report(report: Report): void;
  onOutOfMemory(): void;
}

/** The engine's part of a job's progress. The rest is encoding and storing its files. */
const engineShare = 0.98;

/** Output of the last phase, with the facts that `publish` needs. */
interface Output {
  values: Values;
  facts: Record<string, unknown>;
  seconds: number;
}

export async function runJob(
  context: JobContext,
  run: JobRun,
): Promise<Extract<Ending, { status: "succeeded" }>> {
  const need = run.type.operation.need(run.job.params, context.check);
  const output = await runPhases(context, run, need).catch(async (error) => {
    if (!isOutOfMemory(error)) throw await evictAfterFault(error, run, need);
    run.onOutOfMemory();
    await run.models.evict(() => true, "out_of_memory");
    if (run.signal.aborted) throw new Cancelled();
    return runPhases(context, run, need).catch(async (second) => {
      throw await evictAfterFault(second, run, need);
    });
  });
  return publish(context, run, output);
}

const isOutOfMemory = (error: unknown) => error instanceof TaskError && error.kind === "out_of_memory";

/** A model that failed may be broken; a wrong input breaks none. */
async function evictAfterFault(error: unknown, { type, models }: JobRun, need: Need): Promise<unknown> {
  if (error instanceof TaskError && !requestFaults.has(error.kind)) {
    const own = keysOf(type.family, need);
    await models.evict(({ key }) => own.has(key), "fault");
  }
  return error;
}

async function runPhases(context: JobContext, run: JobRun, planned: Need): Promise<Output> {
  const { job, type, models, report, signal } = run;
  const { engine, clock, log, check } = context;
  report({ label: "preparing", progress: 0 });
  const { facts, need = planned, ...prepared } = await run.prepare();
  // Checks all phases now, so that no phase runs in vain before one that does not fit.
  models.check(type.family, need);
  const { input, skip } = (await prepared.refresh?.()) ?? { input: prepared.input, skip: [] };
  let values = input;
  let output = input;
  let seconds = 0;
  const eta = createEta(need.phases, skip, clock.now);
  for (const [index, phase] of need.phases.entries()) {
    if (signal.aborted) throw new Cancelled();
    if (skip.includes(phase.name)) continue;
    const parts = await models.load(type.family, need, index, {
      signal,
      onProgress: ({ done, total }) => report({ label: "loading", step: { done, total } }),
    });
    if (signal.aborted) throw new Cancelled();
    models.markBusy(Object.values(parts));
    const before = clock.now();
    eta.begin(phase.name);
    const result = await engine.run(type.family, phase.name, parts, values, {
      signal,
      onProgress({ label, done, total, payload }: PhaseProgress) {
        report({
          label,
          progress: engineShare * fraction(need.phases, skip, phase.name, done, total),
          step: { done, total },
          eta: eta.step(done, total),
          ...(payload && { payload }),
        });
      },
    });
    seconds += (clock.now() - before) / 1000;
    models.markIdle(type.family, need, index);
    output = result.output;
    await type.operation.afterPhase?.(phase.name, job.params, output, {
      ...check,
      note: (text) => log.warning(text, { job_id: job.id }),
    });
    values = { ...result.input, ...output };
  }
  freeOthers(values, output);
  return { values: output, facts, seconds };
}

async function publish(
  { files, settings }: JobContext,
  { job, type, report, signal }: JobRun,
  { values, facts, seconds }: Output,
): Promise<Extract<Ending, { status: "succeeded" }>> {
  if (signal.aborted) throw new Cancelled();
  report({ label: "saving", progress: engineShare });
  const published = await type.operation.publish(job.params, facts, values, {
    settings,
    seconds,
    jobId: job.id,
  });
  const { artifacts } = published;
  let saved = 0;
  using _ = { [Symbol.dispose]: () => published.free?.() };
  const stored: FileRecord[] = [];
  const store = async (artifact: Artifact, index: number) => {
    const bytes = await artifact.bytes;
    if (signal.aborted) throw new Cancelled();
    stored[index] = await files.stage({ ...artifact, bytes }, signal);
    // One step remains after the last file: the record of the job's end.
    const share = ++saved / (artifacts.length + 1);
    report({ label: "saving", progress: engineShare + (1 - engineShare) * share });
  };
  try {
    const outcomes = await Promise.allSettled(artifacts.map(store));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed) throw failed.reason;
    return { status: "succeeded", result: published.result(stored), files: stored };
  } catch (error) {
    await Promise.all(Object.values(stored).map((file) => files.discard(file)));
    throw signal.aborted ? new Cancelled() : error;
  }
}
