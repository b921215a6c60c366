/**
 * The file store over SQLite and a local folder.
 *
 * @module
 */
import type { Database } from "bun:sqlite";
import { join } from "node:path";
import type { Spend } from "../disk/reserve.ts";
import { type Disk, openBlobs, openOwnBlobs } from "./blobs.ts";
import { createFileStore } from "./create-store.ts";
import { folderBytes } from "./folder-bytes.ts";
import { folderReceived, receivedName } from "./received.ts";
import { identityOf, sqliteRecords } from "./records.ts";
import type { FileStore } from "./store.ts";

export interface LocalStoreOptions {
  database: Database;
  /** Folder of the bytes. */
  root: string;
  /** Unix seconds. */
  now?: () => number;
  disk?: Disk;
  /** How deletions reach a full disk. */
  spend?: Spend;
}

/**
 * Opens the store. The database is the one that holds the jobs, so that a job and its files are committed together.
 *
 * @example
 * ```ts
 * const files = await openLocalStore({ database: openDatabase(`${data_dir}/easel.db`), root: files_root });
 * await files.sweep(0);
 * const record = await files.store(new Blob(["hello"]), { filename: "hello.txt" });
 * ```
 */
export async function openLocalStore(options: LocalStoreOptions): Promise<FileStore> {
  const { database, now = () => Date.now() / 1000, spend = (write) => write() } = options;
  const identity = identityOf(database);
  const blobs = await openBlobs(options.root, identity, options.disk);
  const received = folderReceived(await openOwnBlobs(join(options.root, "uploads"), identity, receivedName));
  return createFileStore({
    records: sqliteRecords(database, spend),
    bytes: folderBytes(blobs, received),
    now,
  });
}
