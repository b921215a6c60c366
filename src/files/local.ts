/**
 * The file store over SQLite and a local folder.
 *
 * @module
 */
import type { Database } from "bun:sqlite";
import { randomBytes } from "node:crypto";
import type { Spend } from "../disk/reserve.ts";
import { isDiskFull, Refusal } from "../errors.ts";
import { type Disk, openBlobs, refusalOf } from "./blobs.ts";
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
import type { Content, FileStore, FileWriter, NewFile } from "./store.ts";

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

  async function writer(file: NewFile): Promise<FileWriter> {
    const file_id = `file_${randomBytes(16).toString("hex")}`;
    const blob = await blobs.writer(file_id, file.expected);
    return {
      write: blob.write,
      abort: blob.abort,
      async commit() {
        const { size, sha256 } = await blob.commit();
        const filename = nameOf(file.filename);
        const content_type = contentTypeOf(filename, file.content_type);
        return { file_id, filename, content_type, size, sha256, created_at: now(), meta: file.meta ?? {} };
      },
    };
  }

  async function stage(content: Content, file: NewFile): Promise<FileRecord> {
    const expected = file.expected ?? (content instanceof Uint8Array ? content.length : undefined);
    const blob = await writer({ ...file, expected });
    try {
      for await (const piece of pieces(content)) await blob.write(piece);
    } catch (error) {
      await blob.abort();
      throw error;
    }
    return blob.commit();
  }

  async function insert(record: FileRecord): Promise<void> {
    try {
      insertFile(database, record);
    } catch (error) {
      throw refusalOf(error);
    }
  }

  const discard = (record: FileRecord) => blobs.remove(record.file_id);

  return {
    writer,
    stage,
    insert,
    discard,
    async store(content, file) {
      const record = await stage(content, file);
      try {
        await insert(record);
      } catch (error) {
        await discard(record).catch(() => {});
        throw error;
      }
      return record;
    },
    get: async (id) => findFile(database, id),
    list: async (query = {}) => listFiles(database, query),
    async delete(id) {
      const removeRecord = () => spend(() => removeFile(database, id));
      if (!findFile(database, id)) return false;
      try {
        removeRecord();
      } catch (error) {
        if (!isDiskFull(error)) throw error;
        // Even the reserve is used up: the bytes go first, which makes room for the record of it.
        await blobs.remove(id);
        return removeRecord();
      }
      // Without its record the file is gone; bytes that stay are swept at the next start.
      await blobs.remove(id);
      return true;
    },
    async local(record) {
      if (await blobs.has(record.file_id)) return blobs.path(record.file_id);
      throw new Refusal("file_not_found", `the bytes of file '${record.file_id}' are gone`);
    },
    async sweep() {
      const halves = await blobs.clearIncoming();
      const known = fileIds(database);
      const orphans: string[] = [];
      for (const name of await blobs.names()) if (!known.delete(name)) orphans.push(name);
      for (const name of orphans) await blobs.remove(name);
      return { removed: halves + orphans.length, missing: [...known] };
    },
    async prune({ before = 0, maxBytes = Number.POSITIVE_INFINITY, inUse }) {
      const used = await inUse();
      // No await from here to the last removed record: a job that is committed meanwhile could need a file chosen here.
      let { bytes } = fileTotals(database);
      const chosen: string[] = [];
      for (const { file_id, size, created_at } of oldestFiles(database)) {
        if (used.has(file_id) || (created_at >= before && bytes <= maxBytes)) continue;
        chosen.push(file_id);
        bytes -= size;
      }
      spend(() =>
        database.transaction(() => {
          for (const id of chosen) removeFile(database, id);
        })(),
      );
      for (const id of chosen) await blobs.remove(id);
      return chosen;
    },
    totals: async () => fileTotals(database),
  };
}

/** The client's name, whole, but for what no file name holds: control characters, halves of characters, a page of text. */
function nameOf(written: string | undefined): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
  const name = (written ?? "").toWellFormed().replaceAll(/[\u0000-\u001f\u007f]/g, "");
  return Array.from(name).slice(0, 512).join("") || "upload";
}

async function* pieces(content: Content): AsyncGenerator<Uint8Array> {
  if (content instanceof Uint8Array) yield content;
  else if (content instanceof Blob) yield* content.stream();
  else yield* content;
}
