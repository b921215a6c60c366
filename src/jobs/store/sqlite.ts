/**
 * The job store in SQLite. Each call is one statement or one transaction, so a crash leaves either the state before or the one after.
 *
 * @module
 */
import type { Database } from "bun:sqlite";
import type { Spend } from "../../disk/reserve.ts";
import { isDiskFull, Refusal } from "../../errors.ts";
import type { FileRecord } from "../../files/file.ts";
import { isLive, type Job, type JobProgress, type JobStatus } from "../job.ts";
import { SqliteDeliveries } from "./deliveries.ts";
import { JobRecords, type Row, toJob } from "./records.ts";
import {
  type Arrival,
  type Beat,
  type Claimed,
  type Ending,
  type Idempotency,
  type JobPage,
  type JobQuery,
  type JobStore,
  type Notification,
  type Offer,
  queueFull,
  type Recovered,
  type Sender,
  type Webhook,
} from "./store.ts";

export interface JobStoreOptions {
  /** Writes a file's record, inside the transaction that creates the job it came with or ends the job that made it. */
  keepFile(record: FileRecord): void;
  /** The body of the message to a webhook; the job itself by default. */
  notification?: Notification;
  /** How writes that end or remove a job reach a full disk. */
  spend?: Spend;
  /** Unix seconds. */
  now?(): number;
}

const lastPage = 1000;
/** A job that was running at this many crashes is not tried again. */
const mostAttempts = 2;
const pruneBatch = 1000;

/** Opens the store over a database that `openDatabase` made. */
export const createJobStore = (database: Database, options: JobStoreOptions): JobStore =>
  new SqliteJobStore(database, options);

class SqliteJobStore implements JobStore {
  readonly deliveries: SqliteDeliveries;
  readonly #database: Database;
  readonly #records: JobRecords;
  readonly #keepFile: JobStoreOptions["keepFile"];
  readonly #notification: Notification;
  readonly #spend: Spend;
  readonly #now: () => number;

  constructor(
    database: Database,
    {
      keepFile,
      notification = (job) => job,
      spend = (write) => write(),
      now = () => Date.now() / 1000,
    }: JobStoreOptions,
  ) {
    this.#database = database;
    this.#records = new JobRecords(database);
    this.#keepFile = keepFile;
    this.#notification = notification;
    this.#spend = spend;
    this.#now = now;
    this.deliveries = new SqliteDeliveries(database, spend, now);
  }

