/**
 * The file store, as the rest of the server sees it. Bytes are durable before a record names them; a file exists once its record is
 * committed.
 *
 * @module
 */
import type { FileRecord } from "./file.ts";
import type { Uploads } from "./uploads.ts";

/** A file before its bytes are known. */
export interface NewFile {
  /** The client's name for it, which never becomes a path. Empty means "upload". */
  filename?: string | undefined;
  /** Default: by the filename's extension, else application/octet-stream. */
  content_type?: string | undefined;
  meta?: Record<string, unknown>;
  /** Announced size, so that a full disk is noticed before the first write. */
  expected?: number | undefined;
  /** Of several files with this key one is kept, whichever process stores it; the others' callers get that one. */
  once?: string | undefined;
  /** How long to go on when the place of the bytes does not answer. Default: a few attempts. */
  patience?: Patience | undefined;
}

/** How long a write goes on when the place of the bytes does not answer. */
export interface Patience {
  seconds: number;
  signal: AbortSignal;
}

/** Bytes from `start` up to and without `end`. */
export interface Slice {
  start: number;
  end: number;
}

/** Bytes of a file. As a list: its pieces, one behind the other. */
export type Content =
  | Uint8Array
  | readonly Uint8Array[]
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>;

/** Takes bytes piece by piece. Ends with `commit` or `abort`; after a failed `write` or `commit` nothing is left behind. */
export interface FileWriter {
  write(bytes: Uint8Array): Promise<void>;
  /** Makes the bytes durable and gives the record, which `FileStore.insert` or a job's commit then keeps. */
  commit(): Promise<FileRecord>;
  abort(): Promise<void>;
}

export interface FileQuery {
  /** From 1 to 1000, which is also the default. */
  limit?: number | undefined;
  /** Continues behind this file, which may have been removed. */
  after?: string | undefined;
}

export interface FilePage {
  data: FileRecord[];
  has_more: boolean;
}

export interface FileStore {
  /** @throws {Refusal} `disk_full`, as all that writes. */
  writer(file: NewFile): Promise<FileWriter>;
  /** Makes bytes durable. The record is not kept yet: `insert` it, commit it with a job, or `discard` it. */
  stage(content: Content, file: NewFile): Promise<FileRecord>;
  insert(record: FileRecord): Promise<void>;
  /** Drops staged bytes that no record names. */
  discard(record: FileRecord): Promise<void>;
  /** `stage` and `insert` in one. @throws {Refusal} `file_not_found` when the file of the key was deleted. */
  store(content: Content, file: NewFile): Promise<FileRecord>;

  get(id: string): Promise<FileRecord | undefined>;
  /** Newest first. @throws {Refusal} `invalid_parameter` when `after` never was a file. */
  list(query?: FileQuery): Promise<FilePage>;
  /** True when it was there. */
  delete(id: string): Promise<boolean>;
  /**
   * A path to the file's bytes. They may come from another machine, and then stay at least until `signal` is aborted.
   *
   * @throws {Refusal} `file_not_found`, `files_unavailable`
   */
  local(record: FileRecord, signal?: AbortSignal): Promise<string>;
  /** The bytes as the body of an answer. Throws as `local` does. */
  read(record: FileRecord, slice: Slice, signal?: AbortSignal): Promise<Blob | ReadableStream<Uint8Array>>;

  /**
   * Removes partial writes and bytes that no record names and that are older than that many seconds, and uploads older than a day.
   * A store of one process is swept at start, before anything is staged, with 0.
   */
  sweep(olderThan: number): Promise<Swept>;
  /** Records whose bytes are missing. */
  missing(): AsyncIterable<FileRecord>;
  /** An address that gives the bytes to everybody for that many seconds without this server; undefined where there is none. */
  link(record: FileRecord, seconds: number): string | undefined;
  /** Whether the place of the bytes answered lately; undefined where it is this machine. */
  answers?(): boolean | undefined;
  /** Uploads whose bytes come by a link. */
  uploads: Uploads;

  /** Deletes old files and then the oldest until the rest fits, never one that is in use. Gives the deleted ids. */
  prune(limits: Retention): Promise<string[]>;
  totals(): Promise<{ count: number; bytes: number }>;
  /** Whether this process does that part of the upkeep now: of all that share the files, one in each interval. */
  takeTurn(upkeep: "prune" | "sweep", seconds: number): Promise<boolean>;
}

export interface Swept {
  /** Number of removed files. */
  removed: number;
  /** Ids of files whose bytes are missing. */
  missing: string[];
}

export interface Retention {
  /** Unix seconds: files made before go. */
  before?: number | undefined;
  maxBytes?: number | undefined;
  /** Ids that waiting and running jobs need. */
  inUse(): Promise<ReadonlySet<string>>;
}

/** The form of an id. No other text reaches a query or a path. */
export const fileIdPattern = /^file_[0-9a-f]{32}$/;
