/**
 * Copies the ended jobs of a single machine into a fleet, under their ids, and the messages to webhooks that are still to be sent.
 * Repeated, it copies what is not there yet.
 *
 * @module
 */
import type { Database } from "bun:sqlite";
import type { Client } from "../../fleet/connect.ts";

export interface ImportedJobs {
  copied: number;
  /** Jobs that were in the fleet already. */
  there: number;
  /** Ids of jobs that wait or run: they stay where they are. */
  live: string[];
}

type Row = Record<string, string | number | null>;

const columns =
  "id, type, dialect, params, status, result, artifacts, error, error_code, created_at, started_at, finished_at, progress, " +
  "progress_label, attempts, webhook, webhook_delivery, idempotency_key, request_hash";
const batch = 500;

export async function importJobs(database: Database, client: Client): Promise<ImportedJobs> {
  const live = database
    .query<{ id: string }, []>("SELECT id FROM jobs WHERE status IN ('queued', 'running') ORDER BY seq")
    .all()
    .map(({ id }) => id);
  const ended = database.query<Row & { seq: number }, [number, number]>(
    `SELECT seq, ${columns} FROM jobs WHERE seq > ? AND status NOT IN ('queued', 'running') ORDER BY seq LIMIT ?`,
  );
  const imported: ImportedJobs = { copied: 0, there: 0, live };
  for (let after = 0; ; ) {
    const page = ended.all(after, batch);
    if (page.length === 0) break;
    after = page.at(-1)!.seq;
    const rows = page.map(({ seq, ...row }) => withoutNul(row));
    const copied = await client.begin(
      async (sql) => await sql`INSERT INTO jobs ${sql(rows)} ON CONFLICT DO NOTHING RETURNING id`,
    );
    imported.copied += copied.length;
    imported.there += page.length - copied.length;
  }
  await importDeliveries(database, client);
  return imported;
}

async function importDeliveries(database: Database, client: Client): Promise<void> {
  const rows = database
    .query<Row, []>("SELECT id, job_id, url, body, created_at, attempts, next_at FROM deliveries")
    .all();
  for (let at = 0; at < rows.length; at += batch)
    await client.begin(
      async (sql) =>
        await sql`INSERT INTO deliveries ${sql(rows.slice(at, at + batch))} ON CONFLICT DO NOTHING`,
    );
}

/** PostgreSQL's text holds no NUL. */
const withoutNul = (row: Row): Row =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === "string" ? value.replaceAll("\0", "") : value,
    ]),
  );
