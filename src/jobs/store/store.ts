/**
 * The job store, as the rest of the server sees it. Every change of a job's status is a compare-and-set: of several callers exactly
 * one wins and gets the job, the others get undefined.
 *
 * @module
 */
import type { RefusalCode } from "../../errors.ts";
import type { FileRecord } from "../../files/file.ts";
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
   * @throws {Refusal} `idempotency_mismatch` when the key was used with another hash.
   */
  create(job: NewJob): Promise<{ job: Job; created: boolean }>;
  /** The job that a key made before, so that a repeated request stores nothing. Throws as `create` does. */
  replay(idempotency: Idempotency): Promise<Job | undefined>;
  /** "pruned" once retention took it. */
  get(id: string): Promise<Job | "pruned" | undefined>;
  sender(id: string): Promise<Sender | undefined>;
  /** Newest first. */
  list(query?: JobQuery): Promise<JobPage>;
  /** The oldest queued job of a lane that is not among `except`. */
  next(except?: readonly string[], lane?: Lane): Promise<Job | undefined>;
  /** How many queued jobs of the same lane come before this one. */
  position(id: string): Promise<number>;
  counts(): Promise<Record<JobStatus, number>>;

  /** queued → running. */
  start(id: string): Promise<Job | undefined>;
  /**
   * From one of the statuses in `from` to its end: the job, the records of the files it made and the message to its webhook in one
   * commit. The files' bytes are durable before.
   */
  end(
    id: string,
    from: readonly JobStatus[],
    ending: Ending,
    progress?: JobProgress,
  ): Promise<Job | undefined>;
  /** Cancels every queued job, or those of a type, in one commit. */
  cancelQueued(type?: string): Promise<Job[]>;
  /** running → queued, at its old place; the attempt does not count. For a shutdown. */
  requeue(id: string): Promise<Job | undefined>;
  /** Removes the record, whatever its status, and gives it. */
  delete(id: string): Promise<Job | undefined>;

  /**
   * Call it at start: running jobs go back into the queue, or end `interrupted` when they were tried twice.
   */
  recover(): Promise<Recovered>;
  /** Removes jobs that ended before that time (Unix seconds), and remembers their ids. */
  prune(before: number): Promise<number>;
  /** Ids of files that queued and running jobs still need. */
  filesInUse(): Promise<ReadonlySet<string>>;

  deliveries: DeliveryStore;
}

/** Ids of the jobs that ran when the server stopped. */
export interface Recovered {
  requeued: readonly string[];
  interrupted: readonly string[];
}

export interface DeliveryStore {
  /** Messages to send now, the longest waiting first. */
  due(now: number, limit: number): Promise<Delivery[]>;
  /** When the next message is due. */
  nextAt(): Promise<number | undefined>;
  /** An attempt failed; the next one is at `nextAt` (Unix seconds). */
  postpone(delivery: Delivery, nextAt: number, error: string): Promise<void>;
  /** Removes a message that arrived, or that is given up because of `error`. Its job shows which. */
  settle(delivery: Delivery, error: string | null): Promise<void>;
}
