/**
 * File operations for jobs and for the server's housekeeping.
 *
 * @module
 */
import type { Outbound } from "../net/outbound.ts";
import type { Settings } from "../settings/settings.ts";
import type { FileRecord, FileRef } from "./file.ts";
import { resolveReference } from "./references.ts";
import type { FileStore } from "./store.ts";

/** Something that a job made. */
interface Made {
  bytes: Uint8Array | Blob | readonly Uint8Array[];
  filename: string;
  content_type: string;
  meta: Record<string, unknown>;
}

/** Seconds for which a finished run keeps its result while the place of the files does not answer. */
const resultPatience = 600;

/** File operations of jobs. */
export interface JobFiles {
  /** The bytes behind a reference, fetched if need be. */
  resolve(
    reference: FileRef,
    kind: string,
    signal: AbortSignal,
  ): Promise<{ path: string; record: FileRecord }>;
  /** Makes an artifact's bytes durable, however long that takes. Its record is committed with the job. */
  stage(artifact: Made, signal: AbortSignal): Promise<FileRecord>;
  /** Discards files staged for a job that did not succeed. */
  discard(record: FileRecord): Promise<void>;
  /** True when it was there. */
  delete(id: string): Promise<boolean>;
}

/**
 * @example
 * ```ts
 * const outbound = createOutbound({ allowPrivate: settings.allow_private_urls, allowedHosts: settings.allowed_url_hosts });
 * const files = jobFiles(store, outbound, settings);
 * ```
 */
export function jobFiles(
  store: FileStore,
  outbound: Outbound,
  settings: Pick<Settings, "max_upload_mb">,
): JobFiles {
  const maxBytes = Math.floor(settings.max_upload_mb * 1048576);
  return {
    resolve: (reference, kind, signal) =>
      resolveReference(reference, kind, { store, outbound, maxBytes, signal }),
    stage: ({ bytes, ...file }, signal) =>
      store.stage(bytes, { ...file, patience: { seconds: resultPatience, signal } }),
    discard: (record) => store.discard(record),
    delete: (id) => store.delete(id),
  };
}

/**
 * Deletes the files that the retention settings let go; call it now and then. Gives the deleted ids.
 *
 * @param inUse Ids that waiting and running jobs need: they stay.
 * @param now Unix seconds.
 */
export async function pruneFiles(
  store: FileStore,
  settings: Pick<Settings, "files_ttl_days" | "files_max_gb">,
  inUse: () => Promise<ReadonlySet<string>>,
  now = Date.now() / 1000,
): Promise<string[]> {
  const { files_ttl_days: days, files_max_gb: gigabytes } = settings;
  if (days === null && gigabytes === null) return [];
  return store.prune({
    before: days === null ? undefined : now - days * 86_400,
    maxBytes: gigabytes === null ? undefined : gigabytes * 1e9,
    inUse,
  });
}
