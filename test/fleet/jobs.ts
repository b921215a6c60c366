/**
 * Job stores over a fleet's database for tests.
 *
 * @module
 */
import { insertFiles } from "../../src/files/shared/postgres-records.ts";
import type { Connection } from "../../src/fleet/connect.ts";
import { createPostgresJobStore, type PostgresJobStoreOptions } from "../../src/jobs/store/postgres.ts";
import type { Node } from "../../src/jobs/store/postgres-queue.ts";

export const nodeOf = (more: Partial<Node> = {}): Node => ({
  id: crypto.randomUUID(),
  name: "here",
  role: "both",
  version: "1.2.3",
  lease: 15,
  window: 60,
  ...more,
});

/** The store of a node that has its lease. */
export async function jobStore(
  connection: Connection,
  node: Node,
  more: Partial<PostgresJobStoreOptions> = {},
) {
  const store = createPostgresJobStore({ connection, node, insertFiles, ...more });
  await store.beat({ running: [] });
  return store;
}

/** Removes what the last test has left. */
export const empty = ({ durable }: Connection) =>
  durable.run((sql) =>
    sql.unsafe(
      "DELETE FROM jobs; DELETE FROM removed_jobs; DELETE FROM files; DELETE FROM job_files; DELETE FROM deliveries; DELETE FROM nodes; " +
        "DELETE FROM watches; DELETE FROM job_events; DELETE FROM settings WHERE name = 'queued'",
    ),
  );
