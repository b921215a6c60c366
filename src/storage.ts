/**
 * A data directory in use: its database, the space reserved beside it, and their faults.
 *
 * @module
 */
import type { Database } from "bun:sqlite";
import { closeSync, existsSync, fstatSync, openSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { DamagedDatabase, isDamaged, openDatabase, reserveOf, withRoom } from "./database.ts";
import { openReserve, type Spend } from "./disk/reserve.ts";
import { isDiskFull, Refusal } from "./errors.ts";
import type { Log } from "./log.ts";

export interface Storage {
  database: Database;
  spend: Spend;
  /** Examines an error of the database, and gives the error to throw instead. */
  fault(error: unknown): unknown;
  /** The store, with `fault` for all that its methods reject with. */
  guard<T extends object>(store: T): T;
  /** Why no job can be taken, or null. Asking sets the reserve aside again once it fits. */
  problem(): string | null;
  /** Resolves when the store cannot go on, with words for the operator. */
  failed: Promise<Error>;
  close(): void;
}

/** Below it a commit may not fit: the log grows by a few pages of 4 kB with each. */
const leastRoom = 2 ** 17;
/** Milliseconds between checks that the data directory still exists. */
const watchEvery = 1000;

/** Opens a data directory's database. On a full disk the reserve makes room for it. */
export function openStorage(dataDir: string, filesRoot: string, log: Log): Storage {
  const path = join(dataDir, "easel.db");
  const database = withRoom(dataDir, () => openDatabase(path));
  const reserve = openReserve(reserveOf(dataDir));
  const { promise: failed, resolve } = Promise.withResolvers<Error>();
  let problem: string | null = null;
  const fail = (words: string, error: Error) => {
    problem = words;
    resolve(error);
  };

  // Closed after the database only: closing any descriptor of the file drops SQLite's locks.
  const descriptor = openSync(path, "r");
  const look = () => {
    if (existsSync(path) && fstatSync(descriptor).nlink > 0) return;
    fail(
      "the data directory was removed",
      new Error(`data_dir ${dataDir} was removed or replaced while the server ran`),
    );
  };
  const watch = setInterval(look, watchEvery);
  watch.unref();

  function fault(error: unknown): unknown {
    if (isDamaged(error)) {
      fail("the job store is damaged", new DamagedDatabase(path, error));
      return storeFailed("The job store is damaged", error);
    }
    if (!isUnreachable(error)) return error;
    log.error("the job store cannot be read or written", { error });
    return storeFailed("The job store cannot be read or written", error);
  }

  return {
    database,
    spend: (write) => spend(database, reserve, write),
    fault,
    guard: (store) => guarded(store, fault),
    problem() {
      look();
      if (problem !== null) return problem;
      reserve.refill();
      const full = "no space is left on the server's disk";
      return reserve.isWhole() && hasRoom(dataDir) && hasRoom(filesRoot) ? null : full;
    },
    failed,
    close() {
      clearInterval(watch);
      database.close();
      closeSync(descriptor);
    },
  };
}

/** On a full disk, releases the reserve, writes again, and refills it. */
function spend<T>(database: Database, reserve: ReturnType<typeof openReserve>, write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (!isDiskFull(error)) throw error;
  }
  reserve.release();
  try {
    truncateLog(database);
    return write();
  } finally {
    truncateLog(database);
    reserve.refill();
  }
}

function truncateLog(database: Database): void {
  try {
    database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch {
    // The log keeps its length until a later checkpoint.
  }
}

function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= leastRoom;
  } catch {
    // A folder that is gone is found by the watch.
    return true;
  }
}

const isUnreachable = (error: unknown) =>
  /^SQLITE_(IOERR|CANTOPEN|READONLY|PERM)/.test(String((error as { code?: unknown } | null)?.code ?? ""));

function storeFailed(message: string, cause: unknown): Refusal {
  return Object.assign(new Refusal("store_failed", message), { cause });
}

/** The same object, whose methods' rejections go through `fault`. */
function guarded<T extends object>(store: T, fault: (error: unknown) => unknown): T {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member === "object" && member !== null) return guarded(member, fault);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        const result: unknown = member.apply(target, args);
        if (!(result instanceof Promise)) return result;
        return result.catch((error) => {
          throw fault(error);
        });
      };
    },
  });
}
