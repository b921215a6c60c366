/**
 * Stored events of jobs in PostgreSQL. Their ids rise over all nodes, so a client may go on at any of them.
 *
 * @module
 */
import type { SQL } from "bun";
import type { JobEvent } from "../scheduler.ts";
import { isTerminal, type Told } from "./notices.ts";

/** An event, or the id of one that is too long for a notification. */
export type Heard = JobEvent | { id: number; event: JobEvent["event"]; data?: undefined };

/** A notification ends at 8000 bytes. */
const longestPayload = 7000;
/** Seconds for which a node's word counts that it follows a job. */
const watchSeconds = 10;
const keptSeconds = 3600;
const trimLock = 0x6561_7303;

/** The channel of one job's events. */
export const channelOf = (job: string) => `easel_j_${job.slice(4, 28)}`;

/** Stores an event and tells the nodes that follow the job; with `ifWatched`, only if there is one. Of previews the last one is kept. */
export async function addEvent(
  sql: SQL,
  job: string,
  { event, data }: Told,
  ifWatched: boolean,
): Promise<boolean> {
  const text = JSON.stringify(data);
  const told = Buffer.byteLength(text) <= longestPayload ? text : "";
  const rows = await sql`
    WITH before AS (DELETE FROM job_events WHERE job = ${job} AND event = 'preview' AND ${event === "preview"}::bool),
    added AS (
      INSERT INTO job_events (job, id, event, data) SELECT ${job}, nextval('event_ids'), ${event}, ${text}
      WHERE NOT ${ifWatched}::bool OR EXISTS (SELECT 1 FROM watches WHERE job = ${job} AND until > easel_now())
      RETURNING id)
    SELECT pg_notify(${channelOf(job)}, id || ' ' || ${`${event} ${told}`}) FROM added`;
  return rows.length > 0;
}

/** The event of a notification. */
export function eventOf(payload: string): Heard {
  const [, id, event, data] = /^(\d+) (\w+) (.*)$/s.exec(payload) ?? [];
  const name = event as JobEvent["event"];
  return data ? { id: Number(id), event: name, data: JSON.parse(data) } : { id: Number(id), event: name };
}

/** Events after an id, oldest first. A terminal one has no data: the job's row has it. */
export async function storedEvents(sql: SQL, job: string, after: number): Promise<JobEvent[]> {
  const rows = await sql<{ id: string; event: JobEvent["event"]; data: string }[]>`
    SELECT id, event, data FROM job_events WHERE job = ${job} AND id > ${after}::bigint ORDER BY id`;
  return rows.map(({ id, event, data }) => ({ id: Number(id), event, data: JSON.parse(data) }));
}

/** Whether a client that has the events up to an id has the last one. */
export async function hasTerminal(sql: SQL, job: string, upTo: number): Promise<boolean> {
  const rows = await sql`
    SELECT 1 FROM job_events WHERE job = ${job} AND id <= ${upTo}::bigint AND event NOT IN ('status', 'preview') LIMIT 1`;
  return rows.length > 0;
}

/** An id for the present state of a job. That of its end is remembered. */
export async function idOf(sql: SQL, job: string, told: Told): Promise<number> {
  const [row] = isTerminal(told)
    ? await sql<{ id: string }[]>`
        INSERT INTO job_events (job, id, event, data) VALUES (${job}, nextval('event_ids'), ${told.event}, '{}') RETURNING id`
    : await sql<{ id: string }[]>`SELECT nextval('event_ids') AS id`;
  return Number(row!.id);
}

/** Says that this node follows the jobs, and gives for each its status and place. */
export async function lookAt(sql: SQL, node: string, ids: readonly string[]): Promise<Map<string, string>> {
  const jobs = sql.array([...ids], "text");
  const rows = await sql<{ id: string; status: string; place: number | null }[]>`
    WITH watched AS (
      INSERT INTO watches (job, node, until) SELECT id, ${node}::uuid, easel_now() + ${watchSeconds}::float8 FROM unnest(${jobs}) AS id
      ON CONFLICT (job, node) DO UPDATE SET until = excluded.until)
    SELECT id, status, CASE WHEN place IS NOT NULL THEN (
      SELECT count(*)::int FROM jobs b WHERE b.place < j.place AND (b.variant = '') = (j.variant = '')) END AS place
    FROM jobs j WHERE id = ANY (${jobs})`;
  return new Map(rows.map(({ id, status, place }) => [id, `${status} ${place ?? ""}`]));
}

/** One node at a time removes what nobody asks for any more. */
export async function removeOldEvents(sql: SQL): Promise<void> {
  await sql`
    WITH mine AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(${trimLock}) AS ok),
    unwatched AS (DELETE FROM watches USING mine WHERE mine.ok AND until < easel_now() - ${watchSeconds}::float8)
    DELETE FROM job_events USING mine WHERE mine.ok AND created_at < easel_now() - ${keptSeconds}::float8`;
}
