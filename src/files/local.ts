/**
 * The file store over SQLite and a local folder.
 *
 * @module
 */
import type { Database } from "bun:sqlite";
import { randomBytes } from "node:crypto";
import type { Spend } from "../disk/reserve.ts";
import { isDiskFull, Refusal } from "../errors.ts";
import { type Blobs, type Disk, openBlobs, refusalOf } from "./blobs.ts";
import { contentTypeOf } from "./content-type.ts";
import type { FileRecord } from "./file.ts";
import {
  fileIds,
  fileTotals,
  findFile,
  identityOf,
  insertFile,
  listFiles,
  oldestFiles,
  removeFile,
} from "./records.ts";
import type { Content, FilePage, FileQuery, FileStore, FileWriter, NewFile, Retention } from "./store.ts";

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
 * await files.sweep();
 * const record = await files.store(new Blob(["hello"]), { filename: "hello.txt" });
 * ```
 */
export async function openLocalStore(options: LocalStoreOptions): Promise<FileStore> {
  const { database, now = () => Date.now() / 1000, spend = (write) => write() } = options;
  const blobs = await openBlobs(options.root, identityOf(database), options.disk);
  return new LocalStore({ database, blobs, now, spend });
}

interface Parts {
  database: Database;
  blobs: Blobs;
  now: () => number;
  spend: Spend;
}

class LocalStore implements FileStore {
  readonly #database: Database;
  readonly #blobs: Blobs;
  readonly #now: () => number;
  readonly #spend: Spend;

  constructor({ database, blobs, now, spend }: Parts) {
    this.#database = database;
    this.#blobs = blobs;
    this.#now = now;
    this.#spend = spend;
  }

  async writer(file: NewFile): Promise<FileWriter> {
    const file_id = `file_${randomBytes(16).toString("hex")}`;
    const blob = await this.#blobs.writer(file_id, file.expected);
    return {
      write: blob.write,
      abort: blob.abort,
      commit: async () => {
        const { size, sha256 } = await blob.commit();
        const filename = nameOf(file.filename);
        const content_type = contentTypeOf(filename, file.content_type);
        const created_at = this.#now();
        return { file_id, filename, content_type, size, sha256, created_at, meta: file.meta ?? {} };
      },
    };
  }

  async stage(content: Content, file: NewFile): Promise<FileRecord> {
    const expected = file.expected ?? (content instanceof Uint8Array ? content.length : undefined);
    const blob = await this.writer({ ...file, expected });
    try {
      for await (const piece of pieces(content)) await blob.write(piece);
    } catch (error) {
      await blob.abort();
      throw error;
    }
    return blob.commit();
  }

  async insert(record: FileRecord): Promise<void> {
    try {
      insertFile(this.#database, record);
    } catch (error) {
      throw refusalOf(error);
    }
  }

  async discard(record: FileRecord): Promise<void> {
    await this.#blobs.remove(record.file_id);
  }

  async store(content: Content, file: NewFile): Promise<FileRecord> {
    const record = await this.stage(content, file);
    try {
      await this.insert(record);
    } catch (error) {
      await this.discard(record).catch(() => {});
      throw error;
    }
    return record;
  }

  async get(id: string): Promise<FileRecord | undefined> {
    return findFile(this.#database, id);
  }

  async list(query: FileQuery = {}): Promise<FilePage> {
    return listFiles(this.#database, query);
  }

  async delete(id: string): Promise<boolean> {
    if (!findFile(this.#database, id)) return false;
    const removeRecord = () => this.#spend(() => removeFile(this.#database, id));
    try {
      removeRecord();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      // Even the reserve is used up: the bytes go first, which makes room for the record of it.
      await this.#blobs.remove(id);
      return removeRecord();
    }
    // Without its record the file is gone; bytes that stay are swept at the next start.
    await this.#blobs.remove(id);
    return true;
  }

  async local(record: FileRecord): Promise<string> {
    if (await this.#blobs.has(record.file_id)) return this.#blobs.path(record.file_id);
    throw new Refusal("file_not_found", `the bytes of file '${record.file_id}' are gone`);
  }

  async sweep(): Promise<{ removed: number; missing: string[] }> {
    const partial = await this.#blobs.clearIncoming();
    const known = fileIds(this.#database);
    const orphans = (await this.#blobs.names()).filter((name) => !known.delete(name));
    for (const name of orphans) await this.#blobs.remove(name);
    return { removed: partial + orphans.length, missing: [...known] };
  }

  async prune({ before = 0, maxBytes = Number.POSITIVE_INFINITY, inUse }: Retention): Promise<string[]> {
    const used = await inUse();
    // No await from here to the last removed record: a job that is committed meanwhile could need a file chosen here.
    let { bytes } = fileTotals(this.#database);
    const chosen: string[] = [];
    for (const { file_id, size, created_at } of oldestFiles(this.#database)) {
      if (used.has(file_id) || (created_at >= before && bytes <= maxBytes)) continue;
      chosen.push(file_id);
      bytes -= size;
    }
    const removeRecords = this.#database.transaction(() => {
      for (const id of chosen) removeFile(this.#database, id);
    });
    this.#spend(removeRecords);
    for (const id of chosen) await this.#blobs.remove(id);
    return chosen;
  }

  async totals(): Promise<{ count: number; bytes: number }> {
    return fileTotals(this.#database);
  }
}

/** The client's name, without control characters and lone surrogates, and of bounded length. */
function nameOf(written: string | undefined): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are removed
  const name = (written ?? "").toWellFormed().replaceAll(/[\u0000-\u001f\u007f]/g, "");
  return Array.from(name).slice(0, 512).join("") || "upload";
}

async function* pieces(content: Content): AsyncGenerator<Uint8Array> {
  if (content instanceof Uint8Array) yield content;
  else if (content instanceof Blob) yield* content.stream();
  else yield* content;
}
