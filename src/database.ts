/**
 * The one SQLite file that the job store and the file store share, so that a job and the files it made are committed together.
 * Only those two rooms know of it.
 *
 * @module
 */
import { Database } from "bun:sqlite";
import { accessSync, chmodSync, constants, mkdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { isDiskFull } from "./errors.ts";
import { filesSchema } from "./files/schema.ts";
import { dialectSchema, jobsSchema, webhookDeliverySchema } from "./jobs/store/schema.ts";

/** The way from an empty file to today's schema. A released step never changes: a new one goes to the end. */
const migrations: readonly string[] = [jobsSchema, filesSchema, webhookDeliverySchema, dialectSchema];

/** A database that cannot be read any more. */
export class DamagedDatabase extends Error {
  override name = "DamagedDatabase" as const;

  constructor(path: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `The database ${path} is damaged (${reason}). "easel repair" puts it aside, starts a new one, and keeps the stored files and ` +
        "the records that can still be read",
      { cause },
    );
  }
}

export const isDamaged = (error: unknown) => /^SQLITE_(CORRUPT|NOTADB)/.test(codeOf(error));

const codeOf = (error: unknown) => String((error as { code?: unknown } | null)?.code ?? "");

/**
 * Opens the file, or a database in memory for `":memory:"`, and brings its schema up to date.
 *
 * @throws {DamagedDatabase}
 */
export function openDatabase(path: string): Database {
  if (path === ":memory:") return prepared(new Database(path, { strict: true }));
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  refuseFolder(path);
  const database = new Database(path, { create: true, strict: true });
  try {
    chmodSync(path, 0o600);
    return prepared(database);
  } catch (error) {
    database.close();
    throw isDamaged(error) ? new DamagedDatabase(path, error) : error;
  }
}

/** SQLite calls a folder in the database's place a disk I/O error. */
export function refuseFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new Error(`${path} is a folder, but the database should be a file there: move the folder away`);
}

function prepared(database: Database): Database {
  // A commit is a promise to a client, so it must reach the disk first. NORMAL would lose the last ones at a loss of power.
  database.run("PRAGMA journal_mode = WAL");
  database.run("PRAGMA synchronous = FULL");
  // A Mac's drive keeps what fsync gave it in its own cache. This empties it, also of the blobs that came before the commit.
  database.run("PRAGMA fullfsync = ON");
  database.run("PRAGMA foreign_keys = ON");
  database.run("PRAGMA busy_timeout = 5000");
  migrate(database);
  return database;
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

/** Locks in use: an unreachable connection is collected, and its lock is lost. */
const held = new Set<Database>();

/**
 * Takes a data directory for this process alone. The lock is a lock of the operating system on an SQLite file, so that a crash
 * gives it back.
 *
 * @returns What gives the directory back.
 * @throws When another process has it.
 */
export function lockDirectory(directory: string): () => void {
  const lock = openLock(directory);
  held.add(lock);
  return () => {
    held.delete(lock);
    lock.close();
  };
}

function openLock(directory: string): Database {
  let lock: Database | undefined;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    accessSync(directory, constants.W_OK | constants.X_OK);
    lock = new Database(`${directory}/server.lock`, { create: true });
    lock.run("PRAGMA journal_mode = DELETE");
    lock.run("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock?.close();
    throw lockError(directory, error);
  }
}

function lockError(directory: string, error: unknown): unknown {
  const code = codeOf(error);
  if (code === "SQLITE_BUSY")
    return new Error("Another easel server uses this data directory: stop it, or choose another data_dir");
  if (code === "EEXIST" || code === "ENOTDIR")
    return new Error(`data_dir ${directory} is not a folder, or its parent is not: choose another data_dir`);
  if (/^(EROFS|EACCES|EPERM|SQLITE_(READONLY|CANTOPEN|PERM))/.test(code))
    return new Error(
      `data_dir ${directory} cannot be written (${code}): choose another data_dir, or change its permissions`,
    );
  return error;
}

export const reserveOf = (dataDir: string) => join(dataDir, "easel.reserve");

/**
 * Runs a step that opens a data directory. On a full disk the reserve is given up, and the step runs once more.
 *
 * @throws {Error} with a message for the operator when the disk is still full.
 */
export function withRoom<T>(dataDir: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (!isDiskFull(error)) throw error;
  }
  try {
    rmSync(reserveOf(dataDir), { force: true });
    return open();
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    const words = `No space is left on the disk of data_dir ${dataDir}: free some space there, then try again`;
    throw new Error(words, { cause: error });
  }
}
