/**
 * The one SQLite file that the job store and the file store share, so that a job and the files it made are committed together.
 * Only those two rooms know of it.
 *
 * @module
 */
import { Database } from "bun:sqlite";
import { chmodSync, mkdirSync, rmSync, statfsSync } from "node:fs";
import { dirname, join } from "node:path";
import { openReserve, type Spend } from "./disk/reserve.ts";
import { isDiskFull } from "./errors.ts";
import { filesSchema } from "./files/schema.ts";
import { jobsSchema, webhookDeliverySchema } from "./jobs/store/schema.ts";

/** The way from an empty file to today's schema. A released step never changes: a new one goes to the end. */
const migrations: readonly string[] = [jobsSchema, filesSchema, webhookDeliverySchema];

/** Opens the file, or a database in memory for `":memory:"`, and brings its schema up to date. */
export function openDatabase(path: string): Database {
  if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const database = new Database(path, { create: true, strict: true });
  if (path !== ":memory:") chmodSync(path, 0o600);
  // A commit is what the server promised a client, so it reaches the disk before the promise is given.
  database.run("PRAGMA journal_mode = WAL");
  database.run("PRAGMA synchronous = FULL");
  // A Mac's drive keeps what fsync gave it in its own cache. This empties it, also of the blobs that came before the commit.
  database.run("PRAGMA fullfsync = ON");
  database.run("PRAGMA foreign_keys = ON");
  database.run("PRAGMA busy_timeout = 5000");
  migrate(database);
  return database;
}

/** The database of a data directory, and the space beside it. */
export interface Storage {
  database: Database;
  spend: Spend;
  /** Whether the disk has room for new jobs. Asking sets the reserve aside again once it fits. */
  hasRoom(): boolean;
}

/** Opens a data directory's database. On a full disk the reserve makes room for it. */
export function openStorage(dataDir: string, filesRoot: string): Storage {
  const path = join(dataDir, "easel.db");
  const reservePath = join(dataDir, "easel.reserve");
  const database = openInAnyCase(path, reservePath);
  const reserve = openReserve(reservePath);
  return {
    database,
    spend(write) {
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
    },
    hasRoom() {
      reserve.refill();
      if (!reserve.isWhole()) return false;
      return [dataDir, filesRoot].every((folder) => {
        const { bavail, bsize } = statfsSync(folder);
        return bavail * bsize >= leastRoom;
      });
    },
  };
}

/** Below it a commit may not fit: the log grows by a few pages of 4 kB with each. */
const leastRoom = 2 ** 17;

function openInAnyCase(path: string, reservePath: string): Database {
  try {
    return openDatabase(path);
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    rmSync(reservePath, { force: true });
    return openDatabase(path);
  }
}

function truncateLog(database: Database): void {
  try {
    database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch {
    // The log keeps its length until a later checkpoint.
  }
}

function migrate(database: Database) {
  const version = () =>
    database.query<{ user_version: number }, []>("PRAGMA user_version").get()!.user_version;
  if (version() > migrations.length) {
    throw new Error("The data directory was written by a newer version of easel: update this one to use it");
  }
  database
    .transaction(() => {
      for (let step = version(); step < migrations.length; step++) {
        database.run(migrations[step]!);
        database.run(`PRAGMA user_version = ${step + 1}`);
      }
    })
    .immediate();
}

/** A connection that nobody can reach is collected, and its lock with it. */
const held = new Set<Database>();

/**
 * Takes a data directory for this process alone. The lock is a lock of the operating system on an SQLite file, so that a crash
 * gives it back.
 *
 * @returns What gives the directory back.
 * @throws When another process has it.
 */
export function lockDirectory(directory: string): () => void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const lock = new Database(`${directory}/server.lock`, { create: true });
  try {
    lock.run("PRAGMA journal_mode = DELETE");
    lock.run("BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    if (error instanceof Error && "code" in error && error.code === "SQLITE_BUSY") {
      throw new Error("Another easel server uses this data directory: stop it, or choose another data_dir");
    }
    throw error;
  }
  held.add(lock);
  return () => {
    held.delete(lock);
    lock.close();
  };
}
