/**
 * Calls to the operation of a job.
 *
 * @module
 */
import type { Prepared } from "../../capabilities/capability.ts";
import type { Need } from "../../engine/need.ts";
import { footprint, keysOf, type Resident, warmKey, warmKeyOf } from "../../engine/residency.ts";
import { Refusal } from "../../errors.ts";
import type { JobContext, JobType } from "../context.ts";
import { activationType, type Job } from "../job.ts";
import type { Demand, NewJob, Offer } from "../store/store.ts";
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

/** A download fits every machine that makes downloads. */
export const ofDownloads = { variant: "", warmKey: "", bytes: 0 };

/** What a new job needs of a family's models. A download needs none. @throws {Refusal} what the operation refuses. */
export function needOf(
  { operationOf, check }: Pick<JobContext, "operationOf" | "check">,
  { type, params }: NewJob,
): { family: string; need: Need } | undefined {
  if (type === activationType) return undefined;
  const known = operationOf(type);
  if (!known) throw new Error(`no operation of the type ${type}`);
  return { family: known.family, need: known.operation.need(params, check) };
}

export function demandOf(needed: { family: string; need: Need } | undefined): Demand {
  if (!needed) return ofDownloads;
  const { family, need } = needed;
  return {
    variant: `${family}/${need.variant}`,
    warmKey: warmKeyOf(family, need),
    bytes: footprint(family, need, new Map()),
  };
}

/** What the engine's lane takes now. */
export function engineOffer(
  { placing }: JobContext,
  residents: readonly Resident[],
  budget: number,
  except: readonly string[],
): Offer {
  return {
    lane: "engine",
    except,
    types: placing.types,
    variants: placing.variants(),
    warm: [...new Set(residents.map(warmKey))],
    budget,
  };
}

export const downloadsOffer = (except: readonly string[]): Offer => ({
  lane: "activation",
  except,
  types: [activationType],
  variants: [ofDownloads.variant],
  warm: [],
  budget: 0,
});
