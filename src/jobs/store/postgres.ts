/**
 * The job store in PostgreSQL, which several nodes share. Each call is one statement or one transaction. A running job names the node
 * and the claim that it runs under; only their holder can end it or put it back, everybody can cancel it.
 *
 * @module
 */
import type { SQL } from "bun";
import { Refusal } from "../../errors.ts";
import type { FileRecord } from "../../files/file.ts";
import type { Connection } from "../../fleet/connect.ts";
import { isLive, type Job, type JobProgress, type JobStatus } from "../job.ts";
import { addDeliveries, type Message, postgresDeliveries } from "./postgres-deliveries.ts";
import {
  beatNode,
  claimJob,
  lostJobs,
  markAhead,
  type Node,
  postponeJob,
  requeueJob,
  retryJobs,
} from "./postgres-queue.ts";
import {
  cancelQueued,
  endAtOnce,
  endJob,
  findJob,
  insertJob,
  isRequest,
  jobOf,
  jobWithKey,
  pageOfJobs,
  placeOf,
  queuedBefore,
  queuedJobs,
  type Row,
  removeJobs,
  senderOf,
} from "./postgres-records.ts";
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
  type Report,
  type Sender,
} from "./store.ts";

export interface PostgresJobStoreOptions {
  connection: Connection;
  node: Node;
  /**
   * Writes records of files, inside the transaction or the statement that creates the job they came with or ends the job that made
   * them: if the condition holds.
   */
  insertFiles(sql: SQL, records: readonly FileRecord[], condition?: SQL.Query<unknown>): SQL.Query<unknown>;
  /** The body of the message to a webhook; the job itself by default. */
  notification?: Notification;
}

const noRequest: Ending = {
  status: "failed",
  error: "The record of the job holds no valid request",
  error_code: "invalid_request",
};
const lastPage = 1000;
/** A job whose node was lost this many times is not tried again. */
const mostAttempts = 2;
const pruneBatch = 1000;
/** Claims in a row that may find all they saw taken by others. */
const mostClaims = 5;
/** Below this length, and above this part of it, a queue is counted exactly. */
const smallQueue = 1000;
const nearlyFull = 0.9;
/** Keys of advisory locks: one who makes the queue longer near its end, and one who removes what is old. */
const queueLock = 0x6561_7301;
const pruneLock = 0x6561_7302;

export const createPostgresJobStore = (options: PostgresJobStoreOptions): JobStore =>
  new PostgresJobStore(options);

class PostgresJobStore implements JobStore {
  readonly deliveries: JobStore["deliveries"];
  readonly #connection: Connection;
  readonly #node: Node;
  readonly #insertFiles: PostgresJobStoreOptions["insertFiles"];
  readonly #notification: Notification;
  /** The queue's length at the last beat, and what this node added since. */
  #queued = Number.POSITIVE_INFINITY;

  constructor({ connection, node, insertFiles, notification = (job) => job }: PostgresJobStoreOptions) {
    this.#connection = connection;
    this.#node = node;
    this.#insertFiles = insertFiles;
    this.#notification = notification;
    this.deliveries = postgresDeliveries(connection.durable);
  }

