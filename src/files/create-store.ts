/**
 * The file store, made of the records in a database and of the place of the bytes.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { isDiskFull, Refusal } from "../errors.ts";
import { refusalOf } from "./blobs.ts";
import type { Bytes } from "./bytes.ts";
import { contentTypeOf } from "./content-type.ts";
import type { FileRecord } from "./file.ts";
import { gone } from "./folder-bytes.ts";
import type {
  Content,
  FilePage,
  FileQuery,
  FileStore,
  FileWriter,
  NewFile,
  Retention,
  Slice,
  Swept,
} from "./store.ts";
import { createUploads, type Uploads, uploadLifetime } from "./uploads.ts";

/** The records of files. A change is durable when its promise resolves. */
export interface Records {
  insert(record: FileRecord): Promise<void>;
  /** Inserts the first record of a key, for several processes that share the records. Gives the id of that one. */
  insertOnce?(record: FileRecord, key: string): Promise<string>;
  /** Forgets keys whose record was inserted longer ago than that, in seconds. */
  forgetKeys?(age: number): Promise<void>;
  find(id: string): Promise<FileRecord | undefined>;
  /** Newest first. @throws {Refusal} `invalid_parameter` when `after` never was a file. */
  list(query: FileQuery): Promise<FilePage>;
  /** True when it was there. */
  remove(id: string): Promise<boolean>;
  /** Removes records by the limits of retention, and gives their ids. */
  prune(limits: Retention): Promise<string[]>;
  totals(): Promise<{ count: number; bytes: number }>;
  /** Every id, in order. */
  ids(): AsyncIterable<string>;
  takeTurn: FileStore["takeTurn"];
}

export interface StoreParts {
  records: Records;
  bytes: Bytes;
  /** Unix seconds. */
  now(): number;
}

export const createFileStore = (parts: StoreParts): FileStore => new Store(parts);

class Store implements FileStore {
  readonly #records: Records;
  readonly #bytes: Bytes;
  readonly #now: () => number;
  readonly uploads: Uploads;

  constructor({ records, bytes, now }: StoreParts) {
    this.#records = records;
    this.#bytes = bytes;
    this.#now = now;
    this.uploads = createUploads(this, bytes.received);
  }

