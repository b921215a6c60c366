/**
 * Downloads of variants, each listed once: their state on the disk, fetching and removal.
 *
 * @module
 */
import { existsSync, readFileSync, realpathSync, rmSync, statfsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Download } from "../../capabilities/capability.ts";
import { canceled, DownloadError } from "./errors.ts";
import { type DownloadOptions, downloadFile } from "./file.ts";
import {
  downloadRepo,
  type HubEnv,
  type HubListing,
  listRepo,
  missingBytes,
  repoFolder,
  snapshot,
} from "./hub.ts";
import { broughtBytes } from "./partial.ts";
import { get, refuse, validatorOf } from "./request.ts";
import { withRetries } from "./retry.ts";

/** Where things lie on this machine. */
export interface Places {
  hub: HubEnv;
  /** Folder of what comes from plain addresses. */
  downloads: string;
}

/** The name that commands and lists show. */
export function label(download: Download): string {
  return download.kind === "huggingface" ? download.repo : download.url;
}

/** The same downloads with the wanted files of one repository put together. */
export function distinct(downloads: readonly Download[]): Download[] {
  const byKey = new Map<string, Download>();
  for (const download of downloads) {
    const key = download.kind === "url" ? download.url : `${download.repo}@${download.revision}`;
    const known = byKey.get(key);
    if (known?.kind === "huggingface" && download.kind === "huggingface")
      byKey.set(key, { ...known, files: [...new Set([...known.files, ...download.files])] });
    else byKey.set(key, download);
  }
  return [...byKey.values()];
}

/** The folder or file that a download ends in. It may not be there. */
export function pathOf(download: Download, places: Places): string | null {
  return download.kind === "huggingface"
    ? snapshot(places.hub.cache, download.repo, download.revision)
    : join(places.downloads, download.file);
}

/** File names and patterns of a download that are missing on the disk; empty when it is complete. No network. */
export function missing(download: Download, places: Places): string[] {
  const path = pathOf(download, places);
  if (download.kind === "url") return path && existsSync(path) ? [] : [download.file];
  if (path === null) return [...download.files];
  const lacking: string[] = [];
  for (const pattern of download.files) {
    const found = [...new Bun.Glob(pattern).scanSync({ cwd: path, followSymlinks: true, onlyFiles: false })];
    if (found.length === 0) lacking.push(pattern);
    for (const file of found) {
      if (!existsSync(join(path, file)))
        lacking.push(file); // a link to a blob that is gone
      else if (file.endsWith(".safetensors.index.json")) lacking.push(...shardsMissing(path, file));
    }
  }
  return [...new Set(lacking)];
}

/** Another program may have stopped in the middle of a sharded model: the index tells which shards there must be. */
function shardsMissing(root: string, index: string): string[] {
  const { weight_map } = JSON.parse(readFileSync(join(root, index), "utf8")) as {
    weight_map: Record<string, string>;
  };
  const folder = dirname(index);
  return [...new Set(Object.values(weight_map))]
    .map((shard) => join(folder, shard))
    .filter((shard) => !existsSync(join(root, shard)));
}

export type ActivationEvent =
  | { event: "listing"; label: string }
  | { event: "ready"; label: string }
  /** Every file was found; `bytes` remain to be downloaded. */
  | { event: "planned"; bytes: number }
  | { event: "waiting"; seconds: number; why: string }
  | { event: "file"; label: string; file: string; done: number; total: number }
  | { event: "downloaded"; label: string; path: string };

export interface ActivationOptions extends Omit<DownloadOptions, "onBytes" | "onWait"> {
  on?: (event: ActivationEvent) => void;
}

/** Brings downloads to the disk. Asks for everything that may be refused (rights, space) before it fetches the first byte. */
export async function activate(
  downloads: readonly Download[],
  places: Places,
  options: ActivationOptions = {},
): Promise<void> {
  const on = options.on ?? (() => {});
  const onWait = (seconds: number, why: string) => on({ event: "waiting", seconds, why });
  try {
    await bring(downloads, places, { ...options, on, onWait });
  } catch (error) {
    throw options.signal?.aborted ? canceled() : error;
  }
}

interface Bringing extends DownloadOptions {
  on: (event: ActivationEvent) => void;
}

async function bring(downloads: readonly Download[], places: Places, options: Bringing): Promise<void> {
  const on = sparing(options.on);
  const plan: { download: Download; bytes: number; fetch: () => Promise<string> }[] = [];
  for (const download of distinct(downloads)) {
    if (missing(download, places).length === 0) {
      on({ event: "ready", label: label(download) });
      continue;
    }
    on({ event: "listing", label: label(download) });
    plan.push({
      download,
      ...(download.kind === "huggingface"
        ? await planRepo(download, places, { ...options, on })
        : await planUrl(download, places, { ...options, on })),
    });
  }
  requireSpace(plan, places);
  on({ event: "planned", bytes: plan.reduce((sum, { bytes }) => sum + bytes, 0) });
  for (const { download, fetch } of plan) {
    const path = await fetch();
    const lacking = missing(download, places);
    if (lacking.length > 0)
      throw new DownloadError("not_found", `${label(download)} lacks ${lacking.join(", ")}`);
    on({ event: "downloaded", label: label(download), path });
  }
}

/** Limits progress events of a file to ten a second. */
function sparing(on: Bringing["on"]): Bringing["on"] {
  let last = 0;
  let file = "";
  return (event) => {
    if (event.event === "file" && event.file === file && event.done < event.total) {
      if (performance.now() - last < 100) return;
    }
    if (event.event === "file") {
      file = event.file;
      last = performance.now();
    }
    on(event);
  };
}

