/**
 * Job records in PostgreSQL: the statements that no claim is part of.
 *
 * @module
 */
import type { SQL } from "bun";
import { activationType, type Job, type JobStatus } from "../job.ts";
import type { Ended, Page } from "./records.ts";
import { isJobRow, type Row as LocalRow, toJob } from "./records.ts";
import type { Arrival, Sender, Webhook } from "./store.ts";

/** A row of `jobs`. A bigint arrives as a string. */
export interface Row extends Omit<LocalRow, "seq"> {
  seq: string;
  claim: number;
  node: string | null;
  variant: string;
}

/** A record that another machine wrote wrongly shows as empty, so that it harms no list. */
export function jobOf(row: Row): Job {
  const local = { ...row, seq: Number(row.seq) };
  return toJob(isJobRow(local) ? local : { ...local, params: "{}", result: null, artifacts: "[]" });
}

/** Whether a row can be run. Rows are words of other machines. */
export const isRequest = (row: Row): boolean =>
  isJobRow({ ...row }) && !Array.isArray(JSON.parse(row.params));

export const senderOf = ({ dialect, webhook }: Row): Sender => ({
  dialect,
  webhook: webhook === null ? undefined : (JSON.parse(webhook) as Webhook),
});

/** PostgreSQL's text holds no NUL. JSON escapes it; other texts lose it. */
export const withoutNul = (text: string) => text.replaceAll("\0", "");
/** Keys keep theirs: without it, two keys could become one. */
const storedKey = (key: string) => key.replaceAll("\\", "\\\\").replaceAll("\0", "\\0");

const fileIds = /file_[0-9a-f]{32}/g;
/** Removed jobs are remembered so far back, counted in jobs that came since. */
const rememberedRemovals = 1_000_000;

export async function findJob(sql: SQL, id: string): Promise<Row | undefined> {
  const [row] = await sql<Row[]>`SELECT * FROM jobs WHERE id = ${id}`;
  return row;
}

export async function jobWithKey(sql: SQL, key: string): Promise<Row | undefined> {
  const [row] = await sql<Row[]>`SELECT * FROM jobs WHERE idempotency_key = ${storedKey(key)}`;
  return row;
}

/** Undefined when a job has the key already. */
export async function insertJob(sql: SQL, job: Arrival): Promise<Row | undefined> {
  const { type, dialect = "kiapi", params, webhook, idempotency, demand } = job;
  const id = `job_${crypto.randomUUID().replaceAll("-", "")}`;
  const text = JSON.stringify(params);
  const [row] = await sql<Row[]>`
    INSERT INTO jobs (seq, place, id, type, dialect, params, status, progress_label, webhook, idempotency_key, request_hash,
      variant, warm_key, need_bytes)
    SELECT n, n, ${id}, ${type}, ${dialect}, ${text}, 'queued', 'queued', ${webhook ? JSON.stringify(webhook) : null}::text,
      ${idempotency ? storedKey(idempotency.key) : null}::text, ${idempotency?.hash ?? null}::text,
      ${demand.variant}, ${demand.warmKey}, ${Math.ceil(demand.bytes)}::bigint
    FROM nextval(pg_get_serial_sequence('jobs', 'seq')) AS n
    ON CONFLICT (idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING RETURNING *`;
  if (row) await keepNamedFiles(sql, row.seq, text.match(fileIds) ?? []);
  return row;
}

/** Holds on to the files that a job names, so that retention takes none of them until the job has ended. */
async function keepNamedFiles(sql: SQL, seq: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const named = sql.array([...new Set(ids)].sort(), "text");
  await sql`SELECT 1 FROM files WHERE file_id = ANY (${named}) ORDER BY file_id FOR KEY SHARE`;
  await sql`INSERT INTO job_files (seq, file_id) SELECT ${seq}::bigint, unnest(${named})`;
}

type Outcome = Omit<Ended, "finished_at">;

/** The columns of an end. */
const columnsOf = (sql: SQL, ended: Outcome) => sql`
  status = ${ended.status}, place = NULL, result = ${ended.result && JSON.stringify(ended.result)},
  artifacts = ${JSON.stringify(ended.artifacts)}, error = ${ended.error && withoutNul(ended.error)},
  error_code = ${ended.error_code}, finished_at = easel_now(), progress = coalesce(${ended.progress}::float8, progress),
  progress_label = coalesce(${ended.progress_label && withoutNul(ended.progress_label)}, progress_label)`;

