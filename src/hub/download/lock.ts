import { Database } from "bun:sqlite";
import { closeSync, openSync, rmSync, statSync } from "node:fs";
import { DownloadError } from "./errors.ts";

/** Keeps connections reachable: the garbage collector would release the lock of an unreachable one. */
const held = new Set<Database>();

/**
 * Locks a file's name for this process. The lock is the operating system's, on an SQLite file: taking it is atomic, and the
 * system releases it when the process dies, even if another process gets its id.
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
    // The previous owner may have removed the file after it was opened here: then this lock is on a deleted file.
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

/**
 * Inode of the file at `path`, created if missing. An existing file must not be opened: closing it would release this process's
 * lock on it.
 */
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
