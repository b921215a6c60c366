/**
 * The queue that several nodes share: claims, and what becomes of the jobs of a node that is gone. Every time is the server's.
 *
 * @module
 */
import type { SQL } from "bun";
import { type Pulse, pulseOf } from "../../fleet/pulse.ts";
import type { Row } from "./postgres-records.ts";
import type { Held, Offer, Report } from "./store.ts";

/** The process that claims. Each start is a node of its own. */
export interface Node {
  /** A UUID. */
  id: string;
  name: string;
  role: string;
  version: string;
  /** Seconds after which a silent node's jobs go to others. */
  lease: number;
  /** Seconds: a job whose model is in memory here goes before a colder one that came at most so much earlier. */
  window: number;
}

/** Seconds after which a job whose files cannot be reached fails. */
const awayPatience = 600;
/** Seconds of a run after which its files were within reach for a while. */
const reachedFor = 60;
/** Runs that may meet a further outage after they reached their files: a place that only refuses results must not go on for ever. */
const mostOutages = 2;

/** Seconds for which other nodes leave a job that is being prepared here for last. */
const aheadSeconds = 30;

/**
 * The eligible jobs, the first 16 of each variant, and of the best 32 of these the first that no other transaction has. A job that
 * another node prepares goes last. The index on (variant, place) gives them; ordered by `seq` over all variants, the planner would walk
 * past every finished job. The numbers stand in the text: with parameters there, it would read the whole table. The best ones are tried
 * one by one, in the order that `best` has: to sort them behind the look at each would read and lock all of them.
 */
const picked = (sql: SQL, { id, window }: Node, { variants, types, budget, warm, except }: Offer) => sql`
  clock AS MATERIALIZED (SELECT easel_now() AS now),
  head AS MATERIALIZED (
    SELECT h.* FROM clock, unnest(${sql.array([...variants], "text")}) AS offered (variant)
    CROSS JOIN LATERAL (
      SELECT seq, created_at, warm_key = ANY (${sql.array([...warm], "text")}) AS warm,
        coalesce(ahead <> ${id}::uuid AND ahead_until > clock.now, false) AS elsewhere
      FROM jobs
      WHERE place IS NOT NULL AND variant = offered.variant AND need_bytes <= ${Math.floor(budget)}::bigint
        AND type = ANY (${sql.array([...types], "text")}) AND coalesce(not_before <= clock.now, true)
        AND id <> ALL (${sql.array([...except], "text")})
      ORDER BY place LIMIT 16) AS h),
  oldest AS (SELECT min(created_at) AS at FROM head),
  best AS MATERIALIZED (
    SELECT seq, row_number() OVER (
      ORDER BY elsewhere, NOT (warm AND created_at <= oldest.at + ${window}::float8), seq) AS turn
    FROM head, oldest ORDER BY turn LIMIT 32),
  pick AS (
    SELECT free.seq FROM best CROSS JOIN LATERAL (
      SELECT seq FROM jobs WHERE jobs.seq = best.seq AND place IS NOT NULL FOR UPDATE SKIP LOCKED) AS free
    LIMIT 1)`;

/**
 * Takes the best job of an offer. A node whose lease is over gets none: others would take the job back at once. `seen` is the number of
 * eligible jobs at the start; all of them may be gone when they are to be locked.
 */
export async function claimJob(sql: SQL, node: Node, offer: Offer): Promise<{ row?: Row; seen: number }> {
  const [row] = await sql<(Row & { seen: number; id: string | null })[]>`
    WITH ${picked(sql, node, offer)},
    taken AS (
      UPDATE jobs SET status = 'running', place = NULL, node = ${node.id}::uuid, claim = claim + 1, attempts = attempts + 1,
        ahead = NULL, ahead_until = NULL, not_before = NULL,
        away_since = CASE WHEN not_before < easel_now() - ${awayPatience}::float8 THEN NULL ELSE away_since END, started_at = easel_now(), progress = 0, progress_label = 'preparing'
      FROM pick
      WHERE jobs.seq = pick.seq AND EXISTS (SELECT 1 FROM nodes, clock WHERE id = ${node.id}::uuid AND lease_until > clock.now)
      RETURNING jobs.*)
    SELECT taken.*, (SELECT count(*)::int FROM head) AS seen FROM (VALUES (1)) AS one LEFT JOIN taken ON true`;
  return row!.id === null ? { seen: row!.seen } : { row: row as Row, seen: row!.seen };
}

/** The job that a claim would take, marked so that other nodes leave it for last. */
export async function markAhead(sql: SQL, node: Node, offer: Offer): Promise<Row | undefined> {
  const [row] = await sql<Row[]>`
    WITH ${picked(sql, node, offer)}
    UPDATE jobs SET ahead = ${node.id}::uuid, ahead_until = easel_now() + ${aheadSeconds}::float8
    FROM pick WHERE jobs.seq = pick.seq RETURNING jobs.*`;
  return row;
}

/** Puts a running job back, as if it had not begun. Undefined when the node does not hold it under that claim. */
export async function requeueJob(
  sql: SQL,
  { id: node }: Node,
  id: string,
  claim: number,
): Promise<Row | undefined> {
  const [row] = await sql<Row[]>`
    UPDATE jobs SET status = 'queued', place = seq, node = NULL, started_at = NULL, attempts = greatest(attempts - 1, 0),
      progress = NULL, progress_label = 'queued'
    WHERE id = ${id} AND status = 'running' AND node = ${node}::uuid AND claim = ${claim}::int RETURNING *`;
  return row;
}

