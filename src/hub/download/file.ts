/**
 * One file from a server to the disk: in parallel parts, resumed where it stopped, checked before it gets its name.
 *
 * @module
 */
import { existsSync, writeSync } from "node:fs";
import { type FileHandle, mkdir, open, rename } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { syncFolder } from "../../disk/sync-folder.ts";
import { asDisk, canceled, DownloadError } from "./errors.ts";
import { follower } from "./hash.ts";
import { lock } from "./lock.ts";
import { forget, forgetRanges, keepRanges, keptRanges, lockOf, partialOf } from "./partial.ts";
import { bytesIn, freeBetween, joined, type Range, within } from "./ranges.ts";
import { get, type Remote, reason, refuse, validatorOf } from "./request.ts";
import { pause, type RetryOptions, tries } from "./retry.ts";

const partBytes = 32 * 1024 * 1024;
const connections = 4;
/** A connection that brings less than `stallBytes` in `stall_s` is given up and tried again. */
const stall_s = 30;
const stallBytes = 16 * 1024;
const keepEvery_ms = 1000;
/** Bytes freed on a full disk, so that the state of the download can still be written. */
const roomBytes = 64 * 1024;

export interface Expected {
  size: number;
  /** The server's ETag. A resumed download must have the same one. */
  etag: string;
  /** A plain SHA-256, or the SHA-1 that git gives a small file. Null if none is published. */
  digest: { kind: "sha256" | "git-sha1"; hex: string } | null;
  /** Validator that every response must carry. Used where no hash is published. */
  validator?: string | null;
}

export interface DownloadOptions extends RetryOptions {
  fetch?: typeof fetch;
  /** Gets the number of bytes on the disk, resumed ones included. */
  onBytes?: (done: number) => void;
  /** The file in messages, where its path on the disk does not tell it. */
  name?: string;
  connections?: number;
  partBytes?: number;
  stall_s?: number;
}

/** A download under way. */
interface Work {
  remote: Remote;
  expected: Expected;
  file: FileHandle;
  options: DownloadOptions;
  signal: AbortSignal;
  /** Called for every range written. */
  wrote: (start: number, end: number) => void;
}

/**
 * Fetches `remote` to `destination`. Ends with the whole, checked file or with a `DownloadError`. After an error the
 * downloaded part stays for the next try, unless it was wrong.
 */
export async function downloadFile(
  remote: Remote,
  expected: Expected,
  destination: string,
  options: DownloadOptions = {},
): Promise<void> {
  await mkdir(dirname(destination), { recursive: true }).catch(asDisk);
  const partial = partialOf(destination);
  const what = options.name ?? basename(destination);
  using _lock = lock(lockOf(destination), what);
  const done = keptRanges(destination, expected);
  if (done.length === 0) await forget(destination);
  const file = await open(partial, existsSync(partial) ? "r+" : "w+").catch(asDisk);
  try {
    const hash = follower(file, expected, what);
    await fetchMissing(remote, expected, file, destination, done, options, hash.upTo);
    await hash.finish();
  } catch (error) {
    if (error instanceof DownloadError && ["wrong_hash", "wrong_length", "changed"].includes(error.code))
      await forget(destination);
    throw error;
  } finally {
    await file.close();
  }
  await rename(partial, destination);
  await forgetRanges(destination);
  syncFolder(dirname(destination));
}

/** Fetches the missing ranges. Syncs them and records them, even on failure. */
async function fetchMissing(
  remote: Remote,
  expected: Expected,
  file: FileHandle,
  destination: string,
  kept: Range[],
  options: DownloadOptions,
  unbroken: (end: number) => void,
): Promise<void> {
  let done = kept;
  const report = () => {
    options.onBytes?.(bytesIn(done));
    if (done[0]?.[0] === 0) unbroken(done[0][1]);
  };
  report();
  const keep = async () => {
    const synced = done;
    await file.datasync().catch(asDisk);
    return keepRanges(destination, expected, synced);
  };
  let keeping: Promise<unknown> | undefined;
  const timer = setInterval(() => {
    keeping ??= keep()
      .catch(() => {}) // the last one tells
      .finally(() => {
        keeping = undefined;
      });
  }, keepEvery_ms);
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const wrote = (start: number, end: number) => {
    done = joined([...done, [start, end]]);
    report();
  };
  const work: Work = { remote, expected, file, options, signal, wrote };
  try {
    await inParts(work, freeBetween(done, expected.size), stop).catch((error) => {
      if (!(error instanceof DownloadError && error.code === "no_ranges")) throw error;
      const first = freeBetween(done, expected.size)[0]!;
      const rest = { ...work, signal: options.signal ?? new AbortController().signal };
      return fetchRange(rest, [first[0], expected.size], false);
    });
  } catch (error) {
    throw options.signal?.aborted ? canceled() : error;
  } finally {
    clearInterval(timer);
    await keeping;
    if (!(await keep())) {
      const end = Math.max(0, (done.at(-1)?.[1] ?? 0) - roomBytes);
      await file.truncate(end);
      done = within(done, end);
      await keep();
    }
  }
}