  async writer(file: NewFile): Promise<FileWriter> {
    const file_id = `file_${randomBytes(16).toString("hex")}`;
    const blob = await this.#bytes.writer(file_id, file);
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
    const expected = file.expected ?? sizeOf(content);
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
      await this.#records.insert(record);
    } catch (error) {
      throw refusalOf(error);
    }
  }

  async discard(record: FileRecord): Promise<void> {
    await this.#bytes.remove(record.file_id);
  }

  async store(content: Content, file: NewFile): Promise<FileRecord> {
    const record = await this.stage(content, file);
    let kept: string;
    try {
      kept = await this.#insertOnce(record, file.once);
    } catch (error) {
      // A commit whose answer was lost may have succeeded: the sweep removes the bytes if it did not.
      if (!(error instanceof Refusal && error.code === "store_unavailable"))
        await this.discard(record).catch(() => {});
      throw error;
    }
    if (kept === record.file_id) return record;
    await this.discard(record);
    const first = await this.get(kept);
    if (!first) throw gone(kept);
    return first;
  }

  async #insertOnce(record: FileRecord, key: string | undefined): Promise<string> {
    if (key !== undefined && this.#records.insertOnce) return this.#records.insertOnce(record, key);
    await this.insert(record);
    return record.file_id;
  }

  get(id: string): Promise<FileRecord | undefined> {
    return this.#records.find(id);
  }

  list(query: FileQuery = {}): Promise<FilePage> {
    return this.#records.list(query);
  }

  async delete(id: string): Promise<boolean> {
    if (!(await this.#records.find(id))) return false;
    let removed: boolean;
    try {
      removed = await this.#records.remove(id);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      // Even the reserve is used up: the bytes go first, which makes room for the record of it.
      await this.#bytes.remove(id);
      return this.#records.remove(id);
    }
    // Without its record the file is gone; bytes that stay are swept later.
    await this.#bytes.remove(id);
    return removed;
  }

  local(record: FileRecord, signal?: AbortSignal): Promise<string> {
    return this.#bytes.local(record, signal);
  }

  read(record: FileRecord, slice: Slice, signal?: AbortSignal): Promise<Blob | ReadableStream<Uint8Array>> {
    return this.#bytes.read(record, slice, signal);
  }

  link(record: FileRecord, seconds: number): string | undefined {
    return this.#bytes.link?.(record, seconds);
  }

  answers(): boolean | undefined {
    return this.#bytes.answers?.();
  }

  async sweep(olderThan: number): Promise<Swept> {
    // A clock that was set back must not spare what the last process left.
    const before = olderThan === 0 ? Number.POSITIVE_INFINITY : this.#now() - olderThan;
    let removed = await this.#bytes.clearPartial(before);
    await this.uploads.clear(this.#now() - uploadLifetime);
    await this.#records.forgetKeys?.(2 * uploadLifetime);
    const missing: string[] = [];
    for await (const { name, blob, record } of side(this.#bytes.names(), this.#records.ids())) {
      if (blob === record) continue;
      // Either list may be older than the other, so both are asked again for the name.
      const [writtenAt, known] = await Promise.all([this.#bytes.writtenAt(name), this.#records.find(name)]);
      if (known && writtenAt === undefined) missing.push(name);
      if (known || writtenAt === undefined || writtenAt > before) continue;
      await this.#bytes.remove(name);
      removed++;
    }
    return { removed, missing };
  }

  async *missing(): AsyncGenerator<FileRecord> {
    for await (const { name, blob } of side(this.#bytes.names(), this.#records.ids())) {
      if (blob) continue;
      const record = await this.#records.find(name);
      if (record && (await this.#bytes.writtenAt(name)) === undefined) yield record;
    }
  }

  async prune(limits: Retention): Promise<string[]> {
    const removed = await this.#records.prune(limits);
    for (const id of removed) await this.#bytes.remove(id);
    return removed;
  }

  totals(): Promise<{ count: number; bytes: number }> {
    return this.#records.totals();
  }

  takeTurn(upkeep: "prune" | "sweep", seconds: number): Promise<boolean> {
    return this.#records.takeTurn(upkeep, seconds);
  }
}

/** Two ordered lists of names side by side, each name once. */
async function* side(
  blobs: AsyncIterable<string>,
  records: AsyncIterable<string>,
): AsyncGenerator<{ name: string; blob: boolean; record: boolean }> {
  const left = blobs[Symbol.asyncIterator]();
  const right = records[Symbol.asyncIterator]();
  let blob = await left.next();
  let record = await right.next();
  while (!blob.done || !record.done) {
    const isBlob = !blob.done && (record.done === true || blob.value <= record.value);
    const isRecord = !record.done && (blob.done === true || record.value <= blob.value);
    yield { name: isBlob ? blob.value : record.value, blob: isBlob, record: isRecord };
    if (isBlob) blob = await left.next();
    if (isRecord) record = await right.next();
  }
}

/** The client's name, without control characters and lone surrogates, and of bounded length. */
function nameOf(written: string | undefined): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are removed
  const name = (written ?? "").toWellFormed().replaceAll(/[\u0000-\u001f\u007f]/g, "");
  return Array.from(name).slice(0, 512).join("") || "upload";
}

/** Bytes that are hashed and written at a time, so that other work on the thread gets its turn. */
const slice = 4 << 20;

const listed = (content: Content): readonly Uint8Array[] | undefined => {
  if (content instanceof Uint8Array) return [content];
  return Array.isArray(content) ? content : undefined;
};

const sizeOf = (content: Content) => listed(content)?.reduce((sum, { length }) => sum + length, 0);

async function* pieces(content: Content): AsyncGenerator<Uint8Array> {
  const list = listed(content);
  if (list) {
    for (const piece of list)
      for (let at = 0; at < piece.length; at += slice) yield piece.subarray(at, at + slice);
  } else if (content instanceof Blob) yield* content.stream();
  else yield* content as ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;
}
