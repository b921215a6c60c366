/**
 * The job store in SQLite. Each call is one statement or one transaction, so a crash leaves either what was before or what is after.
 *
 * @module
 */
import type { Database } from "bun:sqlite";
import { isDiskFull, Refusal, type RefusalCode } from "../errors.ts";
import type { FileRecord } from "../files/file.ts";
import { deliveryStore } from "./deliveries.ts";
import type { Job, JobStatus } from "./job.ts";
import type { Ending, Idempotency, JobQuery, JobStore, NewJob, Webhook } from "./store.ts";

interface Row {
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
  webhook: string | null;
  request_hash: string | null;
}

export interface JobStoreOptions {
  /** Writes a file's record; called inside the transaction that ends the job which made it. */
  keepFile(record: FileRecord): void;
  /** What a webhook is told of a job's end; the job itself by default. Undefined tells it nothing. */
  notification?(job: Job, webhook: Webhook): unknown;
  /** Unix seconds. */
  now?(): number;
}

const lastPage = 1000;
/** A job that was running at this many crashes is not tried again. */
const mostAttempts = 2;
/** Removed jobs are remembered so far back, counted in jobs that came since. */
const rememberedRemovals = 1_000_000;

/** Opens the store over a database that `openDatabase` made. */
export function createJobStore(database: Database, options: JobStoreOptions): JobStore {
  const now = options.now ?? (() => Date.now() / 1000);
  const notification = options.notification ?? ((job: Job) => job);
  const { deliveries, add: addDelivery } = deliveryStore(database);

  const byId = database.query<Row, [string]>("SELECT * FROM jobs WHERE id = ?");
  const byKey = database.query<Row, [string]>("SELECT * FROM jobs WHERE idempotency_key = ?");
  const insert = database.query<
    Row,
    [string, string, string, number, string | null, string | null, string | null]
  >(
    `INSERT INTO jobs (id, type, params, status, created_at, progress_label, webhook, idempotency_key, request_hash)
     VALUES (?, ?, ?, 'queued', ?, 'queued', ?, ?, ?) RETURNING *`,
  );
  const start = database.query<Row, [number, string]>(
    `UPDATE jobs SET status = 'running', started_at = ?, attempts = attempts + 1, progress = 0, progress_label = 'preparing'
     WHERE id = ? AND status = 'queued' RETURNING *`,
  );
  const requeue = database.query<Row, [string]>(
    `UPDATE jobs SET status = 'queued', started_at = NULL, attempts = max(attempts - 1, 0), progress = NULL,
     progress_label = 'queued' WHERE id = ? AND status = 'running' RETURNING *`,
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

  const transaction = <T>(work: () => T): T => {
    try {
      return database.transaction(work).immediate();
    } catch (error) {
      throw isDiskFull(error) ? new Refusal("disk_full", "No space is left on the server's disk") : error;
    }
  };

  const known = (idempotency: Idempotency): Row | undefined => {
    const row = byKey.get(idempotency.key);
    if (row && row.request_hash !== idempotency.hash) {
      throw new Refusal("idempotency_mismatch", "This Idempotency-Key was used before with another request");
    }
    return row ?? undefined;
  };

  const notify = (job: Job, webhook: string | null) => {
    if (webhook === null) return;
    const target = JSON.parse(webhook) as Webhook;
    const told = notification(job, target);
    if (told === undefined) return;
    addDelivery({ job_id: job.id, url: target.url, body: JSON.stringify(told), now: now() });
  };

  const finish = (row: Row, ending: Ending, seen?: Pick<Job, "progress" | "progress_label">): Job => {
    const done = ending.status === "succeeded";
    if (done) for (const file of ending.files) options.keepFile(file);
    const failed = ending.status === "failed";
    const job = toJob(
      end.get(
        ending.status,
        done ? JSON.stringify(ending.result) : null,
        JSON.stringify(done ? ending.files.map((file) => file.file_id) : []),
        failed ? ending.error : null,
        failed ? ending.error_code : null,
        now(),
        done ? 1 : (seen?.progress ?? null),
        done ? "done" : (seen?.progress_label ?? null),
        row.id,
      )!,
    );
    notify(job, row.webhook);
    return job;
  };

  /** Removes a record and remembers its id. */
  const remove = ({ seq, id }: Pick<Row, "seq" | "id">, { pruned }: { pruned: boolean }) => {
    drop.run(seq);
    bury.run(seq, id, Number(pruned));
    forget.run(rememberedRemovals);
  };

  /** The place in the order of arrival of a job that may be gone. */
  const place = (id: string): number => {
    const seq = byId.get(id)?.seq ?? buried.get(id)?.seq;
    if (seq === undefined) throw new Refusal("invalid_parameter", "after names no job");
    return seq;
  };

  return {
    deliveries,

    async create(job: NewJob) {
      return transaction(() => {
        const earlier = job.idempotency && known(job.idempotency);
        if (earlier) return { job: toJob(earlier), created: false };
        const row = insert.get(
          `job_${crypto.randomUUID().replaceAll("-", "")}`,
          job.type,
          JSON.stringify(job.params),
          now(),
          job.webhook ? JSON.stringify(job.webhook) : null,
          job.idempotency?.key ?? null,
          job.idempotency?.hash ?? null,
        )!;
        return { job: toJob(row), created: true };
      });
    },

    async replay(idempotency) {
      const row = known(idempotency);
      return row && toJob(row);
    },

    async get(id) {
      const row = byId.get(id);
      if (row) return toJob(row);
      return buried.get(id)?.pruned ? "pruned" : undefined;
    },

    async webhook(id) {
      const webhook = byId.get(id)?.webhook;
      return webhook ? (JSON.parse(webhook) as Webhook) : undefined;
    },

    async list({ limit = lastPage, after, status, type }: JobQuery = {}) {
      const where: string[] = [];
      const values: (string | number)[] = [];
      const narrow = (condition: string, value: string | number | undefined) => {
        if (value === undefined) return;
        where.push(condition);
        values.push(value);
      };
      narrow("seq < ?", after === undefined ? undefined : place(after));
      narrow("status = ?", status);
      narrow("type = ?", type);
      const rows = database
        .query<Row, (string | number)[]>(
          `SELECT * FROM jobs ${where.length > 0 ? `WHERE ${where.join(" AND ")}` : ""} ORDER BY seq DESC LIMIT ?`,
        )
        .all(...values, limit + 1);
      return { data: rows.slice(0, limit).map(toJob), has_more: rows.length > limit };
    },

    async next(except = []) {
      const row = queued.all(except.length + 1).find(({ id }) => !except.includes(id));
      return row && toJob(row);
    },

    async position(id) {
      const seq = byId.get(id)?.seq;
      return seq === undefined ? 0 : before.get(seq)!.n;
    },

    async counts() {
      const counts = { queued: 0, running: 0, succeeded: 0, failed: 0, canceled: 0 };
      for (const { status, n } of counted.all()) counts[status] = n;
      return counts;
    },

    async start(id) {
      const row = start.get(now(), id);
      return row ? toJob(row) : undefined;
    },

    async end(id, from, ending, seen) {
      return transaction(() => {
        const row = byId.get(id);
        return row && from.includes(row.status) ? finish(row, ending, seen) : undefined;
      });
    },

    async requeue(id) {
      const row = requeue.get(id);
      return row ? toJob(row) : undefined;
    },

    async delete(id) {
      return transaction(() => {
        const row = byId.get(id);
        if (!row) return undefined;
        const job = toJob(row);
        if (row.status === "queued" || row.status === "running") finish(row, { status: "canceled" });
        remove(row, { pruned: false });
        return job;
      });
    },

    async recover() {
      return transaction(() => {
        const requeued: string[] = [];
        const interrupted: string[] = [];
        for (const row of running.all()) {
          if (row.attempts < mostAttempts) {
            // The attempt stays counted: a job that takes the server down with it must not do so for ever.
            database.run(
              `UPDATE jobs SET status = 'queued', started_at = NULL, progress = NULL, progress_label = 'queued' WHERE seq = ?`,
              [row.seq],
            );
            requeued.push(row.id);
          } else {
            finish(row, {
              status: "failed",
              error:
                "interrupted: the server stopped while the job ran, and again when it was tried once more",
              error_code: "interrupted",
            });
            interrupted.push(row.id);
          }
        }
        return { requeued, interrupted };
      });
    },

    async prune(beforeTime) {
      return transaction(() => {
        const rows = ended.all(beforeTime, 1000);
        for (const row of rows) remove(row, { pruned: true });
        return rows.length;
      });
    },

    async filesInUse() {
      const ids = new Set<string>();
      for (const { params } of live.all()) {
        for (const [id] of params.matchAll(/file_[0-9a-f]{32}/g)) ids.add(id);
      }
      return ids;
    },
  };
}

function toJob(row: Row): Job {
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
  };
}