/** Ends a job whose row is locked. */
export async function endJob(sql: SQL, seq: string, ended: Outcome): Promise<Row> {
  const [row] = await sql<Row[]>`
    WITH let_go AS (DELETE FROM job_files WHERE seq = ${seq}::bigint)
    UPDATE jobs SET ${columnsOf(sql, ended)} WHERE seq = ${seq}::bigint RETURNING *`;
  return row!;
}

/** Who may end a job, and from which statuses. Without a holder, everybody may. */
export interface Fence {
  id: string;
  from: readonly JobStatus[];
  holder: { node: string; claim: number } | undefined;
}

/**
 * Ends a job that has no webhook, in one statement with the records of its files. Undefined when that changed nothing: `endJob` in a
 * transaction tells why.
 */
export async function endAtOnce(
  sql: SQL,
  { id, from, holder }: Fence,
  ended: Outcome,
  insertFiles: (condition: SQL.Query<unknown>) => SQL.Query<unknown>,
): Promise<Row | undefined> {
  const [row] = await sql<Row[]>`
    WITH ended AS (
      UPDATE jobs SET ${columnsOf(sql, ended)}
      WHERE id = ${id} AND status = ANY (${sql.array([...from], "text")}) AND webhook IS NULL
        AND (${holder === undefined}::bool OR (node = ${holder?.node ?? null}::uuid AND claim = ${holder?.claim ?? null}::int))
      RETURNING *),
    let_go AS (DELETE FROM job_files USING ended WHERE job_files.seq = ended.seq),
    kept AS (${insertFiles(sql`EXISTS (SELECT FROM ended)`)})
    SELECT * FROM ended`;
  return row;
}

/** Cancels every queued job, or those of a type. */
export async function cancelQueued(sql: SQL, type: string | undefined): Promise<Row[]> {
  const rows = await sql<Row[]>`
    UPDATE jobs SET status = 'canceled', place = NULL, finished_at = easel_now()
    WHERE place IS NOT NULL ${type === undefined ? sql`` : sql`AND type = ${type}`} RETURNING *`;
  rows.sort((a, b) => Number(a.seq) - Number(b.seq));
  const seqs = rows.map(({ seq }) => seq);
  if (seqs.length > 0) await sql`DELETE FROM job_files WHERE seq = ANY (${sql.array(seqs, "bigint")})`;
  return [...rows];
}

/** Removes records and remembers their ids. */
export async function removeJobs(sql: SQL, seqs: readonly string[], pruned: boolean): Promise<number> {
  const gone = await sql`
    WITH gone AS (DELETE FROM jobs WHERE seq = ANY (${sql.array([...seqs], "bigint")}) RETURNING seq, id)
    INSERT INTO removed_jobs (seq, id, pruned) SELECT seq, id, ${pruned} FROM gone RETURNING 1`;
  await sql`DELETE FROM removed_jobs WHERE seq <= (SELECT max(seq) FROM removed_jobs) - ${rememberedRemovals}::bigint`;
  return gone.length;
}

/** The place in the order of arrival of a job that may be gone. */
export async function placeOf(sql: SQL, id: string): Promise<string | undefined> {
  const [row] = await sql<{ seq: string }[]>`
    SELECT seq FROM jobs WHERE id = ${id} UNION ALL SELECT seq FROM removed_jobs WHERE id = ${id}`;
  return row?.seq;
}

/** Newest first, with one row more than `limit` when there are more. */
export async function pageOfJobs(
  sql: SQL,
  { limit, before, status, type }: Omit<Page, "before"> & { before?: string | undefined },
): Promise<Row[]> {
  const rows = await sql<Row[]>`
    SELECT * FROM jobs WHERE true
    ${before === undefined ? sql`` : sql`AND seq < ${before}::bigint`}
    ${status === undefined ? sql`` : sql`AND status = ${status}`}
    ${type === undefined ? sql`` : sql`AND type = ${type}`}
    ORDER BY seq DESC LIMIT ${limit + 1}`;
  return [...rows];
}

/** Queued jobs of the same lane that came before. Downloads, and only they, have no variant. */
export async function queuedBefore(sql: SQL, { seq, type }: Row): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    SELECT count(*)::int AS n FROM jobs
    WHERE place < ${seq}::bigint AND (variant = '') = ${type === activationType}::bool`;
  return row!.n;
}

export async function queuedJobs(sql: SQL): Promise<number> {
  const [row] = await sql<{ n: number }[]>`SELECT count(*)::int AS n FROM jobs WHERE place IS NOT NULL`;
  return row!.n;
}
