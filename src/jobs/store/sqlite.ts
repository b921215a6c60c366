/**
 * The job store in SQLite. Each call is one statement or one transaction, so a crash leaves either what was before or what is after.
 *
 * @module
 */
import type { Database } from "bun:sqlite";
import type { Spend } from "../../disk/reserve.ts";
import { isDiskFull, Refusal } from "../../errors.ts";
import type { FileRecord } from "../../files/file.ts";
import type { Job } from "../job.ts";
import { deliveryStore } from "./deliveries.ts";
import { jobRecords, type Row, toJob } from "./records.ts";
import type {
  Ending,
  Idempotency,
  JobQuery,
  JobStore,
  NewJob,
  Notification,
  Sender,
  Webhook,
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

/** Opens the store over a database that `openDatabase` made. */
export function createJobStore(database: Database, options: JobStoreOptions): JobStore {
  const now = options.now ?? (() => Date.now() / 1000);
  const notification = options.notification ?? ((job: Job) => job);
  const records = jobRecords(database);

  const transaction = <T>(work: () => T): T => {
    try {
      return database.transaction(work).immediate();
    } catch (error) {
      throw isDiskFull(error) ? new Refusal("disk_full", "No space is left on the server's disk") : error;
    }
  };

  const spend = options.spend ?? ((write) => write());
  const { deliveries, add: addDelivery } = deliveryStore(database, spend);
  /** A transaction that a full disk must not stop. */
  const required = <T>(work: () => T): T => spend(() => transaction(work));

  const known = (idempotency: Idempotency): Row | undefined => {
    const row = records.withKey(idempotency.key);
    if (row && row.request_hash !== idempotency.hash) {
      throw new Refusal("idempotency_mismatch", "This Idempotency-Key was used before with another request");
    }
    return row;
  };

  const senderOf = ({ dialect, webhook }: Row): Sender => ({
    dialect,
    webhook: webhook === null ? undefined : (JSON.parse(webhook) as Webhook),
  });

  /** True when the job has a webhook. */
  const notify = (job: Job, row: Row): boolean => {
    const { dialect, webhook } = senderOf(row);
    if (!webhook) return false;
    const body = notification(job, { dialect, webhook });
    if (body !== undefined)
      addDelivery({ job_id: job.id, url: webhook.url, body: JSON.stringify(body), now: now() });
    return true;
  };

  const finish = (row: Row, ending: Ending, seen?: Pick<Job, "progress" | "progress_label">): Job => {
    const done = ending.status === "succeeded";
    if (done) for (const file of ending.files) options.keepFile(file);
    const failed = ending.status === "failed";
    const job = toJob(
      records.end(row.id, {
        status: ending.status,
        result: done ? ending.result : null,
        artifacts: done ? ending.files.map((file) => file.file_id) : [],
        error: failed ? ending.error : null,
        error_code: failed ? ending.error_code : null,
        finished_at: now(),
        progress: done ? 1 : (seen?.progress ?? null),
        progress_label: done ? "done" : (seen?.progress_label ?? null),
      }),
    );
    return notify(job, row) ? toJob(records.find(row.id)!) : job;
  };

  /** The place in the order of arrival of a job that may be gone. */
  const place = (id: string): number => {
    const seq = records.find(id)?.seq ?? records.removed(id)?.seq;
    if (seq === undefined) throw new Refusal("invalid_parameter", "after is not the id of a known job");
    return seq;
  };

  return {
    deliveries,

    async create(job: NewJob) {
      return transaction(() => {
        const earlier = job.idempotency && known(job.idempotency);
        if (earlier) return { job: toJob(earlier), created: false };
        const row = records.insert(job, now());
        for (const file of job.files ?? []) options.keepFile(file);
        return { job: toJob(row), created: true };
      });
    },

    async replay(idempotency) {
      const row = known(idempotency);
      return row && toJob(row);
    },

    async get(id) {
      const row = records.find(id);
      if (row) return toJob(row);
      return records.removed(id)?.pruned ? "pruned" : undefined;
    },

    async sender(id) {
      const row = records.find(id);
      return row && senderOf(row);
    },

    async list({ limit = lastPage, after, status, type }: JobQuery = {}) {
      const before = after === undefined ? undefined : place(after);
      const rows = records.page({ limit, before, status, type });
      return { data: rows.slice(0, limit).map(toJob), has_more: rows.length > limit };
    },

    async next(except = []) {
      const row = records.queued(except.length + 1).find(({ id }) => !except.includes(id));
      return row && toJob(row);
    },

    async position(id) {
      const row = records.find(id);
      return row ? records.queuedBefore(row.seq) : 0;
    },

    async counts() {
      const counts = { queued: 0, running: 0, succeeded: 0, failed: 0, canceled: 0 };
      for (const { status, n } of records.counts()) counts[status] = n;
      return counts;
    },

    async start(id) {
      const row = records.start(id, now());
      return row ? toJob(row) : undefined;
    },

    async end(id, from, ending, seen) {
      return required(() => {
        const row = records.find(id);
        return row && from.includes(row.status) ? finish(row, ending, seen) : undefined;
      });
    },

    async requeue(id) {
      const row = required(() => records.requeue(id));
      return row ? toJob(row) : undefined;
    },

    async delete(id) {
      return required(() => {
        const row = records.find(id);
        if (!row) return undefined;
        const job = toJob(row);
        if (row.status === "queued" || row.status === "running") finish(row, { status: "canceled" });
        records.remove(row, { pruned: false });
        return job;
      });
    },

    async recover() {
      return required(() => {
        const requeued: string[] = [];
        const interrupted: string[] = [];
        for (const row of records.running()) {
          if (row.attempts < mostAttempts) {
            // The attempt stays counted: a job that takes the server down with it must not do so for ever.
            records.retry(row);
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
      return required(() => {
        const rows = records.endedBefore(beforeTime, 1000);
        for (const row of rows) records.remove(row, { pruned: true });
        return rows.length;
      });
    },

    async filesInUse() {
      const ids = new Set<string>();
      for (const params of records.paramsOfLive()) {
        for (const [id] of params.matchAll(/file_[0-9a-f]{32}/g)) ids.add(id);
      }
      return ids;
    },
  };
}
