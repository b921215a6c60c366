/**
 * Small WebP copies of stored pictures, made when they are first asked for and kept in the cache folder.
 *
 * @module
 */
import { mkdirSync, rmSync } from "node:fs";
import { readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomic } from "../disk/write-atomic.ts";
import { isDiskFull, Refusal } from "../errors.ts";
import { decodePicture } from "../images/decode.ts";
import { encodePicture } from "../images/encode.ts";
import { contentTypeOf, unknownType } from "./content-type.ts";
import type { FileRecord } from "./file.ts";
import type { FileStore } from "./store.ts";

/** Longest sides that can be asked for. */
export const thumbnailSizes = [64, 128, 320, 640, 1280] as const;
export type ThumbnailSize = (typeof thumbnailSizes)[number];

export interface Thumbnails {
  /**
   * The thumbnail's bytes.
   *
   * @throws {Refusal} `no_thumbnail` when the file is not a picture that can be decoded.
   */
  of(record: FileRecord, size: ThumbnailSize): Promise<Uint8Array<ArrayBuffer>>;
  /** Removes the thumbnails of a deleted file. */
  forget(id: string): void;
  /** Removes thumbnails of files that are gone, and the oldest above the limit. */
  sweep(): Promise<void>;
}

export interface ThumbnailOptions {
  store: Pick<FileStore, "local" | "get">;
  /** The cache folder. */
  folder: string;
  maxPixels: number;
}

/** Bytes that all thumbnails may take. */
const mostBytes = 512e6;
/** Decoding a large picture takes hundreds of megabytes: no more than this many at once. */
const mostAtOnce = 2;

export function createThumbnails({ store, folder, maxPixels }: ThumbnailOptions): Thumbnails {
  const place = join(folder, "thumbnails");
  const running = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();
  const waiting: (() => void)[] = [];
  let busy = 0;

  async function limited<T>(work: () => Promise<T>): Promise<T> {
    if (busy >= mostAtOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else busy++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else busy--;
    }
  }

  async function make(record: FileRecord, size: ThumbnailSize, path: string) {
    const bytes = await limited(async () => {
      const picture = await decodePicture(await store.local(record), {
        kind: "the file",
        maxPixels,
        within: { pixels: size * size, side: size },
      }).catch((error: unknown) => {
        if (!(error instanceof Refusal)) throw error;
        throw new Refusal("no_thumbnail", `there is no thumbnail of this file: ${error.message}`);
      });
      return encodePicture({ ...picture, channels: 3 }, { format: "webp", quality: 80 });
    });
    try {
      mkdirSync(place, { recursive: true, mode: 0o700 });
      await writeAtomic(path, bytes, { durable: false });
    } catch (error) {
      // Without room the thumbnail is made anew each time.
      if (!isDiskFull(error)) throw error;
    }
    return new Uint8Array(bytes);
  }

  return {
    async of(record, size) {
      if (!mayBePicture(record))
        throw new Refusal("no_thumbnail", "there is no thumbnail of this file: it is not a picture");
      const path = join(place, `${record.file_id}-${size}.webp`);
      const kept = Bun.file(path);
      if (await kept.exists()) {
        void touch(path);
        return new Uint8Array(await kept.arrayBuffer());
      }
      const making = running.get(path) ?? make(record, size, path).finally(() => running.delete(path));
      running.set(path, making);
      return making;
    },
    forget(id) {
      for (const size of thumbnailSizes) rmSync(join(place, `${id}-${size}.webp`), { force: true });
    },
    async sweep() {
      const kept: { path: string; bytes: number; used: number }[] = [];
      for (const name of await readdir(place).catch(() => [])) {
        const path = join(place, name);
        const id = /^(file_[0-9a-f]+)-\d+\.webp$/.exec(name)?.[1];
        // Another name is a thumbnail that is being written.
        if (id === undefined) continue;
        if (!(await store.get(id))) await rm(path, { force: true });
        else {
          const found = await stat(path).catch(() => undefined);
          if (found) kept.push({ path, bytes: found.size, used: found.mtimeMs });
        }
      }
      let room = mostBytes;
      for (const { path, bytes } of kept.sort((a, b) => b.used - a.used)) {
        room -= bytes;
        if (room < 0) await rm(path, { force: true });
      }
    },
  };
}

/** By its type, or by its name where the client gave no real type, as browsers do for HEIC. */
function mayBePicture({ content_type, filename }: FileRecord): boolean {
  const type = content_type === unknownType ? contentTypeOf(filename) : content_type;
  return type.startsWith("image/");
}

const day = 24 * 3600_000;

/** Marks a thumbnail as used, at most once a day. */
async function touch(path: string): Promise<void> {
  try {
    const now = new Date();
    if (now.getTime() - (await stat(path)).mtimeMs > day) await utimes(path, now, now);
  } catch {
    // It was removed meanwhile.
  }
}
