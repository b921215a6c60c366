/**
 * The cache folder: listing and eviction.
 *
 * @module
 */
import { existsSync, lstatSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

export type CacheKind =
  | "native parts"
  | "quantized weights"
  | "prompts"
  | "thumbnails"
  | "download"
  | "other";

/** A thing in the cache folder. */
export interface CacheItem {
  name: string;
  kind: CacheKind;
  bytes: number;
  /** Unix milliseconds. */
  used: number;
  path: string;
}

const kinds: Readonly<Record<string, CacheKind>> = {
  quantized: "quantized weights",
  prompts: "prompts",
  thumbnails: "thumbnails",
  downloads: "download",
};

/** The cache's contents, newest first, without partial files. */
export function itemsOf(folder: string): CacheItem[] {
  if (!existsSync(folder)) return [];
  const items = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    const kind = kinds[entry.name];
    if (kind && entry.isDirectory())
      return readdirSync(path)
        .filter((name) => !partial.test(name))
        .map((name) => itemAt(join(path, name), `${entry.name}/${name}`, kind));
    return [itemAt(path, entry.name, entry.name.startsWith("native-") ? "native parts" : "other")];
  });
  return items.sort((a, b) => b.used - a.used);
}

function itemAt(path: string, name: string, kind: CacheKind): CacheItem {
  const { bytes, used } = measure(path);
  return { name, kind, bytes, used, path };
}

function measure(path: string): { bytes: number; used: number } {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return { bytes: 0, used: 0 };
  const used = Math.max(stat.mtimeMs, stat.atimeMs);
  if (!stat.isDirectory()) return { bytes: stat.size, used };
  // A folder's own time tells when something was put into it, not when that was last read.
  const inside = readdirSync(path).map((name) => measure(join(path, name)));
  if (inside.length === 0) return { bytes: 0, used };
  return {
    bytes: inside.reduce((sum, part) => sum + part.bytes, 0),
    used: Math.max(...inside.map((part) => part.used)),
  };
}

export const newestNative = (items: readonly CacheItem[]) =>
  items.find(({ kind }) => kind === "native parts");

/** Older native parts, and what goes over the limit, oldest first. Downloaded models are never touched. */
export function prunable(items: readonly CacheItem[], maxGb: number | null): CacheItem[] {
  const current = newestNative(items);
  const old = items.filter((item) => item.kind === "native parts" && item !== current);
  return maxGb === null ? old : [...old, ...overLimit(items, maxGb * 1e9)];
}

const remakable: ReadonlySet<CacheKind> = new Set(["quantized weights", "prompts", "thumbnails"]);

/** Entries beyond the limit; the newest stay. */
function overLimit(items: readonly CacheItem[], maxBytes: number): CacheItem[] {
  const rest = items.filter(({ kind }) => remakable.has(kind));
  let room = maxBytes - (newestNative(items)?.bytes ?? 0);
  return rest.filter(({ bytes }) => {
    room -= bytes;
    return room < 0;
  });
}

/**
 * Deletes what was not used for the longest time until `room` more bytes fit under the limit. `spared` are files that must stay.
 * Says whether they fit.
 */
export function makeRoom(
  folder: string,
  maxBytes: number,
  { room = 0, spared = [] }: { room?: number; spared?: readonly string[] } = {},
): boolean {
  const items = itemsOf(folder);
  const fixed = items.filter(({ path }) => spared.includes(path));
  const left = maxBytes - room - fixed.reduce((sum, { bytes }) => sum + bytes, 0);
  if (left < (newestNative(items)?.bytes ?? 0)) return false;
  for (const { path } of overLimit(
    items.filter(({ path }) => !spared.includes(path)),
    left,
  ))
    rmSync(path, { recursive: true, force: true });
  return true;
}

const partial = /^\..*\.(\d+)\.part$/;
const longestWrite = 24 * 3600_000;

/** The name of a file while it is written. */
export const partialName = (name: string) => `.${name}.${process.pid}.part`;

/** Removes partial files whose process is gone. */
export function sweepPartials(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const left = readdirSync(folder).filter((name) => {
    const pid = partial.exec(name)?.[1];
    return pid !== undefined && !isWritten(join(folder, name), Number(pid));
  });
  for (const name of left) rmSync(join(folder, name), { force: true });
  return left;
}

function isWritten(path: string, pid: number): boolean {
  // The target of a link may be any age.
  const stat = lstatSync(path, { throwIfNoEntry: false });
  // Process ids are reused; no write takes a day.
  if (!stat || Date.now() - stat.mtimeMs > longestWrite) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
