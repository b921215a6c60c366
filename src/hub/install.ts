/**
 * Models as the server installs and removes them: by name, with progress over all files.
 *
 * @module
 */
import type { Capability, Variant } from "../capabilities/capability.ts";
import { allDownloads } from "../capabilities/downloads.ts";
import { Refusal, type RefusalCode } from "../errors.ts";
import { type DownloadCode, DownloadError } from "./download/errors.ts";
import {
  type ActivationEvent,
  activate,
  bytesOnDisk,
  deactivate,
  distinct,
  type Places,
} from "./download/resources.ts";
import { neededBy } from "./installed.ts";

export interface InstallProgress {
  bytes_done: number;
  bytes_total: number;
}

const codes: Partial<Record<DownloadCode, RefusalCode>> = { disk_full: "disk_full" };

/** Downloads the missing files of a model. Refuses before the first byte if they do not fit on the disk. */
export async function install(
  variant: Variant,
  places: Places,
  { signal, report }: { signal: AbortSignal; report(progress: InstallProgress): void },
): Promise<{ downloaded_bytes: number }> {
  let total = 0;
  /** Bytes of each file: at its first event, and now. */
  const files = new Map<string, { first: number; done: number }>();
  const done = () => files.values().reduce((sum, file) => sum + file.done - file.first, 0);
  const on = (event: ActivationEvent) => {
    if (event.event === "planned") total = event.bytes;
    if (event.event === "file") {
      const key = `${event.label}/${event.file}`;
      const known = files.get(key);
      files.set(key, { first: known?.first ?? event.done, done: event.done });
    }
    if (event.event === "planned" || event.event === "file")
      report({ bytes_done: Math.min(done(), total), bytes_total: total });
  };
  try {
    await activate(variant.downloads, places, { signal, on });
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    throw new Refusal(codes[error.code] ?? "download_failed", error.message);
  }
  report({ bytes_done: total, bytes_total: total });
  return { downloaded_bytes: total };
}

/** Removes a model's files, except those that other installed models need. Gives the bytes that became free. */
export function uninstall(variant: Variant, families: readonly Capability[], places: Places): number {
  const others = families.flatMap(({ variants }) => variants).filter((other) => other !== variant);
  const kept = neededBy(others, places);
  const downloads = distinct(allDownloads(variant));
  const size = () => downloads.reduce((sum, download) => sum + bytesOnDisk(download, places), 0);
  const before = size();
  for (const download of downloads) deactivate(download, places, kept);
  return Math.max(before - size(), 0);
}