async function planRepo(
  download: Extract<Download, { kind: "huggingface" }>,
  { hub }: Places,
  options: Bringing,
) {
  const listing: HubListing = await listRepo(download.repo, download.revision, download.files, hub, options);
  return {
    bytes: missingBytes(listing, hub),
    fetch: () =>
      downloadRepo(listing, download.revision, hub, {
        ...options,
        onFile: (file, done, total) =>
          options.on({ event: "file", label: label(download), file, done, total }),
      }),
  };
}

async function planUrl(download: Extract<Download, { kind: "url" }>, places: Places, options: Bringing) {
  const signal = options.signal ?? new AbortController().signal;
  // A range of one byte tells the size where HEAD is not answered.
  const remote = { url: download.url };
  const response = await withRetries(async () => {
    const headers = { range: "bytes=0-0" };
    const answer = await get(remote, { fetch: options.fetch ?? fetch, signal, headers });
    if (answer.status !== 206 && answer.status !== 200) await refuse(answer, remote);
    return answer;
  }, options);
  const total = /\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1];
  const size = Number(total ?? response.headers.get("content-length") ?? Number.NaN);
  const validator = validatorOf(response);
  await response.body?.cancel();
  if (!Number.isInteger(size) || size <= 0)
    throw new DownloadError("server_error", `${download.url} sent no size`);
  const path = join(places.downloads, download.file);
  const digest = download.sha256 ? ({ kind: "sha256", hex: download.sha256 } as const) : null;
  // Without a hash, the validator identifies the file. Without a validator, a partial download cannot be resumed.
  const expected = digest
    ? { size, etag: digest.hex, digest }
    : { size, etag: validator ?? crypto.randomUUID(), digest, validator };
  return {
    bytes: size - broughtBytes(path, expected),
    fetch: async () => {
      await downloadFile(remote, expected, path, {
        ...options,
        onBytes: (done) =>
          options.on({ event: "file", label: label(download), file: download.file, done, total: size }),
      });
      return path;
    },
  };
}

/** Refuses before the first byte when the disk cannot hold all that is to come. */
function requireSpace(plan: readonly { download: Download; bytes: number }[], places: Places): void {
  const wanted = new Map<number, { folder: string; bytes: number }>();
  for (const { download, bytes } of plan) {
    const folder = existing(download.kind === "huggingface" ? places.hub.cache : places.downloads);
    const disk = statSync(folder).dev;
    const so_far = wanted.get(disk)?.bytes ?? 0;
    wanted.set(disk, { folder, bytes: so_far + bytes });
  }
  for (const { folder, bytes } of wanted.values()) {
    const { bavail, bsize } = statfsSync(folder);
    if (bytes > bavail * bsize)
      throw new DownloadError(
        "disk_full",
        `The download needs ${size(bytes)} and the disk has ${size(bavail * bsize)} left`,
      );
  }
}

/** Bytes that a download takes on the disk now. Equal files are stored once and count once. */
export function bytesOnDisk(download: Download, places: Places): number {
  const path = pathOf(download, places);
  if (path === null || !existsSync(path)) return 0;
  if (download.kind === "url") return statSync(path).size;
  const files = download.files.flatMap((pattern) => [
    ...new Bun.Glob(pattern).scanSync({ cwd: path, followSymlinks: true }),
  ]);
  const blobs = new Set(files.map((file) => realpathSync(join(path, file))));
  return [...blobs].reduce((sum, blob) => sum + statSync(blob).size, 0);
}

/** Whether anything of a download is on the disk, be it unfinished. */
export function hasTraces(download: Download, places: Places): boolean {
  if (download.kind === "huggingface") return existsSync(repoFolder(places.hub.cache, download.repo));
  return existsSync(join(places.downloads, download.file));
}

/** The nearest folder that is there, since the cache itself may not be yet. */
export function existing(path: string): string {
  return existsSync(path) ? path : existing(dirname(path));
}

function size(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/**
 * Removes a download from the disk, but for the files that one of `kept` needs too: several models lie in one repository. Says
 * whether there was anything.
 */
export function deactivate(download: Download, places: Places, kept: readonly Download[] = []): boolean {
  if (download.kind === "url") {
    const shared = kept.some((other) => other.kind === "url" && other.file === download.file);
    return !shared && removed(join(places.downloads, download.file));
  }
  const others = kept.flatMap((other) =>
    other.kind === "huggingface" && other.repo === download.repo ? other.files : [],
  );
  if (others.length === 0) return removed(repoFolder(places.hub.cache, download.repo));
  const root = pathOf(download, places);
  if (root === null) return false;
  const named = (patterns: readonly string[]) =>
    new Set(
      patterns.flatMap((pattern) => [...new Bun.Glob(pattern).scanSync({ cwd: root, onlyFiles: false })]),
    );
  const bytesOf = (file: string) => (existsSync(join(root, file)) ? realpathSync(join(root, file)) : null);
  const needed = named(others);
  // a file's name only leads to its bytes, and equal files have theirs together
  const neededBytes = new Set([...needed].map(bytesOf));
  const going = [...named(download.files)].filter((file) => !needed.has(file));
  for (const file of going) {
    const bytes = bytesOf(file);
    if (bytes !== null && !neededBytes.has(bytes)) rmSync(bytes, { force: true });
    rmSync(join(root, file), { force: true });
  }
  return going.length > 0;
}

function removed(path: string): boolean {
  if (!existsSync(path)) return false;
  rmSync(path, { recursive: true });
  return true;
}
