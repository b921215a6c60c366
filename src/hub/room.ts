/**
 * Whether a model that is asked for can fit on the disk, by what is known before its publisher is asked.
 *
 * @module
 */
import { existsSync, readdirSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Download, Variant } from "../capabilities/capability.ts";
import { Refusal } from "../errors.ts";
import { repoFolder } from "./download/hub.ts";
import { partialOf } from "./download/partial.ts";
import { distinct, existing, missing, type Places } from "./download/resources.ts";

/** Sizes of models are rounded to a tenth of a gigabyte, and large ones to one. */
const rounding = (gigabytes: number) => (gigabytes < 10 ? 0.05 : 0.5) * 1e9;

/**
 * Refuses a download that cannot fit. The size is that of the list of models, so that what nearly fits passes: the job asks the
 * publisher for the exact sizes, and refuses by these.
 *
 * @throws {Refusal} `disk_full`
 */
export function requireRoom(variant: Variant, places: Places, freeOn = freeBytes): void {
  const room = roomFor(variant, places, freeOn);
  if (room && !room.fits)
    throw new Refusal(
      "disk_full",
      `The download needs about ${gigabytes(room.needed)} and the disk has ${gigabytes(room.free)} left`,
    );
}

/** Bytes that are missing of a model and bytes that are free; undefined where nothing is missing. */
export function roomFor(variant: Variant, places: Places, freeOn = freeBytes) {
  const downloads = distinct(variant.downloads);
  if (downloads.every((download) => missing(download, places).length === 0)) return undefined;
  const here = downloads.reduce((sum, download) => sum + traceBytes(download, places), 0);
  const needed = variant.diskGb * 1e9 - here;
  // Several places may lie on several disks. The model fits nowhere if the roomiest of them is too small.
  const free = Math.max(...downloads.map((download) => freeOn(folderOf(download, places))));
  return { needed, free, fits: needed - rounding(variant.diskGb) <= free };
}

/** Bytes that are free for downloads: those of the roomiest disk, where they go to several. */
export const freeForDownloads = ({ hub, downloads }: Places, freeOn = freeBytes) =>
  Math.max(freeOn(hub.cache), freeOn(downloads));

const folderOf = (download: Download, { hub, downloads }: Places) =>
  download.kind === "huggingface" ? hub.cache : downloads;

/** Bytes on the disk of what a download brought, be it unfinished. */
function traceBytes(download: Download, { hub, downloads }: Places): number {
  if (download.kind === "huggingface") return bytesBelow(join(repoFolder(hub.cache, download.repo), "blobs"));
  const path = join(downloads, download.file);
  return [path, partialOf(path)].reduce((sum, file) => sum + bytesOf(file), 0);
}

const bytesBelow = (folder: string): number =>
  existsSync(folder) ? readdirSync(folder).reduce((sum, name) => sum + bytesOf(join(folder, name)), 0) : 0;

/** Bytes that a file really takes: an unfinished one may have holes. */
function bytesOf(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() ? Math.min(found.blocks * 512, found.size) : 0;
}

/** Bytes that are free where a folder is or will be. */
function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(existing(folder));
  return bavail * bsize;
}

const gigabytes = (bytes: number) => `${(Math.max(bytes, 0) / 1e9).toFixed(1)} GB`;
