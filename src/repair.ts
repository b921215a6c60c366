/**
 * Repairs a data directory whose database is damaged or lost: a new database takes over the readable records and the stored files.
 *
 * @module
 */
import { Database } from "bun:sqlite";
import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
} from "node:fs";
import { join } from "node:path";
import { isDamaged, lockDirectory, openDatabase, refuseFolder, withRoom } from "./database.ts";
import { adoptBlobs, belongsTo, takeOver } from "./files/adopt.ts";
import { identityOf, isFileRow } from "./files/records.ts";
import { isJobRow } from "./jobs/store/records.ts";

export interface Repair {
  /** Why it was needed. */
  found: "a whole database" | "a damaged database" | "no database for the files";
  /** Where the damaged database is now. */
  aside: string | null;
  /** Records that could be read from it. */
  jobs: number;
  files: number;
  /** Files without a record that have a new one. */
  adopted: number;
  /** Folders and links among the stored files. They are left as they are. */
  skipped: string[];
}

/**
 * Repairs the directory, which no server may use meanwhile. Nothing is deleted.
 *
 * @param now Milliseconds. Part of the name of the damaged file.
 */
export async function repair(dataDir: string, filesRoot: string, now = Date.now()): Promise<Repair> {
  const unlock = withRoom(dataDir, () => lockDirectory(dataDir));
  try {
    const path = join(dataDir, "easel.db");
    refuseFolder(path);
    const damaged = existsSync(path) && !isWhole(path);
    const aside = damaged ? putAside(path, now) : null;
    const database = withRoom(dataDir, () => openDatabase(path));
    try {
      const { jobs, files } = aside ? salvage(aside, database) : { jobs: 0, files: 0 };
      const identity = identityOf(database);
      if (!aside && belongsTo(filesRoot, identity))
        return { found: "a whole database", aside, jobs, files, adopted: 0, skipped: [] };
      const { adopted, skipped } = await adoptBlobs(database, filesRoot);
      takeOver(filesRoot, identity);
      const found = aside ? "a damaged database" : "no database for the files";
      return { found, aside, jobs, files, adopted, skipped };
    } finally {
      database.close();
    }
  } finally {
    unlock();
  }
}

function isWhole(path: string): boolean {
  try {
    const database = new Database(path, { readonly: true });
    try {
      const answer = database.query<{ integrity_check: string }, []>("PRAGMA integrity_check(1)").get();
      return answer?.integrity_check === "ok";
    } finally {
      database.close();
    }
  } catch (error) {
    if (isDamaged(error)) return false;
    throw error;
  }
}

/** Moves the database with its log, so that both stay together. */
function putAside(path: string, now: number): string {
  const stamp = new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const aside = `${path}.damaged-${stamp}`;
  for (const suffix of ["", "-wal", "-shm"])
    if (existsSync(`${path}${suffix}`)) renameSync(`${path}${suffix}`, `${aside}${suffix}`);
  return aside;
}

/** Copies every record that can be read. A damaged page stops a scan, so each table is read from both of its ends. */
function salvage(from: string, into: Database): { jobs: number; files: number } {
  const copy = `${from}.reading`;
  let source: Database | undefined;
  try {
    source = openPadded(from, copy);
    const copied = {
      files: copyTable(source, into, "files", isFileRow),
      jobs: copyTable(source, into, "jobs", isJobRow),
    };
    for (const table of ["removed_jobs", "removed_files", "deliveries"])
      copyTable(source, into, table, () => true);
    return copied;
  } catch (error) {
    if (!isDamaged(error)) throw error;
    return { jobs: 0, files: 0 };
  } finally {
    source?.close();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${copy}${suffix}`, { force: true });
  }
}

/** Opens a copy with its missing end filled up: SQLite reads nothing of a file that is shorter than its header says. */
function openPadded(from: string, copy: string): Database {
  for (const suffix of ["", "-wal"])
    if (existsSync(`${from}${suffix}`)) copyFileSync(`${from}${suffix}`, `${copy}${suffix}`);
  const header = startOf(copy);
  const pageSize = header.readUInt16BE(16) === 1 ? 65536 : header.readUInt16BE(16);
  const wanted = pageSize * header.readUInt32BE(28);
  // A damaged header may say anything.
  if (wanted > statSync(copy).size && wanted < 2 ** 40) truncateSync(copy, wanted);
  return new Database(copy);
}

/** The first bytes of a file, with zeros behind its end. */
function startOf(path: string): Buffer {
  const start = Buffer.alloc(32);
  const file = openSync(path, "r");
  readSync(file, start);
  closeSync(file);
  return start;
}

type Row = Record<string, string | number | null>;

function copyTable(source: Database, into: Database, table: string, isValid: (row: Row) => boolean): number {
  const insertRow = (row: Row) => {
    const names = Object.keys(row);
    const insert = into.query<null, (string | number | null)[]>(
      `INSERT OR IGNORE INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
    );
    return insert.run(...Object.values(row)).changes;
  };
  let copied = 0;
  const copyFrom = (order: "ASC" | "DESC") => {
    try {
      const rows = source.query<Row, []>(`SELECT * FROM ${table} ORDER BY rowid ${order}`).iterate();
      for (const row of rows) if (isValid(row)) copied += insertRow(row);
    } catch {
      // Behind this row nothing can be read.
    }
  };
  into.transaction(() => {
    copyFrom("ASC");
    copyFrom("DESC");
  })();
  return copied;
}
