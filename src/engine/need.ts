/**
 * Memory that a job needs, phase by phase: parts, and working memory.
 *
 * @module
 */
import type { Bits, Values } from "./task.ts";

/** Memory is counted as memory is sold, in 1024³ bytes. */
export const gigabyte = 1024 ** 3;

/** Memory of one phase: the parts it needs and the room it works in. */
export interface PhaseNeed {
  name: string;
  parts: readonly PartNeed[];
  /** Bytes of activations at their peak, for this request's size. */
  workingBytes: number;
  /** Its share of the whole run's time, for progress. */
  share: number;
}

export interface PartNeed {
  name: string;
  /** Bytes of the loaded weights at the request's bits. */
  bytes: number;
  /** Parts of lower priority are evicted first. */
  priority?: number;
  /** Where it does not follow the request's bits: requests of all bits share one copy. */
  bits?: Bits;
}

/** Memory needs of a job. A pure function of its params, so that it can be planned again after a restart. */
export interface Need {
  variant: string;
  bits: Bits;
  phases: readonly PhaseNeed[];
  /** Settings of the family that change what is built; part of the residency key. */
  options: Values;
  /** A copy that only this job wants (other bits than the family's default) leaves with it. */
  transient: boolean;
  /** The change that makes the request smaller, for the 503's text: "a smaller input_size". May look at the budget in bytes. */
  smaller?: string | ((budget: number) => string | undefined);
  /** What the plan decided because of the budget, for people who ask for it. */
  notes?: readonly string[];
}
