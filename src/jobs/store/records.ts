/**
 * Job records in SQLite, one statement a method. All are synchronous, so that the store can combine them into transactions.
 *
 * @module
 */
import type { Database } from "bun:sqlite";
import type { RefusalCode } from "../../errors.ts";
import { activationType, type Job, type JobStatus, type Lane } from "../job.ts";
import type { NewJob } from "./store.ts";

export interface Row {
  seq: number;
  id: string;
  type: string;
  params: string;
  status: JobStatus;
  result: string | null;
  artifacts: string;
  error: string | null;
  error_code: RefusalCode | null;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
  progress: number | null;
  progress_label: string;
  attempts: number;
  dialect: string;
  webhook: string | null;
  webhook_delivery: string | null;
  request_hash: string | null;
}

export function toJob(row: Row): Job {
  return {
    type: row.type,
    params: JSON.parse(row.params),
    id: row.id,
    status: row.status,
    result: row.result === null ? null : JSON.parse(row.result),
    artifacts: JSON.parse(row.artifacts),
    error: row.error,
    error_code: row.error_code,
    created_at: row.created_at,
    started_at: row.started_at,
    finished_at: row.finished_at,
    progress: row.progress,
    progress_label: row.progress_label,
    webhook_delivery: row.webhook_delivery === null ? null : JSON.parse(row.webhook_delivery),
  };
}

/** Whether a row that was saved from a damaged database is a record. */
export function isJobRow(row: Record<string, unknown>): boolean {
  try {
    const { params, artifacts } = toJob(row as unknown as Row);
    return typeof params === "object" && params !== null && Array.isArray(artifacts);
  } catch {
    return false;
  }
}

/** Changes of a record at the end of its job. */
export type Ended = Pick<Job, "status" | "result" | "artifacts" | "error" | "error_code"> & {
  finished_at: number;
  /** Null keeps the present value. */
  progress: number | null;
  progress_label: string | null;
};

/** Which records a list shows; `before` is a place in the order of arrival. */
export interface Page {
  limit: number;
  before?: number | undefined;
  status?: JobStatus | undefined;
  type?: string | undefined;
}

const isActivation = (lane: Lane) => Number(lane === "activation");

const oldestQueued = (columns: string) =>
  `SELECT ${columns} FROM jobs WHERE status = 'queued' AND (type = '${activationType}') = ?
   AND id NOT IN (SELECT value FROM json_each(?)) ORDER BY seq LIMIT 1`;

/** Removed jobs are remembered so far back, counted in jobs that came since. */
const rememberedRemovals = 1_000_000;

export class JobRecords {
  constructor(readonly database: Database) {}

  find(id: string): Row | undefined {
    return this.#first("SELECT * FROM jobs WHERE id = ?", id);
  }

  withKey(key: string): Row | undefined {
    return this.#first("SELECT * FROM jobs WHERE idempotency_key = ?", key);
  }

  /** A removed job, while it is remembered. */
  removed(id: string): { seq: number; pruned: number } | undefined {
    return (
      this.database
        .query<{ seq: number; pruned: number }, [string]>("SELECT seq, pruned FROM removed_jobs WHERE id = ?")
        .get(id) ?? undefined
    );
  }

