/**
 * One file from a server to the disk: in parallel parts, resumed where it stopped, checked before it gets its name.
 *
 * While it is under way the bytes are in `<destination>.incomplete` and the ranges that are written stand in
 * `<destination>.incomplete.json`. The file has its own name only after its hash was right.
 *
 * @module
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { DownloadError } from "./errors.ts";
import { freeBetween, joined, type Range } from "./ranges.ts";
import { get, type Remote, reason, refuse } from "./request.ts";

const partBytes = 32 * 1024 * 1024;
const connections = 4;
const tries = 6;
const longestWait_s = 300;
/** A connection that brings less than `stallBytes` in `stall_s` is given up and tried again. */
const stall_s = 30;
const stallBytes = 16 * 1024;
const stateEvery_ms = 500;
const hashBytes = 4 * 1024 * 1024;

export interface Expected {
  size: number;
  /** What the server calls this content; kept to know that a resumed file is still the same one. */
  etag: string;
  /** A plain SHA-256, or the SHA-1 that git gives a small file. Null where nobody publishes one. */
  digest: { kind: "sha256" | "git-sha1"; hex: string } | null;
}

export interface DownloadOptions {
  fetch?: typeof fetch;
  signal?: AbortSignal;
  /** Told how many bytes are on the disk, resumed ones included. */
  onBytes?: (done: number) => void;
  connections?: number;
  partBytes?: number;
  stall_s?: number;
  sleep?: (seconds: number) => Promise<void>;
}

interface State {
  size: number;
  etag: string;
  done: Range[];
}

/**
 * Fetches `remote` to `destination`. Ends with the whole, checked file or with a `DownloadError`; in the second case what was
 * fetched stays for the next try, except when it was wrong.
 */
export async function downloadFile(
  remote: Remote,
  expected: Expected,
  destination: string,
  options: DownloadOptions = {},
): Promise<void> {
  await mkdir(dirname(destination), { recursive: true });
  const partial = `${destination}.incomplete`;
  using _lock = lock(`${partial}.lock`, destination);
  const state = await readState(partial, expected);
  const file = await open(partial, existsSync(partial) ? "r+" : "w+").catch(asDisk);
  try {
    const hash = follower(file, expected, destination);
    await fetchParts(remote, expected, file, state, partial, options, hash.upTo);
    await file.sync();
    await hash.finish();
  } catch (error) {
    if (error instanceof DownloadError && ["wrong_hash", "wrong_length", "changed"].includes(error.code)) {
      await rm(partial, { force: true });
      await rm(`${partial}.json`, { force: true });
    }
    throw error;
  } finally {
    await file.close();
  }
  await rename(partial, destination);
  await rm(`${partial}.json`, { force: true });
  syncFolder(dirname(destination));
}

async function fetchParts(
  remote: Remote,
  expected: Expected,
  file: FileHandle,
  state: State,
  partial: string,
  options: DownloadOptions,
  unbroken: (end: number) => void,
): Promise<void> {
  const size = options.partBytes ?? partBytes;
  const queue = freeBetween(state.done, expected.size).flatMap((gap) => pieces(gap, size));
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  let bytes = state.done.reduce((sum, [start, end]) => sum + end - start, 0);
  options.onBytes?.(bytes);
  let saved = Date.now();
  const save = () => writeFileSync(`${partial}.json`, JSON.stringify(state));
  const wrote = (start: number, end: number) => {
    state.done = joined([...state.done, [start, end]]);
    bytes += end - start;
    options.onBytes?.(bytes);
    const first = state.done[0];
    if (first?.[0] === 0) unbroken(first[1]);
    if (Date.now() - saved > stateEvery_ms) {
      save();
      saved = Date.now();
    }
  };
  const worker = async () => {
    for (let range = queue.shift(); range; range = queue.shift())
      await fetchRange(remote, expected, range, file, wrote, signal, options);
  };
  const count = Math.min(options.connections ?? connections, Math.max(1, queue.length));
  const workers = Array.from({ length: count }, () =>
    worker().catch((error) => {
      stop.abort(error);
      throw error;
    }),
  );
  const outcomes = await Promise.allSettled(workers);
  save();
  if (options.signal?.aborted) throw new DownloadError("canceled", "The download was stopped");
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed) throw stop.signal.reason ?? failed.reason;
}

/** Fetches one range, trying again from where a broken connection left off. */
async function fetchRange(
  remote: Remote,
  expected: Expected,
  [start, end]: Range,
  file: FileHandle,
  wrote: (start: number, end: number) => void,
  signal: AbortSignal,
  options: DownloadOptions,
): Promise<void> {
  const sleep = options.sleep ?? ((seconds: number) => Bun.sleep(seconds * 1000));
  let at = start;
  for (let attempt = 1; at < end; attempt++) {
    const before = at;
    try {
      await stream(remote, expected, [at, end], file, signal, options, (chunkEnd) => {
        wrote(at, chunkEnd);
        at = chunkEnd;
      });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const failure = asDownloadError(error);
      if (at - before >= stallBytes) attempt = 1; // a connection that brought something starts the count anew
      if (!failure.retry || attempt >= tries) throw failure;
      await sleep(Math.min(longestWait_s, failure.retryAfter ?? Math.min(30, 0.5 * 2 ** attempt)));
    }
  }
}

