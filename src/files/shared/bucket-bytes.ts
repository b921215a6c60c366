/**
 * Bytes in a bucket, with copies in a folder of this node.
 *
 * @module
 */
import { Refusal } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { Blobs, BlobWriter, Measured } from "../blobs.ts";
import type { Bytes } from "../bytes.ts";
import { attachment } from "../download.ts";
import type { FileRecord } from "../file.ts";
import { gone } from "../folder-bytes.ts";
import type { Received } from "../received.ts";
import type { Patience } from "../store.ts";
import {
  attempts,
  type Deadlines,
  filesUnavailable,
  isUnavailable,
  pause,
  usualDeadlines,
} from "./attempts.ts";
import { type Bucket, BucketRefusal, type Got } from "./bucket.ts";
import { bucketReceived } from "./bucket-received.ts";
import type { Cache } from "./cache.ts";
import { marker } from "./place.ts";
import { Reach } from "./reach.ts";

export interface BucketBytesOptions {
  bucket: Bucket;
  cache: Cache;
  /** A folder of this node for uploads that pass through it. */
  passing: Blobs;
  log: Log;
  deadlines?: Deadlines | undefined;
}

/** Seconds between the attempts of a writer that is patient. */
const patientPauses = [1, 2, 5, 10];

const keyOf = (name: string) => `blobs/${name}`;

export const bucketBytes = (options: BucketBytesOptions): Bytes => new BucketBytes(options);

class BucketBytes implements Bytes {
  readonly #bucket: Bucket;
  readonly #cache: Cache;
  readonly #log: Log;
  readonly received: Received;
  readonly #reach: Reach;
  readonly #deadlines: Deadlines;
  /** Copies that are on their way, so that none is fetched twice at a time. */
  readonly #fetching = new Map<string, Promise<string>>();

  constructor({ bucket, cache, passing, log, deadlines = usualDeadlines }: BucketBytesOptions) {
    this.#bucket = bucket;
    this.#cache = cache;
    this.#log = log;
    this.#deadlines = deadlines;
    this.#reach = new Reach(() => bucket.head(marker));
    this.received = bucketReceived(bucket, passing, (work) => this.#asked(work));
  }

  async writer(
    name: string,
    { expected, patience }: { expected?: number | undefined; patience?: Patience | undefined } = {},
  ): Promise<BlobWriter> {
    const writer = await this.#cache.writer(name, expected);
    const commit = async (wanted?: Partial<Measured>) => {
      const measured = await writer.commit(wanted);
      const release = this.#cache.hold(name);
      try {
        await this.#send(name, patience);
        return measured;
      } catch (error) {
        await this.#cache.remove(name);
        throw error;
      } finally {
        release();
      }
    };
    return { ...writer, commit };
  }

  async adopt(record: FileRecord, path: string): Promise<void> {
    const hash = new Bun.CryptoHasher("sha256");
    for await (const piece of Bun.file(path).stream()) hash.update(piece);
    const file = Bun.file(path);
    if (file.size !== record.size || hash.digest("hex") !== record.sha256)
      throw new Refusal("file_damaged", "the stored bytes of a file are not those of its record");
    await this.#asked(this.#bucket.put(keyOf(record.file_id), file));
  }

  async local(record: FileRecord, signal?: AbortSignal): Promise<string> {
    const { file_id } = record;
    const there = this.#cache.use(file_id, signal);
    if (there !== undefined) return there;
    const fetching =
      this.#fetching.get(file_id) ?? this.#fetch(record).finally(() => this.#fetching.delete(file_id));
    this.#fetching.set(file_id, fetching);
    const path = await unlessAborted(fetching, signal);
    return this.#cache.use(file_id, signal) ?? path;
  }

  async read(record: FileRecord, { start, end }: { start: number; end: number }, signal?: AbortSignal) {
    if (start === end) {
      const isThere = this.#cache.use(record.file_id) ?? (await this.writtenAt(record.file_id));
      if (isThere === undefined) throw gone(record.file_id);
      return new Blob();
    }
    const isWhole = start === 0 && end === record.size;
    const there = isWhole ? await this.local(record) : this.#cache.use(record.file_id);
    if (there !== undefined) return isWhole ? Bun.file(there) : Bun.file(there).slice(start, end);
    const asked = this.#bucket.get(keyOf(record.file_id), { start, end }, signal);
    const got = await this.#asked(
      asked.catch((error: unknown) => {
        // The part lies outside of what is there.
        throw error instanceof BucketRefusal && error.status === 416 ? this.#damaged(record) : error;
      }),
    );
    return this.#checked(record, got).body;
  }

