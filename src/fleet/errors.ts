/**
 * Errors of a fleet's database: those that pass, and those that the operator has to mend.
 *
 * @module
 */
import { Refusal } from "../errors.ts";

/** The fleet cannot be used as it is set up. The message says what to do, and holds no password and no key. */
export class SetupError extends Error {
  override name = "SetupError" as const;
}

interface DatabaseError {
  code?: string;
  /** SQLSTATE, when the server reported the error. */
  errno?: string | number;
}

/** The error's SQLSTATE, or "" when the server did not report it. */
export const sqlState = (error: unknown): string => {
  const { errno } = (error ?? {}) as DatabaseError;
  return typeof errno === "string" && /^[0-9A-Z]{5}$/.test(errno) ? errno : "";
};

/** The transaction was undone so that another could go on; it may be tried again at once. */
export const isConflict = (error: unknown): boolean => /^(40001|40P01)$/.test(sqlState(error));

/** The server is gone, shuts down, or is a standby now: another one may take the call. */
export const isElsewhere = (error: unknown): boolean =>
  /^(08|57P0)/.test(sqlState(error)) || isReadOnly(error) || isBroken(error);

/** The server is a standby: the name that led to it leads to another one soon. */
export const isReadOnly = (error: unknown): boolean => sqlState(error) === "25006";

/** The connection failed. The server itself said nothing. */
const isBroken = (error: unknown): boolean =>
  /^(ERR_POSTGRES_(CONNECTION|IDLE_TIMEOUT|LIFETIME_TIMEOUT)|ECONN|EPIPE|ETIMEDOUT|EHOST|ENET)/.test(
    String((error as DatabaseError | null)?.code ?? ""),
  );

/** The server is away, overloaded, or did not answer in time: the same call may succeed later. */
export function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // 53: no resources; 55P03, 57014: waited too long; 25P03: idle in a transaction
  return isElsewhere(error) || /^(53|25P03|55P03|57014|40001|40P01)/.test(sqlState(error));
}

/** The error that a caller sees. Its text names neither host nor database. */
export function refusalOf(error: unknown): unknown {
  if (error instanceof Refusal || error instanceof SetupError) return error;
  if (sqlState(error) === "53100")
    return Object.assign(new Refusal("disk_full", "No space is left on the disk of the job store"), {
      cause: error,
    });
  return isAway(error) ? unavailable(error) : error;
}

/** @internal */
export function unavailable(cause: unknown): Refusal {
  const refusal = new Refusal("store_unavailable", "The job store does not answer; try again in a moment", {
    "Retry-After": "5",
  });
  return Object.assign(refusal, { cause });
}
