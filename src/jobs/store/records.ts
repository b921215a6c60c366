/**
 * Job records in SQLite: one statement each, without any rule of when it may be used. All are synchronous, so that the store can make
 * transactions of them.
 *
 * @module
 */
import type { Database } from "bun:sqlite";
import type { RefusalCode } from "../../errors.ts";
import type { Job, JobStatus } from "../job.ts";
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

/** What the end of a job changes in its record. */
export type Ended = Pick<Job, "status" | "result" | "artifacts" | "error" | "error_code"> & {
  finished_at: number;
  /** Null leaves what is there. */
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

/** Removed jobs are remembered so far back, counted in jobs that came since. */
const rememberedRemovals = 1_000_000;

export function jobRecords(database: Database) {
  const byId = database.query<Row, [string]>("SELECT * FROM jobs WHERE id = ?");
  const byKey = database.query<Row, [string]>("SELECT * FROM jobs WHERE idempotency_key = ?");
  const insert = database.query<
    Row,
    [string, string, string, string, number, string | null, string | null, string | null]
  >(
    `INSERT INTO jobs (id, type, dialect, params, status, created_at, progress_label, webhook, idempotency_key, request_hash)
     VALUES (?, ?, ?, ?, 'queued', ?, 'queued', ?, ?, ?) RETURNING *`,
  );
  const start = database.query<Row, [number, string]>(
    `UPDATE jobs SET status = 'running', started_at = ?, attempts = attempts + 1, progress = 0, progress_label = 'preparing'
     WHERE id = ? AND status = 'queued' RETURNING *`,
  );
  const requeue = database.query<Row, [string]>(
    `UPDATE jobs SET status = 'queued', started_at = NULL, attempts = max(attempts - 1, 0), progress = NULL,
     progress_label = 'queued' WHERE id = ? AND status = 'running' RETURNING *`,
  );
  const retry = database.query<null, [number]>(
    "UPDATE jobs SET status = 'queued', started_at = NULL, progress = NULL, progress_label = 'queued' WHERE seq = ?",
  );
  const end = database.query<
    Row,
    [
      JobStatus,
      string | null,
      string,
      string | null,
      string | null,
      number,
      number | null,
      string | null,
      string,
    ]
  >(
    `UPDATE jobs SET status = ?, result = ?, artifacts = ?, error = ?, error_code = ?, finished_at = ?,
     progress = coalesce(?, progress), progress_label = coalesce(?, progress_label) WHERE id = ? RETURNING *`,
  );
  const drop = database.query<null, [number]>("DELETE FROM jobs WHERE seq = ?");
  const bury = database.query<null, [number, string, number]>(
    "INSERT INTO removed_jobs (seq, id, pruned) VALUES (?, ?, ?)",
  );
  const forget = database.query<null, [number]>(
    "DELETE FROM removed_jobs WHERE seq <= (SELECT max(seq) FROM removed_jobs) - ?",
  );
  const buried = database.query<{ seq: number; pruned: number }, [string]>(
    "SELECT seq, pruned FROM removed_jobs WHERE id = ?",
  );
  const before = database.query<{ n: number }, [number]>(
    "SELECT count(*) AS n FROM jobs WHERE status = 'queued' AND seq < ?",
  );
  const queued = database.query<Row, [number]>(
    "SELECT * FROM jobs WHERE status = 'queued' ORDER BY seq LIMIT ?",
  );
  const counted = database.query<{ status: JobStatus; n: number }, []>(
    "SELECT status, count(*) AS n FROM jobs GROUP BY status",
  );
  const running = database.query<Row, []>("SELECT * FROM jobs WHERE status = 'running'");
  const ended = database.query<{ seq: number; id: string }, [number, number]>(
    "SELECT seq, id FROM jobs WHERE finished_at < ? ORDER BY finished_at LIMIT ?",
  );
  const live = database.query<{ params: string }, []>(
    "SELECT params FROM jobs WHERE status IN ('queued', 'running')",
  );

  return {
    find: (id: string): Row | undefined => byId.get(id) ?? undefined,
    withKey: (key: string): Row | undefined => byKey.get(key) ?? undefined,
    /** A removed job, while it is remembered. */
    removed: (id: string) => buried.get(id) ?? undefined,

    insert: ({ type, dialect = "kiapi", params, webhook, idempotency }: NewJob, now: number): Row =>
      insert.get(
        `job_${crypto.randomUUID().replaceAll("-", "")}`,
        type,
        dialect,
        JSON.stringify(params),
        now,
        webhook ? JSON.stringify(webhook) : null,
        idempotency?.key ?? null,
        idempotency?.hash ?? null,
      )!,

    /** Undefined when it is not queued. */
    start: (id: string, now: number): Row | undefined => start.get(now, id) ?? undefined,

    /** Puts a running job back, as if it had not begun. Undefined when it does not run. */
    requeue: (id: string): Row | undefined => requeue.get(id) ?? undefined,

    /** Puts a job back that was interrupted. The attempt stays counted. */
    retry: ({ seq }: Row) => retry.run(seq),

    end: (id: string, ended: Ended): Row =>
      end.get(
        ended.status,
        ended.result && JSON.stringify(ended.result),
        JSON.stringify(ended.artifacts),
        ended.error,
        ended.error_code,
        ended.finished_at,
        ended.progress,
        ended.progress_label,
        id,
      )!,

    /** Removes a record and remembers its id. */
    remove({ seq, id }: Pick<Row, "seq" | "id">, { pruned }: { pruned: boolean }) {
      drop.run(seq);
      bury.run(seq, id, Number(pruned));
      forget.run(rememberedRemovals);
    },

    /** Newest first, one more than asked for when there are more. */
    page({ limit, before, status, type }: Page): Row[] {
      const where: string[] = [];
      const values: (string | number)[] = [];
      const narrow = (condition: string, value: string | number | undefined) => {
        if (value === undefined) return;
        where.push(condition);
        values.push(value);
      };
      narrow("seq < ?", before);
      narrow("status = ?", status);
      narrow("type = ?", type);
      return database
        .query<Row, (string | number)[]>(
          `SELECT * FROM jobs ${where.length > 0 ? `WHERE ${where.join(" AND ")}` : ""} ORDER BY seq DESC LIMIT ?`,
        )
        .all(...values, limit + 1);
    },

    /** Oldest first. */
    queued: (limit: number) => queued.all(limit),
    queuedBefore: (seq: number) => before.get(seq)!.n,
    running: () => running.all(),
    endedBefore: (time: number, limit: number) => ended.all(time, limit),
    paramsOfLive: () => live.all().map(({ params }) => params),
    counts: () => counted.all(),
  };
}
