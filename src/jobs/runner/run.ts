/**
 * Runs one job on the engine, from its decoded inputs to its stored files. It changes no record: how the job ends is the lane's
 * affair.
 *
 * @module
 */
import type { CheckContext, Need, Operation, Prepared } from "../../capabilities/capability.ts";
import { type Engine, type PhaseProgress, requestFaults, TaskError } from "../../engine/engine.ts";
import { keysOf } from "../../engine/residency.ts";
import { Cancelled, type Values } from "../../engine/task.ts";
import type { FileRecord } from "../../files/file.ts";
import type { Clock } from "../clock.ts";
import type { JobFiles } from "../files.ts";
import type { Job } from "../job.ts";
import type { Models } from "../models/model-cache.ts";
import { createEta } from "./eta.ts";
import { fraction } from "./progress.ts";

/** A job type as the queue sees it. */
export interface Kind {
  family: string;
  operation: Pick<Operation, "need" | "prepare" | "afterPhase" | "publish" | "preview">;
}

/** How far the job is. `progress` is missing while it does not change. */
export interface Report {
  label: string;
  progress?: number;
  step?: { done: number; total: number };
  /** Seconds until the engine is done with the job; null while that is not known. */
  eta?: number | null;
  payload?: Values;
}

export interface RunOptions {
  job: Job;
  kind: Kind;
  /** Decodes the inputs. Called again when a job is tried again, because the engine consumes them. */
  prepare(): Promise<Prepared>;
  report(report: Report): void;
  onOutOfMemory(): void;
  /** What went wrong and does not matter to the job. */
  note(text: string): void;
  signal: AbortSignal;
  engine: Engine;
  models: Models;
  files: JobFiles;
  context: CheckContext;
  clock: Clock;
}

export interface Outcome {
  result: Record<string, unknown>;
  files: FileRecord[];
}

/** The engine's part of a job's progress. The rest is encoding and storing its files. */
const engineShare = 0.98;

export async function runJob(options: RunOptions): Promise<Outcome> {
  const { job, kind, models, context, signal } = options;
  const need = kind.operation.need(job.params as never, context);
  let output: { values: Values; facts: Record<string, unknown>; seconds: number };
  try {
    output = await runPhases(options, need);
  } catch (error) {
    if (!isOutOfMemory(error)) throw await dropAfterFault(error, options, need);
    options.onOutOfMemory();
    await models.drop(() => true, "out_of_memory");
    if (signal.aborted) throw new Cancelled();
    try {
      output = await runPhases(options, need);
    } catch (second) {
      throw await dropAfterFault(second, options, need);
    }
  }
  return publish(options, output);
}

const isOutOfMemory = (error: unknown) => error instanceof TaskError && error.kind === "out_of_memory";

/** A model that failed may be broken; one that was given a wrong input is not. */
async function dropAfterFault(error: unknown, { kind, models }: RunOptions, need: Need): Promise<unknown> {
  if (error instanceof TaskError && !requestFaults.has(error.kind)) {
    const own = keysOf(kind.family, need);
    await models.drop(({ key }) => own.has(key), "fault");
  }
  return error;
}

async function runPhases(options: RunOptions, planned: Need) {
  const { job, kind, engine, models, report, signal, clock, context, note } = options;
  report({ label: "preparing", progress: 0 });
  const { facts, need = planned, ...prepared } = await options.prepare();
  // All phases at once: the last one's need is no reason to run the first ones.
  models.check(kind.family, need);
  const { input, skip } = (await prepared.atTurn?.()) ?? { input: prepared.input, skip: [] };
  let values = input;
  let output = input;
  let seconds = 0;
  const eta = createEta(need.phases, skip, clock.now);
  for (const [index, phase] of need.phases.entries()) {
    if (signal.aborted) throw new Cancelled();
    if (skip.includes(phase.name)) continue;
    const progress = (done: number, total: number) =>
      engineShare * fraction(need.phases, skip, phase.name, done, total);
    const parts = await models.hold(kind.family, need, index, {
      signal,
      onProgress: ({ done, total }) => report({ label: "loading", step: { done, total } }),
    });
    if (signal.aborted) throw new Cancelled();
    models.use(Object.values(parts));
    const before = clock.now();
    eta.begin(phase.name);
    const run = await engine.run(kind.family, phase.name, parts, values, {
      signal,
      onProgress({ label, done, total, payload }: PhaseProgress) {
        report({
          label,
          progress: progress(done, total),
          step: { done, total },
          eta: eta.step(done, total),
          ...(payload && { payload }),
        });
      },
    });
    seconds += (clock.now() - before) / 1000;
    models.used(kind.family, need, index);
    output = run.output;
    await kind.operation.afterPhase?.(phase.name, job.params as never, output, {
      ...context,
      note,
    });
    values = { ...run.input, ...output };
  }
  return { values: output, facts, seconds };
}

async function publish(
  { job, kind, files, report, signal, context }: RunOptions,
  { values, facts, seconds }: { values: Values; facts: Record<string, unknown>; seconds: number },
): Promise<Outcome> {
  if (signal.aborted) throw new Cancelled();
  report({ label: "saving", progress: engineShare });
  const published = await kind.operation.publish(job.params as never, facts, values, {
    settings: context.settings,
    seconds,
    jobId: job.id,
  });
  const stored: FileRecord[] = [];
  try {
    for (const artifact of published.artifacts) {
      if (signal.aborted) throw new Cancelled();
      stored.push(await files.stage(artifact));
      // The record of the job's end is a step of its own: 1 is said once it is written.
      const saved = stored.length / (published.artifacts.length + 1);
      report({ label: "saving", progress: engineShare + (1 - engineShare) * saved });
    }
    return { result: published.result(stored), files: stored };
  } catch (error) {
    await Promise.all(stored.map((file) => files.discard(file)));
    throw error;
  }
}