  async remove(name: string): Promise<void> {
    await this.#cache.remove(name);
    try {
      await this.#asked(this.#bucket.remove(keyOf(name)));
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      this.#log.warning("the bytes of a removed file are left to the sweep", { file_id: name, error });
    }
  }

  async *names(): AsyncGenerator<string> {
    for await (const { key } of this.#bucket.list("blobs/")) yield key.slice("blobs/".length);
  }

  async writtenAt(name: string): Promise<number | undefined> {
    return (await this.#asked(this.#bucket.head(keyOf(name))))?.modified;
  }

  clearPartial(before: number): Promise<number> {
    return this.#cache.clearPartial(before);
  }

  answers(): boolean {
    return this.#reach.answers();
  }

  link(record: FileRecord, seconds: number): string | undefined {
    if (!this.#bucket.hasLinks()) return undefined;
    const { file_id, content_type: type, filename } = record;
    return this.#bucket.link(keyOf(file_id), seconds, { type, disposition: attachment(filename) });
  }

  /** Writes a copy to the bucket. */
  async #send(name: string, patience: Patience | undefined): Promise<void> {
    const since = performance.now();
    for (let attempt = 0; ; attempt++) {
      try {
        const path = this.#cache.use(name);
        return await this.#asked(this.#bucket.put(keyOf(name), Bun.file(path!), patience?.signal));
      } catch (error) {
        const waited = (performance.now() - since) / 1000;
        if (!isUnavailable(error) || !patience || waited > patience.seconds) throw error;
        this.#log.warning("a result waits for the bucket", { file_id: name, seconds: Math.round(waited) });
        await pause((patientPauses[attempt] ?? patientPauses.at(-1)!) * 1000, patience.signal);
        patience.signal.throwIfAborted();
      }
    }
  }

  /** Fetches a copy and compares it with its record. */
  async #fetch(record: FileRecord): Promise<string> {
    const { file_id, size } = record;
    await attempts(async () => {
      const got = this.#checked(record, await this.#asked(this.#bucket.get(keyOf(file_id))));
      const writer = await this.#cache.writer(file_id, size);
      try {
        for await (const piece of got.body) await writer.write(piece);
      } catch (error) {
        await writer.abort();
        throw error;
      }
      await writer.commit(record).catch((error: unknown) => {
        throw error instanceof Refusal && error.code === "file_damaged" ? this.#damaged(record) : error;
      });
    }, this.#deadlines);
    return this.#cache.use(file_id)!;
  }

  #checked(record: FileRecord, got: Got | undefined): Got {
    if (!got) throw gone(record.file_id);
    if (got.size === record.size) return got;
    void got.body.cancel();
    throw this.#damaged(record);
  }

  #damaged({ file_id }: FileRecord): Refusal {
    this.#log.error("the bucket holds other bytes than the record of the file says", { file_id });
    return new Refusal("file_damaged", "the stored bytes of a file are not those of its record");
  }

  /** A bucket that refuses is a fault of the settings, which the log names and clients do not see. */
  async #asked<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (!(error instanceof BucketRefusal)) throw error;
      const { status, code: reason, clockProblem: clock } = error;
      this.#log.error("the bucket refuses a request", { status, reason, clock });
      throw filesUnavailable(error);
    }
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const give = () => reject(signal.reason);
  if (signal.aborted) give();
  signal.addEventListener("abort", give, { once: true });
  return Promise.race([work, promise]).finally(() => signal.removeEventListener("abort", give));
}
