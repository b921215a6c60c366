/**
 * Dependencies that the parts of the job queue share. `createScheduler` makes them once.
 *
 * @module
 */
import type { CheckContext, Operation } from "../capabilities/capability.ts";
import type { Engine } from "../engine/engine.ts";
import type { Need } from "../engine/need.ts";
import type { MachineMemory } from "../engine/residency.ts";
import type { JobFiles } from "../files/for-jobs.ts";
import type { Log, Outage } from "../log.ts";
import type { Settings } from "../settings/settings.ts";
import type { Clock } from "./clock.ts";
import type { Fleet } from "./fleet.ts";
import type { Notices } from "./notify/notices.ts";
import type { Webhooks } from "./notify/webhooks.ts";
import type { Install } from "./runner/activations.ts";
import type { StayAwake } from "./runner/awake.ts";
import type { JobStore } from "./store/store.ts";

export interface JobContext {
  settings: Settings;
  /** Context of an operation: the settings, and the models on this machine. */
  check: CheckContext;
  store: JobStore;
  files: JobFiles;
  engine: Engine;
  operationOf(type: string): JobType | undefined;
  /** The other machines; undefined on one machine alone. */
  fleet?: Fleet | undefined;
  placing: Placing;
  /** What `/health` shows of a variant beside its memory. */
  describe(family: string, variant: string): { domain: string; repo: string };
  memory(): MachineMemory;
  /** Models to load before their first request. */
  warm: readonly WarmTarget[];
  notices: Notices;
  webhooks: Webhooks;
  install: Install;
  awake: StayAwake;
  clock: Clock;
  log: Log;
  /** Tells of a store that fails for a while. */
  outage: Outage;
}

/** An operation as the queue sees it, and the family whose models it runs on. */
export interface JobType {
  family: string;
  operation: Pick<Operation, "need" | "prepare" | "afterPhase" | "publish" | "preview">;
}

/** What of the queue this machine takes. One machine alone takes everything. */
export interface Placing {
  /** Whether other machines take jobs from the same queue. */
  isShared: boolean;
  /** The job types that this build knows. */
  types: readonly string[];
  /** The variants whose files are here; none while this machine is to take no jobs. */
  variants(): readonly string[];
}

/** The queue of one machine. */
export const alone: Placing = { isShared: false, types: [], variants: () => [] };

export interface WarmTarget {
  name: string;
  family: string;
  need: Need;
}