/**
 * Puts a running job back for 5 seconds, and for as long as it has waited until then, at most for 60. Undefined when the node does not
 * hold it under that claim, or "over" when it has waited long enough. A run that reached its files before meets a new outage: its time
 * begins anew, and the attempt counts.
 */
export async function postponeJob(
  sql: SQL,
  { id: node }: Node,
  id: string,
  claim: number,
): Promise<Row | "over" | undefined> {
  const [row] = await sql<Row[]>`
    WITH held AS (
      SELECT seq, easel_now() AS now, away_since,
        coalesce(easel_now() >= away_since + ${awayPatience}::float8, false) AS long,
        easel_now() - started_at > ${reachedFor}::float8 AND attempts < ${mostOutages}::int AS anew
      FROM jobs WHERE id = ${id} AND status = 'running' AND node = ${node}::uuid AND claim = ${claim}::int FOR UPDATE),
    since AS (SELECT seq, now, long, CASE WHEN long THEN now ELSE coalesce(away_since, now) END AS at FROM held WHERE NOT long OR anew)
    UPDATE jobs SET status = 'queued', place = jobs.seq, node = NULL, started_at = NULL,
      attempts = CASE WHEN long THEN attempts ELSE greatest(attempts - 1, 0) END,
      progress = NULL, progress_label = 'queued', away_since = since.at,
      not_before = now + least(60, greatest(5, now - since.at))
    FROM since WHERE jobs.seq = since.seq RETURNING jobs.*`;
  if (row) return row;
  const [held] = await sql`
    SELECT 1 FROM jobs WHERE id = ${id} AND status = 'running' AND node = ${node}::uuid AND claim = ${claim}::int`;
  return held && "over";
}

/** From this length on, the queue is counted once a second for all nodes. */
const longQueue = 1000;

/**
 * Renews the node's lease, writes how far its jobs are, and gives those that it still holds and what else the node should know. One
 * statement, whatever it does.
 */
export async function beatNode(
  sql: SQL,
  node: Node,
  { running, state = {} }: Report,
): Promise<{ held: Held[]; queued: number; pulse: Pulse }> {
  const each = <T>(of: (job: Report["running"][number]) => T) => running.map(of);
  const [row] = await sql<(Pulse & { held: string; queued: number })[]>`
    WITH me AS (
      INSERT INTO nodes (id, name, role, version, lease_until, state)
      VALUES (${node.id}::uuid, ${node.name}, ${node.role}, ${node.version}, easel_now() + ${node.lease}::float8,
        ${JSON.stringify(state)})
      ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until, state = excluded.state
      RETURNING draining),
    seen AS (
      UPDATE jobs SET progress = r.progress, progress_label = r.label
      FROM unnest(${sql.array(
        each(({ id }) => id),
        "text",
      )}, ${sql.array(
        each(({ progress }) => progress ?? 0),
        "float8",
      )},
        ${sql.array(
          each(({ progress_label }) => progress_label),
          "text",
        )}) AS r (id, progress, label)
      WHERE jobs.id = r.id AND jobs.node = ${node.id}::uuid AND jobs.finished_at IS NULL
        AND (jobs.progress, jobs.progress_label) IS DISTINCT FROM (r.progress, r.label)),
    held AS (
      SELECT id, claim, EXISTS (SELECT 1 FROM watches WHERE job = jobs.id AND until > easel_now()) AS watched
      FROM jobs WHERE node = ${node.id}::uuid AND finished_at IS NULL),
    known AS MATERIALIZED (
      SELECT split_part(value, ' ', 2)::int AS queued FROM settings
      WHERE name = 'queued' AND abs(easel_now() - split_part(value, ' ', 1)::float8) < 1),
    counted AS MATERIALIZED (
      SELECT CASE WHEN EXISTS (SELECT 1 FROM known) THEN NULL
        ELSE (SELECT count(*)::int FROM jobs WHERE place IS NOT NULL) END AS queued),
    noted AS (
      INSERT INTO settings (name, value)
      SELECT 'queued', easel_now() || ' ' || queued FROM counted WHERE queued >= ${longQueue}::int
      ON CONFLICT (name) DO UPDATE SET value = excluded.value)
    SELECT coalesce((SELECT json_agg(held) FROM held), '[]')::text AS held,
      coalesce((SELECT queued FROM counted), (SELECT queued FROM known)) AS queued, ${pulseOf(sql, node)}`;
  const { held, queued, ...pulse } = row!;
  return { held: JSON.parse(held), queued, pulse };
}

/** Running jobs of nodes whose lease is over, locked. What another node has locked is left to it. */
export async function lostJobs(sql: SQL, onlyGone: boolean): Promise<Row[]> {
  const rows = await sql<Row[]>`
    WITH clock AS MATERIALIZED (SELECT easel_now() AS now)
    SELECT j.* FROM clock, jobs j LEFT JOIN nodes n ON n.id = j.node
    WHERE j.status = 'running' AND (n.id IS NULL OR (NOT ${onlyGone}::boolean AND n.lease_until <= clock.now))
    ORDER BY j.seq FOR UPDATE OF j SKIP LOCKED`;
  return [...rows];
}

/** Puts jobs back at their old places. The attempt stays counted. */
export async function retryJobs(sql: SQL, rows: readonly Row[]): Promise<void> {
  const seqs = rows.map(({ seq }) => seq);
  await sql`
    UPDATE jobs SET status = 'queued', place = seq, node = NULL, started_at = NULL, progress = NULL, progress_label = 'queued'
    WHERE seq = ANY (${sql.array(seqs, "bigint")})`;
}
