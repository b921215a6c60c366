/**
 * The copies of a bucket's blobs in a folder of this node, the least recently used removed first.
 *
 * @module
 */
import { utimes } from "node:fs/promises";
import { isDiskFull } from "../../errors.ts";
import { type Blobs, type BlobWriter, type Measured, openOwnBlobs } from "../blobs.ts";

export interface CacheOptions {
  root: string;
  /** Names the fleet whose blobs these are. */
  identity: string;
  maxBytes: number;
  /** Unix seconds. */
  now?: () => number;
}

interface Entry {
  size: number;
  /** Unix seconds. */
  used: number;
  holds: number;
}

/** Seconds for which a copy that was asked for stays, so that its reader can open it. */
const openingTime = 60;
/** Seconds after which a use is written to the disk, for the order after a restart. */
const noted = 3600;

export interface Cache {
  /** The path of a copy, which counts as a use. It stays at least until `signal` is aborted. */
  use(name: string, signal?: AbortSignal): string | undefined;
  /** Writes a copy. It is `use`d from its commit on. */
  writer(name: string, expected?: number): Promise<BlobWriter>;
  remove(name: string): Promise<void>;
  /** Keeps a copy until the result is called. */
  hold(name: string): () => void;
  /** Removes partial writes older than that time (Unix seconds). Gives their number. */
  clearPartial(before: number): Promise<number>;
}

/** Opens the folder of this node alone. Copies of another fleet are removed. */
export async function openCache({ root, identity, maxBytes, now = seconds }: CacheOptions): Promise<Cache> {
  const cache = new FolderCache(await openOwnBlobs(root, identity), maxBytes, now);
  await cache.find();
  return cache;
}

class FolderCache implements Cache {
  readonly #blobs: Blobs;
  readonly #maxBytes: number;
  readonly #now: () => number;
  /** The least recently used first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(blobs: Blobs, maxBytes: number, now: () => number) {
    this.#blobs = blobs;
    this.#maxBytes = maxBytes;
    this.#now = now;
  }

  /** Takes up the copies that are there. */
  async find(): Promise<void> {
    const found: { name: string; size: number; used: number }[] = [];
    for (const name of await this.#blobs.names()) {
      const used = await this.#blobs.writtenAt(name);
      if (used !== undefined) found.push({ name, size: Bun.file(this.#blobs.path(name)).size, used });
    }
    for (const { name, size, used } of found.sort((a, b) => a.used - b.used)) {
      this.#entries.set(name, { size, used, holds: 0 });
      this.#bytes += size;
    }
    await this.#evict(this.#maxBytes);
  }

  use(name: string, signal?: AbortSignal): string | undefined {
    const entry = this.#entries.get(name);
    if (!entry) return undefined;
    const path = this.#blobs.path(name);
    const now = this.#now();
    if (now - entry.used > noted) void utimes(path, now, now).catch(() => {});
    entry.used = now;
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    if (signal && !signal.aborted) signal.addEventListener("abort", this.hold(name), { once: true });
    return path;
  }

  async writer(name: string, expected = 0): Promise<BlobWriter> {
    await this.#evict(this.#maxBytes - expected);
    const writer = await this.#blobs.writer(name, expected).catch(async (error) => {
      if (!isDiskFull(error)) throw error;
      // Copies are worth less than what is to be written.
      await this.#evict(this.#bytes - expected);
      return this.#blobs.writer(name, expected);
    });
    const commit = async (wanted?: Partial<Measured>) => {
      const measured = await writer.commit(wanted);
      this.#forget(name);
      this.#entries.set(name, { size: measured.size, used: this.#now(), holds: 0 });
      this.#bytes += measured.size;
      await this.#evict(this.#maxBytes);
      return measured;
    };
    return { ...writer, commit };
  }

  async remove(name: string): Promise<void> {
    this.#forget(name);
    await this.#blobs.remove(name);
  }

  hold(name: string): () => void {
    const entry = this.#entries.get(name);
    if (!entry) return () => {};
    entry.holds++;
    let isOver = false;
    return () => {
      if (!isOver) entry.holds--;
      isOver = true;
    };
  }

  clearPartial(before: number): Promise<number> {
    return this.#blobs.clearIncoming(before);
  }

  /** Removes copies until the rest takes no more than that. */
  async #evict(bytes: number): Promise<void> {
    const now = this.#now();
    for (const [name, { holds, used }] of this.#entries) {
      if (this.#bytes <= bytes) return;
      if (holds > 0 || now - used < openingTime) continue;
      await this.remove(name);
    }
  }

  #forget(name: string): void {
    this.#bytes -= this.#entries.get(name)?.size ?? 0;
    this.#entries.delete(name);
  }
}

const seconds = () => Date.now() / 1000;
