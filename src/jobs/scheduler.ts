/**
 * The scheduler, as the rest of the server sees it: takes jobs, runs one at a time on the engine, plans which models stay in memory,
 * and reports on each job. `create-scheduler.ts` makes one.
 *
 * @module
 */
import type { Need } from "../engine/need.ts";
import type { Pulse } from "../fleet/pulse.ts";
import type { Job } from "./job.ts";
import type { Idempotency, JobPage, JobQuery, NewJob } from "./store/store.ts";

export interface Accepted {
  job: Job;
  /** False when an idempotency key named a job that is there already. */
  created: boolean;
  /** 0 is next. */
  queue_position: number;
}

/** The outcome of a removal. */
export interface Removed {
  /** As it was before. */
  job: Job;
  /** Ids of the deleted files. */
  files: string[];
}

/** Outcome of waiting for a job. */
export type Waited =
  /** The job as it ended; a job deleted meanwhile shows as `canceled`. */
  | { kind: "ended"; job: Job }
  /** The wait is over, the job goes on. */
  | { kind: "timeout" }
  /** The server stops; the job is in the queue of the next start. */
  | { kind: "shutting_down" };

/**
 * One event of a job. `status` tells of queue position, status and progress, `preview` carries a picture on the way, and the last
 * event is named by the status that the job ended with, with the whole job as its data.
 */
export interface JobEvent {
  id: number;
  event: "status" | "preview" | "succeeded" | "failed" | "canceled";
  data: Record<string, unknown>;
}

export interface Unloaded {
  unloaded: boolean;
  freed_bytes: number;
  /** Names of the fleet's machines that did not answer in time. */
  pending?: string[];
}

/** A machine of the fleet, as `/health` shows it. */
export interface NodeHealth {
  name: string;
  role: string;
  version: string;
  state: "ready" | "starting" | "draining" | "lost";
  device: string | null;
  budget_gb: number;
  /** Models whose files are there, as `family/name`. */
  models: string[];
  /** Jobs that run there. */
  running: string[];
}

/** A model in memory, as `/health` shows it (gigabytes of 1024³ bytes). */
export interface LoadedModel {
  name: string;
  family: string;
  domain: string;
  repo: string;
  weight_gb: number;
  priority: number;
  idle_s: number;
  ttl_s: number | null;
  expires_in_s: number | null;
}

/** The memory that a job would take. */
export interface PlannedMemory {
  peak_bytes: number;
  budget_bytes: number;
  fits: boolean;
  /** The change that makes the request smaller: "a smaller input_size (at most 1008)". */
  smaller: string | null;
}

export interface Health {
  /** Whether the warm-up is over. */
  warm: boolean;
  /** Jobs that wait, without the one that runs. */
  queue_len: number;
  memory: { loaded: LoadedModel[]; resident_gb: number; budget_gb: number };
  /** The machines of the fleet; only in one. */
  nodes?: NodeHealth[];
}

/** Numbers since the start, for `/metrics`. */
export interface JobMetrics {
  queued: number;
  running: number;
  /** By job type and final status. `buckets` counts the run times up to each bound of `durationBounds`. */
  ended: readonly {
    type: string;
    status: "succeeded" | "failed" | "canceled";
    count: number;
    seconds: number;
    buckets: readonly number[];
  }[];
  models: readonly { family: string; variant: string; part: string; bytes: number }[];
  budget_bytes: number;
  loads: number;
  load_seconds: number;
  evictions: Readonly<
    Record<"budget" | "expired" | "transient" | "unload" | "fault" | "out_of_memory", number>
  >;
  out_of_memory: number;
  webhooks: { delivered: number; retried: number; given_up: number };
}

/** Upper bounds in seconds of the buckets of run times. */
export const durationBounds = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600] as const;

export interface Scheduler {
  /**
   * Keeps a job and queues it. The promise resolves once it is durable.
   *
   * @throws {Refusal} `over_budget`, `queue_full` (with Retry-After), `shutting_down`, `idempotency_mismatch`, `private_url` for its
   * webhook, or an error of the operation's `need`. Nothing is kept then.
   */
  submit(job: NewJob): Promise<Accepted>;
  /** The job that an idempotency key made before. Ask before storing a request's files. */
  replay(idempotency: Idempotency): Promise<Job | undefined>;
  /** @throws {Refusal} `job_not_found` or `job_pruned`, as all that take an id. */
  job(id: string): Promise<Job>;
  position(id: string): Promise<number>;
  list(query?: JobQuery): Promise<JobPage>;
  /**
   * Submits the parameters of a failed or cancelled job again.
   *
   * @throws {Refusal} `job_not_finished`, `job_succeeded`, and the errors of `submit`.
   */
  retry(id: string, idempotency?: Idempotency): Promise<Accepted>;
  /** Gives the cancelled job. @throws {Refusal} `job_finished` */
  cancel(id: string): Promise<Job>;
  /** Cancels all jobs in these states, or those of a type, and gives their number. */
  cancelAll(query: { status: readonly ("queued" | "running")[]; type?: string | undefined }): Promise<number>;
  /**
   * Cancels the job if need be and removes its record. With `files`, its artifacts and the inputs that came inside its request go, too,
   * except those that another live job needs.
   */
  remove(id: string, options?: { files?: boolean }): Promise<Removed>;
  wait(id: string, milliseconds: number): Promise<Waited>;
  /** Events after `lastEventId`, then the coming ones; it ends behind the terminal event, and at a shutdown. */
  events(
    id: string,
    options?: { lastEventId?: number; signal?: AbortSignal },
  ): Promise<AsyncIterable<JobEvent>>;
  /** Frees a model's memory once no job uses it. Without `variant`, every model of the family. */
  unload(family: string, variant?: string): Promise<Unloaded>;
  /** Plans a job's memory as its turn would, with everything else evicted. Nothing is kept or loaded. */
  plan(family: string, need: Need): PlannedMemory;
  health(): Health;
  metrics(): JobMetrics;

  /** Recovers the jobs of the last run, warms up, and starts to run jobs. */
  start(): Promise<void>;
  /** Takes no more jobs, lets the running one end within `shutdown_grace_s` or puts it back, and keeps the queue. */
  stop(): Promise<void>;
}

/** What a scheduler does as one of a fleet. */
export interface Member {
  /** A sign of life, with what other nodes may know of this one. It stops jobs that are not this node's any more. */
  beat(state?: Record<string, unknown>): Promise<Pulse | undefined>;
  /** Puts jobs of nodes that are gone back into the queue. For a node whose own beats have arrived for long enough. */
  recover(): Promise<void>;
}