  async create(job: Arrival): Promise<{ job: Job; created: boolean }> {
    for (;;) {
      const outcome = await this.#connection.durable.begin(async (sql) => {
        const earlier = job.idempotency && (await earlierJob(sql, job.idempotency));
        if (earlier) return { row: earlier, created: false };
        await this.#requireRoom(sql, job.maxQueue);
        const row = await insertJob(sql, job);
        if (!row) return undefined;
        if (job.files?.length) await this.#insertFiles(sql, job.files);
        return { row, created: true };
      });
      // Another request made a job of the key meanwhile. It may be deleted before it is found.
      if (!outcome) continue;
      if (outcome.created) this.#queued++;
      return { job: jobOf(outcome.row), created: outcome.created };
    }
  }

  async replay(idempotency: Idempotency): Promise<Job | undefined> {
    const row = await this.#connection.durable.run((sql) => earlierJob(sql, idempotency));
    return row && jobOf(row);
  }

  async get(id: string): Promise<Job | "pruned" | undefined> {
    return this.#connection.durable.run(async (sql) => {
      const row = await findJob(sql, id);
      if (row) return jobOf(row);
      const [removed] = await sql<{ pruned: boolean }[]>`SELECT pruned FROM removed_jobs WHERE id = ${id}`;
      return removed?.pruned ? "pruned" : undefined;
    });
  }

  async sender(id: string): Promise<Sender | undefined> {
    const row = await this.#connection.durable.run((sql) => findJob(sql, id));
    return row && senderOf(row);
  }

  async list({ limit = lastPage, after, status, type }: JobQuery = {}): Promise<JobPage> {
    const rows = await this.#connection.durable.run(async (sql) => {
      const before = after === undefined ? undefined : await placeOf(sql, after);
      if (after !== undefined && before === undefined)
        throw new Refusal("invalid_parameter", "after is not the id of a known job");
      return pageOfJobs(sql, { limit, before, status, type });
    });
    return { data: rows.slice(0, limit).map(jobOf), has_more: rows.length > limit };
  }

  position(id: string): Promise<number> {
    return this.#connection.durable.run(async (sql) => {
      const row = await findJob(sql, id);
      return row ? queuedBefore(sql, row) : 0;
    });
  }

  async counts(): Promise<Record<JobStatus, number>> {
    const counts = { queued: 0, running: 0, succeeded: 0, failed: 0, canceled: 0 };
    const rows = await this.#connection.durable.run(
      (sql) => sql<{ status: JobStatus; n: number }[]>`
        SELECT status, count(*)::int AS n FROM jobs GROUP BY status`,
    );
    for (const { status, n } of rows) counts[status] = n;
    return counts;
  }

  async claim(offer: Offer): Promise<Claimed | undefined> {
    for (let attempt = 0; attempt < mostClaims; attempt++) {
      const { row, seen } = await this.#connection.durable.run((sql) => claimJob(sql, this.#node, offer));
      if (row && !isRequest(row)) await this.end(row.id, ["running"], noRequest, undefined, row.claim);
      else if (row) return { job: jobOf(row), claim: row.claim };
      // Others took all that it saw: the queue may go on behind them.
      if (!row && seen === 0) return undefined;
    }
    return undefined;
  }

  async ahead(offer: Offer): Promise<Job | undefined> {
    const row = await this.#connection.lazy.run((sql) => markAhead(sql, this.#node, offer));
    return row && jobOf(row);
  }

  async end(
    id: string,
    from: readonly JobStatus[],
    ending: Ending,
    progress?: JobProgress,
    claim?: number,
  ): Promise<Job | undefined> {
    const { durable } = this.#connection;
    const fence = { id, from, holder: claim === undefined ? undefined : { node: this.#node.id, claim } };
    const files = ending.status === "succeeded" ? ending.files : [];
    const ended = await durable.run((sql) =>
      endAtOnce(sql, fence, outcomeOf(ending, progress), (condition) =>
        this.#insertFiles(sql, files, condition),
      ),
    );
    if (ended) return jobOf(ended);
    return durable.begin(async (sql) => {
      const [row] = await sql<Row[]>`SELECT * FROM jobs WHERE id = ${id} FOR UPDATE`;
      if (!row) return undefined;
      if (claim !== undefined && !(row.node === this.#node.id && row.claim === claim)) return undefined;
      if (from.includes(row.status)) return this.#end(sql, row, ending, progress);
      // Under the same claim it was ended before: the commit had succeeded, and only its answer was lost.
      return claim !== undefined && isEndedBy(row, ending) ? jobOf(row) : undefined;
    });
  }

  async cancelQueued(type?: string): Promise<Job[]> {
    return this.#connection.durable.begin(async (sql) => {
      return this.#told(sql, await cancelQueued(sql, type));
    });
  }

  async requeue(id: string, claim: number): Promise<Job | undefined> {
    const row = await this.#connection.durable.run((sql) => requeueJob(sql, this.#node, id, claim));
    return row && jobOf(row);
  }

  async postpone(id: string, claim: number): Promise<Job | "over" | undefined> {
    const row = await this.#connection.durable.run((sql) => postponeJob(sql, this.#node, id, claim));
    return row === "over" ? row : row && jobOf(row);
  }

  async delete(id: string): Promise<Job | undefined> {
    return this.#connection.durable.begin(async (sql) => {
      const [row] = await sql<Row[]>`SELECT * FROM jobs WHERE id = ${id} FOR UPDATE`;
      if (!row) return undefined;
      const job = jobOf(row);
      if (isLive(job)) await this.#end(sql, row, { status: "canceled" });
      await removeJobs(sql, [row.seq], false);
      return job;
    });
  }

  async beat(report: Report): Promise<Beat> {
    const beat = await this.#connection.lazy.run((sql) => beatNode(sql, this.#node, report));
    this.#queued = beat.queued;
    return beat;
  }

  async endedOf(ids: readonly string[]): Promise<{ ended: Job[]; gone: string[] }> {
    if (ids.length === 0) return { ended: [], gone: [] };
    return this.#connection.durable.run(async (sql) => {
      const wanted = sql.array([...ids], "text");
      const rows = await sql<(Row | { wanted: string; id: null })[]>`
        SELECT wanted, jobs.* FROM unnest(${wanted}) AS wanted LEFT JOIN jobs ON jobs.id = wanted
        WHERE coalesce(jobs.status NOT IN ('queued', 'running'), true)`;
      const gone = rows.flatMap((row) => (row.id === null ? [row.wanted] : []));
      return { ended: rows.filter((row) => row.id !== null).map((row) => jobOf(row as Row)), gone };
    });
  }

  /** Jobs of nodes whose lease is over. Any node may ask, at any time. */
  async recover({ onlyGone = false }: { onlyGone?: boolean } = {}): Promise<Recovered> {
    return this.#connection.durable.begin(async (sql) => {
      const lost = await lostJobs(sql, onlyGone);
      // The attempt stays counted: a job that takes its node down with it must not do so for ever.
      const again = lost.filter(({ attempts }) => attempts < mostAttempts);
      if (again.length > 0) await retryJobs(sql, again);
      const interrupted: Job[] = [];
      for (const row of lost.filter(({ attempts }) => attempts >= mostAttempts))
        interrupted.push(
          await this.#end(sql, row, {
            status: "failed",
            error:
              "interrupted: the machine that ran the job was lost, and again when it was tried once more",
            error_code: "interrupted",
          }),
        );
      return { requeued: again.map(({ id }) => id), interrupted };
    });
  }

  async prune(age: number): Promise<number> {
    return this.#connection.durable.begin(async (sql) => {
      const [{ mine }] = await sql`SELECT pg_try_advisory_xact_lock(${pruneLock}) AS mine`;
      if (!mine) return 0;
      const rows = await sql<{ seq: string }[]>`
        SELECT seq FROM jobs WHERE finished_at < easel_now() - ${age}::float8 ORDER BY finished_at LIMIT ${pruneBatch}`;
      const seqs = rows.map(({ seq }) => seq);
      return seqs.length > 0 ? removeJobs(sql, seqs, true) : 0;
    });
  }

  async filesInUse(): Promise<ReadonlySet<string>> {
    const rows = await this.#connection.durable.run(
      (sql) => sql<{ file_id: string }[]>`SELECT DISTINCT file_id FROM job_files`,
    );
    return new Set(rows.map(({ file_id }) => file_id));
  }

  /** Ends a job inside a transaction: its record, its files' records and the message to its webhook. */
  async #end(sql: SQL, row: Row, ending: Ending, progress?: JobProgress): Promise<Job> {
    if (ending.status === "succeeded" && ending.files.length > 0) await this.#insertFiles(sql, ending.files);
    const ended = await endJob(sql, row.seq, outcomeOf(ending, progress));
    return (await this.#told(sql, [ended]))[0]!;
  }

  /** The jobs of rows that ended in this transaction, with the messages to their webhooks written. */
  async #told(sql: SQL, rows: readonly Row[]): Promise<Job[]> {
    const jobs = rows.map(jobOf);
    const messages = new Map<string, Message>();
    for (const [index, row] of rows.entries()) {
      const { dialect, webhook } = senderOf(row);
      const body = webhook && this.#notification(jobs[index]!, { dialect, webhook });
      if (webhook && body !== undefined)
        messages.set(row.id, { job_id: row.id, url: webhook.url, body: JSON.stringify(body) });
    }
    if (messages.size === 0) return jobs;
    const webhook_delivery = await addDeliveries(sql, [...messages.values()]);
    return jobs.map((job) => (messages.has(job.id) ? { ...job, webhook_delivery } : job));
  }

  /** Refuses what a full queue cannot hold. Far from its end the last count is enough; near it, nodes take turns. */
  async #requireRoom(sql: SQL, most: number): Promise<void> {
    if (most >= smallQueue && this.#queued < nearlyFull * most) return;
    await sql`SELECT pg_advisory_xact_lock(${queueLock})`;
    this.#queued = await queuedJobs(sql);
    if (this.#queued >= most) throw queueFull(most);
  }
}

