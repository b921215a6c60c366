/**
 * The file store of a fleet: records in PostgreSQL, bytes in a bucket or in a folder that all nodes share.
 *
 * @module
 */
import { join } from "node:path";
import type { Client } from "../../fleet/connect.ts";
import type { Log } from "../../log.ts";
import { openOwnBlobs } from "../blobs.ts";
import type { Bytes } from "../bytes.ts";
import { createFileStore, type StoreParts } from "../create-store.ts";
import { receivedName } from "../received.ts";
import type { FileStore } from "../store.ts";
import { bucketBytes } from "./bucket-bytes.ts";
import { openCache } from "./cache.ts";
import { type Place, type PlaceSettings, placeOf, probeBucket, takePlace, type Wire } from "./place.ts";
import { postgresRecords } from "./postgres-records.ts";
import { sharedFolderBytes } from "./shared-folder.ts";

export interface SharedStoreOptions extends Wire {
  client: Client;
  settings: PlaceSettings & { files_cache_gb: number };
  /** Folder of this node for copies of what is in a bucket. */
  cacheFolder: string;
  /** Unix seconds by the clock of the database. */
  now(): number;
  log: Log;
}

/**
 * Opens the store.
 *
 * @throws {SetupError} when the place cannot be used as it is set.
 * @throws {Refusal} `files_unavailable`, `store_unavailable` when it does not answer now.
 */
export const openSharedStore = async (options: SharedStoreOptions): Promise<FileStore> =>
  createFileStore(await openSharedParts(options));

/** Opens what the store is made of. Throws as `openSharedStore` does. */
export async function openSharedParts(options: SharedStoreOptions): Promise<StoreParts> {
  const { client, settings, now } = options;
  const place = placeOf(settings, options);
  const identity = await takePlace(place, client, settings.files_url!);
  const bytes = await openBytes(place, identity, options);
  return { records: postgresRecords(client), bytes, now };
}

async function openBytes(place: Place, identity: string, options: SharedStoreOptions): Promise<Bytes> {
  if (place.kind === "folder") return sharedFolderBytes(place.root, identity);
  const { bucket, name } = place;
  await probeBucket(bucket, name);
  const { settings, cacheFolder, log, deadlines } = options;
  const cache = await openCache({
    root: cacheFolder,
    identity,
    maxBytes: settings.files_cache_gb * 1e9,
  });
  const passing = await openOwnBlobs(join(cacheFolder, "uploads"), identity, receivedName);
  return bucketBytes({ bucket, cache, passing, log, deadlines });
}
