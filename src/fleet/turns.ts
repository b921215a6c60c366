/**
 * Upkeep that one machine of a fleet does for all.
 *
 * @module
 */
import type { SQL } from "bun";

/** The turn of looking for lost jobs. */
export const judging = "judged";

/**
 * Whether this machine may do the upkeep of that name: no machine has for so many seconds. The time of the turn is noted in a row, which
 * one of several machines changes. A time that far ahead is from before the database's clock was set back, and counts as over.
 */
export async function takeTurn(sql: SQL, name: string, seconds: number): Promise<boolean> {
  const rows = await sql`
    INSERT INTO settings (name, value) VALUES (${name}, easel_now()::text)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value
    WHERE abs(excluded.value::double precision - settings.value::double precision) >= ${seconds}::double precision
    RETURNING name`;
  return rows.length > 0;
}
