/**
 * A clock of a fleet's database that tests move: `easel_now()` reads a row.
 *
 * @module
 */
import type { Connection } from "../../src/fleet/connect.ts";

/** Needs the connection of the tables' owner. */
export async function stopClock({ durable }: Connection, now: number): Promise<void> {
  await durable.run((sql) =>
    sql.unsafe(`
      CREATE TABLE stopped_clock (now double precision NOT NULL);
      INSERT INTO stopped_clock VALUES (${now});
      GRANT SELECT ON stopped_clock TO easel_node;
      CREATE OR REPLACE FUNCTION easel_now() RETURNS double precision LANGUAGE sql VOLATILE
        AS 'SELECT now FROM stopped_clock'`),
  );
}

export async function moveClock({ durable }: Connection, seconds: number): Promise<void> {
  await durable.run((sql) => sql`UPDATE stopped_clock SET now = now + ${seconds}::float8`);
}
