/**
 * What a fleet's database says to each beat of a machine. It travels with the beat, in one statement.
 *
 * @module
 */
import type { SQL } from "bun";
import { judging } from "./turns.ts";

export interface Pulse {
  /** The machine is to take no more jobs. */
  draining: boolean;
  /** Unix seconds by the server's clock. */
  now: number;
  /** The oldest schema that a machine may know. */
  oldest_node: number;
  /** Seconds since a machine looked for lost jobs; null before the first look. Negative after the clock was set back. */
  judged_ago: number | null;
  /** Another machine of the same name is alive. */
  has_twin: boolean;
  /** Orders wait for the machine. */
  has_orders: boolean;
}

/** The pulse, as columns of the statement that beats. `me` is there the machine's row. */
export const pulseOf = (sql: SQL, { id, name }: { id: string; name: string }) => sql`
  (SELECT draining FROM me) AS draining, easel_now() AS now, (SELECT oldest_node FROM fleet_schema) AS oldest_node,
  easel_now() - (SELECT value::float8 FROM settings WHERE name = ${judging}) AS judged_ago,
  EXISTS (SELECT 1 FROM nodes WHERE name = ${name} AND id <> ${id}::uuid AND lease_until > easel_now()) AS has_twin,
  EXISTS (SELECT 1 FROM orders WHERE node = ${id}::uuid AND answer IS NULL) AS has_orders`;