/** Several connections at once, each taking the next part when it has one. The first that fails stops the others. */
async function inParts(work: Work, gaps: Range[], stop: AbortController): Promise<void> {
  const { options } = work;
  const queue = gaps.flatMap((gap) => pieces(gap, options.partBytes ?? partBytes));
  const worker = async () => {
    for (let range = queue.shift(); range; range = queue.shift()) await fetchRange(work, range, true);
  };
  const count = Math.min(options.connections ?? connections, queue.length);
  const outcomes = await Promise.allSettled(
    Array.from({ length: count }, () =>
      worker().catch((error) => {
        stop.abort(error);
        throw error;
      }),
    ),
  );
  if (outcomes.some(({ status }) => status === "rejected")) throw stop.signal.reason;
}

/** Fetches one range, trying again from where a broken connection left off. */
async function fetchRange(work: Work, [start, end]: Range, ranged: boolean): Promise<void> {
  const { signal, options } = work;
  let at = start;
  for (let attempt = 1; at < end; attempt++) {
    const before = at;
    const wrote = (from: number, to: number) => {
      work.wrote(from, to);
      at = to;
    };
    try {
      await stream({ ...work, wrote }, [at, end], ranged);
    } catch (error) {
      signal.throwIfAborted();
      const failure = asDownloadError(error);
      if (at - before >= stallBytes) attempt = 1; // a connection that brought something starts the count anew
      if (!failure.retry || attempt >= tries) throw failure;
      await pause(failure, attempt, { ...options, signal });
    }
  }
}

/** One request. Without `ranged` it fetches the whole file and skips the bytes before `start`. */
async function stream(work: Work, [start, end]: Range, ranged: boolean): Promise<void> {
  const { remote, expected, file, options, wrote } = work;
  const stalled = new AbortController();
  const signal = AbortSignal.any([work.signal, stalled.signal]);
  let recent = 0;
  const limit = options.stall_s ?? stall_s;
  const timer = setInterval(() => {
    if (recent < Math.min(stallBytes, end - start))
      stalled.abort(new DownloadError("stalled", `No bytes came for ${limit} s`, true));
    recent = 0;
  }, limit * 1000);
  try {
    const whole = !ranged || (start === 0 && end === expected.size);
    const response = await get(remote, {
      fetch: options.fetch ?? fetch,
      signal,
      headers: whole ? {} : { range: `bytes=${start}-${end - 1}` },
    });
    if (response.status === 416)
      throw new DownloadError("changed", "The server's file is shorter than announced");
    if (response.status !== 200 && response.status !== 206) await refuse(response, remote);
    checkAnswer(response, expected, start, whole);
    if (!response.body) throw new DownloadError("wrong_length", "The answer has no body", true);
    let position = response.status === 206 ? start : 0;
    for await (const chunk of response.body) {
      recent += chunk.length;
      const from = Math.max(0, start - position);
      const to = Math.min(chunk.length, end - position);
      if (position + chunk.length > expected.size)
        throw new DownloadError("wrong_length", "The server sends more than the file's size");
      if (to > from) {
        writeAll(file, chunk.subarray(from, to), position + from);
        wrote(position + from, position + to);
      }
      position += chunk.length;
      if (position >= end && !whole) break;
    }
    if (position < end) throw new DownloadError("unreachable", "The connection was cut", true);
  } catch (error) {
    throw stalled.signal.aborted ? stalled.signal.reason : error;
  } finally {
    clearInterval(timer);
  }
}

/** @throws {DownloadError} When the response is of another file, or of another range than requested. */
function checkAnswer(response: Response, expected: Expected, start: number, whole: boolean): void {
  const changed = (bytes: string) =>
    new DownloadError("changed", `The file on the server has ${bytes} bytes, not ${expected.size}`);
  const seen = validatorOf(response);
  if (expected.validator && seen && seen !== expected.validator)
    throw new DownloadError("changed", "The file on the server changed during the download");
  if (response.status === 206) {
    const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "");
    if (!range || Number(range[1]) !== start)
      throw new DownloadError("wrong_length", "The server sent a different range than requested");
    if (range[3] !== "*" && Number(range[3]) !== expected.size) throw changed(range[3]!);
    return;
  }
  const length = response.headers.get("content-length");
  if (length !== null && Number(length) !== expected.size) throw changed(length);
  if (!whole) throw new DownloadError("no_ranges", "The server sends the whole file only");
}

/** At once: a round through the pool of threads for each piece costs more than the copy into the system's cache. */
function writeAll(file: FileHandle, bytes: Uint8Array, position: number): void {
  try {
    for (let sent = 0; sent < bytes.length; )
      sent += writeSync(file.fd, bytes, sent, bytes.length - sent, position + sent);
  } catch (error) {
    asDisk(error);
  }
}

function pieces([start, end]: Range, size: number): Range[] {
  const count = Math.ceil((end - start) / size);
  return Array.from({ length: count }, (_, i) => [start + i * size, Math.min(end, start + (i + 1) * size)]);
}

function asDownloadError(error: unknown): DownloadError {
  if (error instanceof DownloadError) return error;
  const { code } = error as NodeJS.ErrnoException;
  const local = code !== undefined && /^(EACCES|EPERM|EROFS|EIO|ENOENT|EBADF)$/.test(code);
  return new DownloadError("unreachable", `The connection was cut: ${reason(error)}`, !local);
}