  async create(job: Arrival): Promise<{ job: Job; created: boolean }> {
    return this.#transaction(() => {
      const earlier = job.idempotency && this.#withKey(job.idempotency);
      if (earlier) return { job: toJob(earlier), created: false };
      if (this.#records.queuedUpTo(job.maxQueue) >= job.maxQueue) throw queueFull(job.maxQueue);
      const row = this.#records.insert(job, this.#now());
      for (const file of job.files ?? []) this.#keepFile(file);
      return { job: toJob(row), created: true };
    });
  }

  async replay(idempotency: Idempotency): Promise<Job | undefined> {
    const row = this.#withKey(idempotency);
    return row && toJob(row);
  }

  async get(id: string): Promise<Job | "pruned" | undefined> {
    const row = this.#records.find(id);
    if (row) return toJob(row);
    return this.#records.removed(id)?.pruned ? "pruned" : undefined;
  }

  async sender(id: string): Promise<Sender | undefined> {
    const row = this.#records.find(id);
    return row && senderOf(row);
  }

  async list({ limit = lastPage, after, status, type }: JobQuery = {}): Promise<JobPage> {
    const before = after === undefined ? undefined : this.#placeOf(after);
    const rows = this.#records.page({ limit, before, status, type });
    return { data: rows.slice(0, limit).map(toJob), has_more: rows.length > limit };
  }

  async position(id: string): Promise<number> {
    const row = this.#records.find(id);
    return row ? this.#records.queuedBefore(row) : 0;
  }

  async counts(): Promise<Record<JobStatus, number>> {
    const counts = { queued: 0, running: 0, succeeded: 0, failed: 0, canceled: 0 };
    for (const { status, n } of this.#records.counts()) counts[status] = n;
    return counts;
  }

  async claim({ lane, except }: Offer): Promise<Claimed | undefined> {
    const row = this.#records.startNext(lane, except, this.#now());
    return row && { job: toJob(row), claim: row.attempts };
  }

  async ahead({ lane, except }: Offer): Promise<Job | undefined> {
    const row = this.#records.next(lane, except);
    return row && toJob(row);
  }

  async end(
    id: string,
    from: readonly JobStatus[],
    ending: Ending,
    progress?: JobProgress,
  ): Promise<Job | undefined> {
    return this.#required(() => {
      const row = this.#records.find(id);
      return row && from.includes(row.status) ? this.#end(row, ending, progress) : undefined;
    });
  }

  async cancelQueued(type?: string): Promise<Job[]> {
    return this.#required(() =>
      this.#records.allQueued(type).map((row) => this.#end(row, { status: "canceled" })),
    );
  }

  async requeue(id: string): Promise<Job | undefined> {
    const row = this.#required(() => this.#records.requeue(id));
    return row && toJob(row);
  }

  async delete(id: string): Promise<Job | undefined> {
    return this.#required(() => {
      const row = this.#records.find(id);
      if (!row) return undefined;
      const job = toJob(row);
      if (isLive(job)) this.#end(row, { status: "canceled" });
      this.#records.remove(row, { pruned: false });
      return job;
    });
  }

  async recover(): Promise<Recovered> {
    return this.#required(() => {
      // The attempt stays counted: a job that takes the server down with it must not do so for ever.
      const { again = [], over = [] } = Object.groupBy(this.#records.running(), ({ attempts }) =>
        attempts < mostAttempts ? "again" : "over",
      );
      for (const row of again) this.#records.retry(row);
      const interrupted = over.map((row) =>
        this.#end(row, {
          status: "failed",
          error: "interrupted: the server stopped while the job ran, and again when it was tried once more",
          error_code: "interrupted",
        }),
      );
      return { requeued: again.map(({ id }) => id), interrupted };
    });
  }

  /** One process runs all jobs, and keeps their progress itself. */
  async beat(): Promise<Beat> {
    const held = this.#records.running().map(({ id, attempts }) => ({ id, claim: attempts, watched: false }));
    return { held, queued: this.#records.queuedUpTo(Number.MAX_SAFE_INTEGER) };
  }

  async endedOf(ids: readonly string[]): Promise<{ ended: Job[]; gone: string[] }> {
    const rows = ids.map((id) => this.#records.find(id));
    const jobs = rows.filter((row) => row !== undefined).map(toJob);
    return { ended: jobs.filter((job) => !isLive(job)), gone: ids.filter((_, index) => !rows[index]) };
  }

  async prune(age: number): Promise<number> {
    return this.#required(() => {
      const rows = this.#records.endedBefore(this.#now() - age, pruneBatch);
      for (const row of rows) this.#records.remove(row, { pruned: true });
      return rows.length;
    });
  }

  async filesInUse(): Promise<ReadonlySet<string>> {
    const ids = new Set<string>();
    for (const params of this.#records.paramsOfLive())
      for (const [id] of params.matchAll(/file_[0-9a-f]{32}/g)) ids.add(id);
    return ids;
  }

  /** Ends a job inside a transaction: its record, its files' records and the message to its webhook. */
  #end(row: Row, ending: Ending, progress?: JobProgress): Job {
    const isDone = ending.status === "succeeded";
    const isFailed = ending.status === "failed";
    if (isDone) for (const file of ending.files) this.#keepFile(file);
    const ended = this.#records.end(row.id, {
      status: ending.status,
      result: isDone ? ending.result : null,
      artifacts: isDone ? ending.files.map(({ file_id }) => file_id) : [],
      error: isFailed ? ending.error : null,
      error_code: isFailed ? ending.error_code : null,
      finished_at: this.#now(),
      progress: isDone ? 1 : (progress?.progress ?? null),
      progress_label: isDone ? "done" : (progress?.progress_label ?? null),
    });
    return this.#notify(toJob(ended), senderOf(row)) ? toJob(this.#records.find(row.id)!) : toJob(ended);
  }

  /** True when a message was written. */
  #notify(job: Job, { dialect, webhook }: Sender): boolean {
    const body = webhook && this.#notification(job, { dialect, webhook });
    if (!webhook || body === undefined) return false;
    this.deliveries.add({
      job_id: job.id,
      url: webhook.url,
      body: JSON.stringify(body),
      now: this.#now(),
    });
    return true;
  }

  #withKey({ key, hash }: Idempotency): Row | undefined {
    const row = this.#records.withKey(key);
    if (row && row.request_hash !== hash)
      throw new Refusal("idempotency_mismatch", "This Idempotency-Key was used before with another request");
    return row;
  }

  /** The place in the order of arrival of a job that may be gone. */
  #placeOf(id: string): number {
    const seq = this.#records.find(id)?.seq ?? this.#records.removed(id)?.seq;
    if (seq === undefined) throw new Refusal("invalid_parameter", "after is not the id of a known job");
    return seq;
  }

  #transaction<T>(work: () => T): T {
    try {
      return this.#database.transaction(work).immediate();
    } catch (error) {
      throw isDiskFull(error) ? new Refusal("disk_full", "No space is left on the server's disk") : error;
    }
  }

  /** A transaction that a full disk must not stop. */
  #required<T>(work: () => T): T {
    return this.#spend(() => this.#transaction(work));
  }
}

const senderOf = ({ dialect, webhook }: Row): Sender => ({
  dialect,
  webhook: webhook === null ? undefined : (JSON.parse(webhook) as Webhook),
});
