/**
 * The database of the benchmark: a PostgreSQL of its own with durable commits, and what it has spent.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { insertFiles } from "../../src/files/shared/postgres-records.ts";
import { addressOf } from "../../src/fleet/address.ts";
import { connect } from "../../src/fleet/connect.ts";
import { initialize } from "../../src/fleet/migrate.ts";
import { createPostgresJobStore } from "../../src/jobs/store/postgres.ts";
import { defaultSettings } from "../../src/settings/load.ts";
import { postgresPrograms, startPostgres } from "../../test/fleet/postgres.ts";
import { jobOf, variants } from "./jobs.ts";

const programs = postgresPrograms();
if (!programs) throw new Error("install PostgreSQL: apt install postgresql");
/** Counting statements takes some time itself, so only the part that prints them counts. */
const counts = process.argv.includes("statements") ? { shared_preload_libraries: "pg_stat_statements" } : {};
export const server = await startPostgres(programs, { fsync: true, settings: counts });
export const { url } = await server.database();
const address = addressOf(defaultSettings({ fleet_url: url }), {});

/** The three connections of a machine. */
export const open = () => connect(address);
export const connection = open();
const { durable } = connection;
await durable.run((sql) => sql.unsafe("CREATE ROLE easel_node LOGIN"));
await initialize(connection);

const node = {
  id: crypto.randomUUID(),
  name: "bench",
  role: "api",
  version: "0",
  lease: 3600,
  window: 60,
};
export const store = createPostgresJobStore({ connection, node, insertFiles });
await store.beat({ running: [] });

/** Seconds of the processor that the server's processes have taken. Those that have ended are not among them. */
export function serverSeconds(): number {
  const { pid } = server.daemon();
  let ticks = 0;
  for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const fields = readFileSync(`/proc/${entry}/stat`, "utf8").split(") ")[1]!.split(" ");
      if (Number(fields[1]) === pid) ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // a process that has just ended
    }
  }
  return ticks / 100;
}

/** Bytes of log that the server has written, and how often it brought them to the disk. */
export async function written(): Promise<{ bytes: number; syncs: number }> {
  const [row] = await durable.run(
    (sql) => sql<{ bytes: number; syncs: number }[]>`
      SELECT (pg_current_wal_lsn() - '0/0'::pg_lsn)::float8 AS bytes, wal_sync::float8 AS syncs FROM pg_stat_wal`,
  );
  return row!;
}

/** Empties the queue and fills it with jobs of four models in mixed order. */
export async function fill(count: number): Promise<void> {
  for (const text of ["DELETE FROM jobs", "DELETE FROM files"]) await durable.run((sql) => sql.unsafe(text));
  const { type, params } = jobOf("");
  await durable.run((sql) =>
    sql.unsafe(`
      INSERT INTO jobs (seq, place, id, type, params, status, variant, warm_key, need_bytes)
      SELECT n, n, 'job_' || md5(n::text), '${type}', jsonb_set('${JSON.stringify(params)}', '{variant}', to_jsonb(v))::text, 'queued', v,
        v || '@full', 1
      FROM (SELECT nextval('jobs_seq_seq') AS n, (ARRAY['${variants.join("','")}'])[1 + i * 7919 % 4] AS v
        FROM generate_series(1, ${count}) AS i) AS s`),
  );
  await tidy();
}

/** What the server does by itself within a minute, so that it does not begin during a measurement. */
export async function tidy(): Promise<void> {
  for (const text of ["VACUUM ANALYZE jobs", "VACUUM ANALYZE nodes", "CHECKPOINT"])
    await durable.run((sql) => sql.unsafe(text));
}