async function stream(
  remote: Remote,
  expected: Expected,
  [start, end]: Range,
  file: FileHandle,
  signal: AbortSignal,
  options: DownloadOptions,
  wrote: (end: number) => void,
): Promise<void> {
  const stalled = new AbortController();
  const both = AbortSignal.any([signal, stalled.signal]);
  let recent = 0;
  const limit = options.stall_s ?? stall_s;
  const timer = setInterval(() => {
    if (recent < Math.min(stallBytes, end - start)) {
      const error = new DownloadError("stalled", `No bytes came for ${limit} s`, true);
      stalled.abort(error);
    }
    recent = 0;
  }, limit * 1000);
  try {
    const whole = start === 0 && end === expected.size;
    const response = await get(remote, {
      fetch: options.fetch ?? fetch,
      signal: both,
      headers: whole ? {} : { range: `bytes=${start}-${end - 1}` },
    });
    if (response.status === 416)
      throw new DownloadError("changed", "The server's file is shorter than the one that was promised");
    if (response.status !== 200 && response.status !== 206)
      await refuse(response, new URL(remote.url).pathname);
    // A server that ignores ranges sends the whole file: skip to our part of it and stop at its end.
    let position = response.status === 206 ? start : 0;
    checkLength(response, expected, start, whole);
    if (!response.body) throw new DownloadError("wrong_length", "The answer has no body", true);
    for await (const chunk of response.body) {
      recent += chunk.length;
      const from = Math.max(0, start - position);
      const to = Math.min(chunk.length, end - position);
      if (whole && position + chunk.length > expected.size)
        throw new DownloadError("wrong_length", "The server sends more than the file's size");
      if (to > from) {
        await writeAll(file, chunk.subarray(from, to), position + from);
        wrote(position + to);
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

function checkLength(response: Response, expected: Expected, start: number, whole: boolean): void {
  if (response.status === 206) {
    const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "");
    if (!range || Number(range[1]) !== start)
      throw new DownloadError("wrong_length", "The server sent another range than the one asked for");
    if (range[3] !== "*" && Number(range[3]) !== expected.size)
      throw new DownloadError("changed", `The file has ${range[3]} bytes, not ${expected.size}`);
    return;
  }
  const length = response.headers.get("content-length");
  if (whole && length !== null && Number(length) !== expected.size)
    throw new DownloadError("changed", `The file has ${length} bytes, not ${expected.size}`);
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let sent = 0; sent < bytes.length; ) {
    const { bytesWritten } = await file
      .write(bytes, sent, bytes.length - sent, position + sent)
      .catch(asDisk);
    sent += bytesWritten;
  }
}

/** Hashes what is on the disk (not what came by, so a bad disk shows too), following the download's unbroken beginning. */
function follower(file: FileHandle, { size, digest }: Expected, destination: string) {
  const hasher = new Bun.CryptoHasher(digest?.kind === "git-sha1" ? "sha1" : "sha256");
  if (digest?.kind === "git-sha1") hasher.update(`blob ${size}\0`);
  const buffer = new Uint8Array(hashBytes);
  let at = 0;
  let running: Promise<void> = Promise.resolve();
  const hash = async (end: number) => {
    while (at < end) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end - at), at);
      if (bytesRead === 0) throw new DownloadError("wrong_length", `${name(destination)} is too short`);
      hasher.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
  };
  let asked = 0;
  return {
    upTo(end: number): void {
      if (!digest || end - asked < hashBytes) return;
      asked = end;
      running = running.then(() => hash(end));
      running.catch(() => {}); // `finish` tells
    },
    async finish(): Promise<void> {
      if (!digest) return;
      await running;
      await hash(size);
      if (hasher.digest("hex") !== digest.hex)
        throw new DownloadError("wrong_hash", `${name(destination)} does not have the published hash`);
    },
  };
}

async function readState(partial: string, expected: Expected): Promise<State> {
  const state = { size: expected.size, etag: expected.etag, done: rangesOf(partial, expected) };
  if (state.done.length === 0) await rm(partial, { force: true });
  return state;
}

/** What an earlier download left of this very file. */
function rangesOf(partial: string, expected: Expected): Range[] {
  try {
    const state = JSON.parse(readFileSync(`${partial}.json`, "utf8")) as State;
    if (state.etag !== expected.etag || state.size !== expected.size) return [];
    const { size } = statSync(partial);
    return joined(state.done).filter(([, end]) => end <= size);
  } catch {
    return [];
  }
}

/** Bytes of a file that an earlier download brought already. */
export function broughtBytes(destination: string, expected: Expected): number {
  return rangesOf(`${destination}.incomplete`, expected).reduce((sum, [start, end]) => sum + end - start, 0);
}

function pieces([start, end]: Range, size: number): Range[] {
  const count = Math.ceil((end - start) / size);
  return Array.from({ length: count }, (_, i) => [start + i * size, Math.min(end, start + (i + 1) * size)]);
}

/** One process at a time may write a partial file. The lock of a process that died is taken over. */
function lock(path: string, destination: string): Disposable {
  for (let attempt = 0; ; attempt++) {
    try {
      closeSync(openSync(path, "wx"));
      writeFileSync(path, String(process.pid));
      return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") asDisk(error);
      const owner = Number(readFileSync(path, "utf8") || Number.NaN);
      if (attempt > 0 || owner === process.pid || alive(owner))
        throw new DownloadError("busy", `Another process is downloading ${name(destination)}`);
      rmSync(path, { force: true });
    }
  }
}

function alive(pid: number): boolean {
  if (!Number.isInteger(pid)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function asDisk(error: unknown): never {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT")
    throw new DownloadError("disk_full", "No space is left on the disk; what was fetched is kept");
  throw error;
}

function asDownloadError(error: unknown): DownloadError {
  if (error instanceof DownloadError) return error;
  const { code } = error as NodeJS.ErrnoException;
  const local = code !== undefined && /^(EACCES|EPERM|EROFS|EIO|ENOENT|EBADF)$/.test(code);
  return new DownloadError("unreachable", `The connection was cut: ${reason(error)}`, !local);
}

function name(path: string): string {
  return path.split("/").at(-1)!;
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
