/**
 * Where the bytes of files lie, as the file store sees it.
 *
 * @module
 */
import type { BlobWriter } from "./blobs.ts";
import type { FileRecord } from "./file.ts";
import type { Received } from "./received.ts";
import type { Patience, Slice } from "./store.ts";

export interface Bytes {
  /** Bytes are durable, and every process that shares them sees them, once `commit` resolves. */
  writer(
    name: string,
    options?: { expected?: number | undefined; patience?: Patience | undefined },
  ): Promise<BlobWriter>;
  /** Copies the bytes of a file from a path. @throws {Refusal} `file_damaged` when they are not those of the record. */
  adopt(record: FileRecord, path: string): Promise<void>;
  /** @throws {Refusal} `file_not_found`, and `files_unavailable` where the bytes lie on another machine. */
  local(record: FileRecord, signal?: AbortSignal): Promise<string>;
  read(record: FileRecord, slice: Slice, signal?: AbortSignal): Promise<Blob | ReadableStream<Uint8Array>>;
  remove(name: string): Promise<void>;
  /** Every durable blob, by name. */
  names(): AsyncIterable<string>;
  /** Unix seconds, or undefined for what is not there. */
  writtenAt(name: string): Promise<number | undefined>;
  /** Removes partial writes older than that time (Unix seconds). Gives their number. */
  clearPartial(before: number): Promise<number>;
  /** Whether the place answered lately; undefined where it is this machine. */
  answers?(): boolean;
  /** Bytes that clients sent by a link and that are no files yet. */
  received: Received;
  /** An address from which clients fetch the bytes without this server, good for that many seconds. */
  link?(record: FileRecord, seconds: number): string | undefined;
}
