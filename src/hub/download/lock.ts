import { Database } from "bun:sqlite";
import { closeSync, openSync, rmSync, statSync } from "node:fs";
import { DownloadError } from "./errors.ts";

/** A connection that nobody can reach is collected, and its lock with it. */
const held = new Set<Database>();

/**
 * Takes a file's name for this process alone. It is a lock of the operating system on an SQLite file: there is no moment in which it
 * is half taken, and a process that dies gives it back, whoever gets its number later.
 *
 * @throws {DownloadError} `busy` when another process has it.
 */
export function lock(path: string, what: string): Disposable {
  for (;;) {
    const mine = fileAt(path);
    const database = new Database(path, { create: true });
    try {
      database.run("PRAGMA locking_mode = EXCLUSIVE");
      database.run("BEGIN EXCLUSIVE");
    } catch (error) {
      database.close();
      if ((error as { code?: string }).code === "SQLITE_BUSY")
        throw new DownloadError("busy", `Another process is downloading ${what}`);
      throw error;
    }
    // The one before may have removed the file between our opening it and our taking it: then it is nobody's, or a new one lies there.
    if (inodeOf(path) === mine) {
      held.add(database);
      return {
        [Symbol.dispose]() {
          rmSync(path, { force: true });
          held.delete(database);
          database.close();
        },
      };
    }
    database.close();
  }
}

const inodeOf = (path: string) => statSync(path, { throwIfNoEntry: false, bigint: true })?.ino;

/** Which file lies at a path. One is made where there is none: opening one that is there would, when it is closed, take its lock away. */
function fileAt(path: string): bigint {
  for (;;) {
    const inode = inodeOf(path);
    if (inode !== undefined) return inode;
    try {
      closeSync(openSync(path, "wx"));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}
