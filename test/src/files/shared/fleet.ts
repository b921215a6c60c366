/**
 * A fleet's file store for tests: a database of its own, and a folder or a prefix of its own for the bytes.
 *
 * @module
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { SQL } from "bun";
import { openSharedStore, type SharedStoreOptions } from "../../../../src/files/shared/open.ts";
import type { FileStore } from "../../../../src/files/store.ts";
import type { Client } from "../../../../src/fleet/connect.ts";
import { silent } from "../../../../src/log.ts";
import { defaultSettings } from "../../../../src/settings/load.ts";
import type { Settings } from "../../../../src/settings/settings.ts";
import { connection, fleetDatabase } from "../../../fleet/fleet.ts";
import { s3 } from "../../../fleet/servers.ts";
import { temporaryFolder } from "../folder.ts";

export interface Fleet {
  client: Client;
  /** The same rows, without a deadline. */
  sql: SQL;
  settings: Settings;
}

/** A fleet without files, in a place of its own. Only the last one that was made may be used. */
export async function fleet(place: "bucket" | "folder", more: Partial<Settings> = {}): Promise<Fleet> {
  database ??= openDatabase();
  const { url, client, sql } = await database;
  await sql`DELETE FROM files`;
  await sql`DELETE FROM removed_files`;
  await sql`DELETE FROM settings`;
  await sql`DELETE FROM jobs`;
  await sql`DELETE FROM deliveries`;
  const settings = {
    ...defaultSettings(),
    fleet_url: url,
    ...(place === "bucket" ? await bucketSettings() : folderSettings()),
    ...more,
  };
  return { client, sql, settings };
}

let database: Promise<{ url: string; client: Client; sql: SQL }> | undefined;

/** A database with a fleet's tables for all tests of a file. */
async function openDatabase() {
  const { url } = await fleetDatabase();
  return { url, client: connection(url).durable, sql: new SQL({ url, max: 2 }) };
}

async function bucketSettings() {
  const { endpoint, region, accessKey, secretKey, bucket } = await s3();
  return {
    files_url: `s3://${bucket}/test-${crypto.randomUUID()}`,
    s3_endpoint: endpoint,
    s3_region: region,
    s3_access_key: accessKey,
    s3_secret_key: secretKey,
  };
}

function folderSettings() {
  const root = join(temporaryFolder(), "shared");
  mkdirSync(root);
  return { files_url: pathToFileURL(root).href };
}

/** A node of the fleet. */
export function node(
  { client, settings }: Fleet,
  options: Partial<SharedStoreOptions> = {},
): Promise<FileStore> {
  return openSharedStore({
    client,
    settings,
    cacheFolder: join(temporaryFolder(), "cache"),
    now: () => Date.now() / 1000,
    log: silent,
    ...options,
  });
}
