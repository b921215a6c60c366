/**
 * The job store, as the rest of the server sees it. Every change of a job's status is a compare-and-set: of several callers exactly
 * one wins and gets the job, the others get undefined.
 *
 * @module
 */
import { Refusal, type RefusalCode } from "../../errors.ts";
import type { FileRecord } from "../../files/file.ts";
import type { Pulse } from "../../fleet/pulse.ts";
import type { Job, JobProgress, JobStatus, Lane } from "../job.ts";

/** The address that is notified of a job's end. The API does not show it. */
export interface Webhook {
  url: string;
  /** Context of the dialect's notification beside the job, such as the origin of links. */
  context?: Record<string, unknown>;
}

/** The client's key for a request, and a hash of its route and body. */
export interface Idempotency {
  key: string;
  hash: string;
}

/** The dialect and the webhook of a job. */
export interface Sender {
  /** The name of the dialect that took it. */
  dialect: string;
  webhook?: Webhook | undefined;
}

/** The body of the message to a job's webhook, or undefined for none. */
export type Notification = (job: Job, sender: Sender & { webhook: Webhook }) => unknown;

export interface NewJob {
  type: string;
  /** The name of the dialect that takes it: kiapi, unless it says another. */
  dialect?: string | undefined;
  params: Record<string, unknown>;
  /** Files that came with the request. Their bytes are durable; the commit of the job records them. */
  files?: readonly FileRecord[];
  webhook?: Webhook | undefined;
  idempotency?: Idempotency | undefined;
}

export const queueFull = (most: number) =>
  new Refusal("queue_full", `${most} jobs are waiting, which is as many as max_queue allows`);

/** Where a job fits among machines: for placing it, not for running it. */
export interface Demand {
  /** Family and variant, such as "qwen/image". */
  variant: string;
  /** Jobs of one key share loaded parts. */
  warmKey: string;
  /** Memory at its peak. */
  bytes: number;
}

/** A job on its way into the queue. */
export interface Arrival extends NewJob {
  demand: Demand;
  /** How many jobs may wait. */
  maxQueue: number;
}

/** The jobs that a lane takes now. */
export interface Offer {
  lane: Lane;
  /** Ids of jobs that it does not want. */
  except: readonly string[];
  /** The job types that this build knows, and the variants whose files are here. */
  types: readonly string[];
  variants: readonly string[];
  /** The `warmKey`s in memory. */
  warm: readonly string[];
  /** Bytes. */
  budget: number;
}

/** A job that was taken from the queue. The number rises with each claim of the job, and names its holder. */
export interface Claimed {
  job: Job;
  claim: number;
}

/** A running job whose claim is this node's. */
export interface Held {
  id: string;
  claim: number;
  /** Whether a client follows its events. */
  watched: boolean;
}

/** How a job ends. */
export type Ending =
  | { status: "succeeded"; result: Record<string, unknown>; files: readonly FileRecord[] }
  | { status: "failed"; error: string; error_code: RefusalCode }
  | { status: "canceled" };

export interface JobQuery {
  /** From 1 to 1000, which is also the default. */
  limit?: number | undefined;
  /** Continues behind this job, which may have been removed. */
  after?: string | undefined;
  status?: JobStatus | undefined;
  type?: string | undefined;
}

export interface JobPage {
  data: Job[];
  has_more: boolean;
}

/** A message about a job's end that has not arrived yet. */
export interface Delivery {
  /** The same at every attempt. */
  id: string;
  job_id: string;
  url: string;
  body: string;
  created_at: number;
  attempts: number;
  next_at: number;
}

export interface JobStore {
  /**
   * Keeps a job, durably when the promise resolves. A known idempotency key with the same hash gives the job it made before.
   *
   * @throws {Refusal} `idempotency_mismatch` when the key was used with another hash, `queue_full` when `maxQueue` jobs wait.
   */
  create(job: Arrival): Promise<{ job: Job; created: boolean }>;
  /** The job that a key made before, so that a repeated request stores nothing. Throws as `create` does. */
  replay(idempotency: Idempotency): Promise<Job | undefined>;
  /** "pruned" once retention took it. */
  get(id: string): Promise<Job | "pruned" | undefined>;
  sender(id: string): Promise<Sender | undefined>;
  /** Newest first. */
  list(query?: JobQuery): Promise<JobPage>;
  /** How many queued jobs of the same lane come before this one. */
  position(id: string): Promise<number>;
  counts(): Promise<Record<JobStatus, number>>;

  /** queued → running: takes the next job of the offer. */
  claim(offer: Offer): Promise<Claimed | undefined>;
  /** The job that a claim would give next. Nothing is taken. */
  ahead(offer: Offer): Promise<Job | undefined>;
  /**
   * From one of the statuses in `from` to its end: the job, the records of the files it made and the message to its webhook in one
   * commit. The files' bytes are durable before. With a claim, it counts for the holder of that claim only.
   */
  end(
    id: string,
    from: readonly JobStatus[],
    ending: Ending,
    progress?: JobProgress,
    claim?: number,
  ): Promise<Job | undefined>;
  /** Cancels every queued job, or those of a type, in one commit. */
  cancelQueued(type?: string): Promise<Job[]>;
  /** running → queued, at its old place; the attempt does not count. For a shutdown. */
  requeue(id: string, claim: number): Promise<Job | undefined>;
  /**
   * running → queued for a while, because the place of the files does not answer; the attempt does not count. Gives "over" and changes
   * nothing once that has gone on for ten minutes. Only a store of several machines has it.
   */
  postpone?(id: string, claim: number): Promise<Job | "over" | undefined>;
  /** A sign of life of this node. Gives the jobs that are still its own. */
  beat(report: Report): Promise<Beat>;
  /** Removes the record, whatever its status, and gives it. */
  delete(id: string): Promise<Job | undefined>;

  /** Of the named jobs those that have ended, and the ids of those that are gone. */
  endedOf(ids: readonly string[]): Promise<{ ended: Job[]; gone: string[] }>;

  /**
   * Running jobs of a server that is gone go back into the queue, or end `interrupted` when they were tried twice. With `onlyGone`,
   * a machine whose lease is over counts as gone only if it left the fleet.
   */
  recover(options?: { onlyGone?: boolean }): Promise<Recovered>;
  /** Removes jobs that ended longer ago than the given seconds by the store's clock, and remembers their ids. Gives their number. */
  prune(age: number): Promise<number>;
  /** Ids of files that queued and running jobs still need. */
  filesInUse(): Promise<ReadonlySet<string>>;

  deliveries: DeliveryStore;
}

export interface Report {
  /** How far the jobs are that run here. */
  running: readonly (JobProgress & { id: string })[];
  /** What other nodes may know of this one, as JSON. */
  state?: Record<string, unknown>;
}

export interface Beat {
  held: Held[];
  /** Jobs that wait. */
  queued: number;
  /** What the database of a fleet says to this node. */
  pulse?: Pulse;
}

/** Jobs whose server stopped while they ran. */
export interface Recovered {
  requeued: readonly string[];
  interrupted: readonly Job[];
}

export interface DeliveryStore {
  /** Messages to send now, the longest waiting first. Each is lent to the caller for that long. */
  claim(limit: number, seconds: number): Promise<Delivery[]>;
  /** Seconds until the next message is due; 0 or less when one is. */
  dueIn(): Promise<number | undefined>;
  /** An attempt failed; the next one is that many seconds from now. */
  postpone(delivery: Delivery, seconds: number, error: string): Promise<void>;
  /** Removes a message that arrived, or that is given up because of `error`. Its job shows which. */
  settle(delivery: Delivery, error: string | null): Promise<void>;
}