  insert({ type, dialect = "kiapi", params, webhook, idempotency }: NewJob, now: number): Row {
    return this.#first(
      `INSERT INTO jobs (id, type, dialect, params, status, created_at, progress_label, webhook, idempotency_key, request_hash)
       VALUES (?, ?, ?, ?, 'queued', ?, 'queued', ?, ?, ?) RETURNING *`,
      `job_${crypto.randomUUID().replaceAll("-", "")}`,
      type,
      dialect,
      JSON.stringify(params),
      now,
      webhook ? JSON.stringify(webhook) : null,
      idempotency?.key ?? null,
      idempotency?.hash ?? null,
    )!;
  }

  /** Starts the oldest queued job of a lane that is not among `except`. */
  startNext(lane: Lane, except: readonly string[], now: number): Row | undefined {
    return this.#first(
      `UPDATE jobs SET status = 'running', started_at = ?, attempts = attempts + 1, progress = 0, progress_label = 'preparing'
       WHERE seq = (${oldestQueued("seq")}) RETURNING *`,
      now,
      isActivation(lane),
      JSON.stringify(except),
    );
  }

  /** Puts a running job back, as if it had not begun. Undefined when it does not run. */
  requeue(id: string): Row | undefined {
    return this.#first(
      `UPDATE jobs SET status = 'queued', started_at = NULL, attempts = max(attempts - 1, 0), progress = NULL,
       progress_label = 'queued' WHERE id = ? AND status = 'running' RETURNING *`,
      id,
    );
  }

  /** Puts a job back that was interrupted. The attempt stays counted. */
  retry({ seq }: Row): void {
    this.database
      .query<null, [number]>(
        "UPDATE jobs SET status = 'queued', started_at = NULL, progress = NULL, progress_label = 'queued' WHERE seq = ?",
      )
      .run(seq);
  }

  end(id: string, ended: Ended): Row {
    return this.#first(
      `UPDATE jobs SET status = ?, result = ?, artifacts = ?, error = ?, error_code = ?, finished_at = ?,
       progress = coalesce(?, progress), progress_label = coalesce(?, progress_label) WHERE id = ? RETURNING *`,
      ended.status,
      ended.result && JSON.stringify(ended.result),
      JSON.stringify(ended.artifacts),
      ended.error,
      ended.error_code,
      ended.finished_at,
      ended.progress,
      ended.progress_label,
      id,
    )!;
  }

  /** Removes a record and remembers its id. */
  remove({ seq, id }: Pick<Row, "seq" | "id">, { pruned }: { pruned: boolean }): void {
    const { database } = this;
    database.query<null, [number]>("DELETE FROM jobs WHERE seq = ?").run(seq);
    database
      .query<null, [number, string, number]>("INSERT INTO removed_jobs (seq, id, pruned) VALUES (?, ?, ?)")
      .run(seq, id, Number(pruned));
    database
      .query<null, [number]>("DELETE FROM removed_jobs WHERE seq <= (SELECT max(seq) FROM removed_jobs) - ?")
      .run(rememberedRemovals);
  }

  /** Newest first, with one row more than `limit` when there are more. */
  page({ limit, before, status, type }: Page): Row[] {
    const conditions = { "seq < ?": before, "status = ?": status, "type = ?": type };
    const given = Object.entries(conditions).filter(
      (entry): entry is [string, string | number] => entry[1] !== undefined,
    );
    const where = given.length > 0 ? `WHERE ${given.map(([condition]) => condition).join(" AND ")}` : "";
    return this.#all(
      `SELECT * FROM jobs ${where} ORDER BY seq DESC LIMIT ?`,
      ...given.map(([, value]) => value),
      limit + 1,
    );
  }

  allQueued(type?: string): Row[] {
    return type === undefined
      ? this.#all("SELECT * FROM jobs WHERE status = 'queued'")
      : this.#all("SELECT * FROM jobs WHERE status = 'queued' AND type = ?", type);
  }

  /** The job that `startNext` would start. */
  next(lane: Lane, except: readonly string[]): Row | undefined {
    return this.#first(oldestQueued("*"), isActivation(lane), JSON.stringify(except));
  }

  /** How many jobs wait, counted up to a limit. */
  queuedUpTo(limit: number): number {
    return this.database
      .query<{ n: number }, [number]>(
        "SELECT count(*) AS n FROM (SELECT 1 FROM jobs WHERE status = 'queued' LIMIT ?)",
      )
      .get(limit)!.n;
  }

  /** Queued jobs of the same lane that came before. */
  queuedBefore({ seq, type }: Row): number {
    return this.database
      .query<{ n: number }, [number, number]>(
        `SELECT count(*) AS n FROM jobs WHERE status = 'queued' AND (type = '${activationType}') = ? AND seq < ?`,
      )
      .get(Number(type === activationType), seq)!.n;
  }

  running(): Row[] {
    return this.#all("SELECT * FROM jobs WHERE status = 'running'");
  }

  endedBefore(time: number, limit: number): Pick<Row, "seq" | "id">[] {
    return this.database
      .query<Pick<Row, "seq" | "id">, [number, number]>(
        "SELECT seq, id FROM jobs WHERE finished_at < ? ORDER BY finished_at LIMIT ?",
      )
      .all(time, limit);
  }

  paramsOfLive(): string[] {
    return this.database
      .query<{ params: string }, []>("SELECT params FROM jobs WHERE status IN ('queued', 'running')")
      .all()
      .map(({ params }) => params);
  }

  counts(): { status: JobStatus; n: number }[] {
    return this.database
      .query<{ status: JobStatus; n: number }, []>("SELECT status, count(*) AS n FROM jobs GROUP BY status")
      .all();
  }

  /** `query` caches compiled statements by their text. */
  #first(sql: string, ...values: Value[]): Row | undefined {
    return this.database.query<Row, Value[]>(sql).get(...values) ?? undefined;
  }

  #all(sql: string, ...values: Value[]): Row[] {
    return this.database.query<Row, Value[]>(sql).all(...values);
  }
}

type Value = string | number | null;