async function earlierJob(sql: SQL, { key, hash }: Idempotency): Promise<Row | undefined> {
  const row = await jobWithKey(sql, key);
  if (row && row.request_hash !== hash)
    throw new Refusal("idempotency_mismatch", "This Idempotency-Key was used before with another request");
  return row;
}

/** What an ending writes into the record. */
function outcomeOf(ending: Ending, progress?: JobProgress): Parameters<typeof endJob>[2] {
  const isDone = ending.status === "succeeded";
  const isFailed = ending.status === "failed";
  return {
    status: ending.status,
    result: isDone ? ending.result : null,
    artifacts: isDone ? ending.files.map(({ file_id }) => file_id) : [],
    error: isFailed ? ending.error : null,
    error_code: isFailed ? ending.error_code : null,
    progress: isDone ? 1 : (progress?.progress ?? null),
    progress_label: isDone ? "done" : (progress?.progress_label ?? null),
  };
}

/** Whether a record says of its job just what the ending says. */
function isEndedBy(row: Row, ending: Ending): boolean {
  if (row.status !== ending.status) return false;
  const { artifacts, error_code } = jobOf(row);
  if (ending.status === "failed") return error_code === ending.error_code;
  const files = ending.status === "succeeded" ? ending.files.map(({ file_id }) => file_id) : [];
  return artifacts.length === files.length && files.every((id) => artifacts.includes(id));
}
