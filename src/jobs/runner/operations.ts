/**
 * Calls to the operation of a job.
 *
 * @module
 */
import type { Prepared } from "../../capabilities/capability.ts";
import { keysOf } from "../../engine/residency.ts";
import { Refusal } from "../../errors.ts";
import type { JobContext, JobType } from "../context.ts";
import type { Job } from "../job.ts";
import { abortable } from "./timeouts.ts";

export function typeOf({ operationOf }: JobContext, job: Job): JobType {
  const type = operationOf(job.type);
  if (!type) throw new Refusal("unknown_model", `This server has no operation of the type '${job.type}'`);
  return type;
}

/** Fetches and decodes a job's inputs. */
export async function prepareJob(context: JobContext, job: Job, signal: AbortSignal): Promise<Prepared> {
  const { files, check } = context;
  const prepared = typeOf(context, job).operation.prepare(job.params, {
    ...check,
    signal,
    resolve: (reference, kind) => files.resolve(reference, kind, signal),
  });
  return abortable(signal, prepared);
}

/** The parts of models that a job needs; none if that cannot be said. */
export function partsOf(context: JobContext, job: Job): Set<string> {
  try {
    const { family, operation } = typeOf(context, job);
    return keysOf(family, operation.need(job.params, context.check));
  } catch {
    return new Set();
  }
}
