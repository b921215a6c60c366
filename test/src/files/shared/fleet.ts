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
import { addressOf } from "../../../../src/fleet/address.ts";
import { type Client, connect } from "../../../../src/fleet/connect.ts";
import { initialize } from "../../../../src/fleet/migrate.ts";
import { silent } from "../../../../src/log.ts";
import { defaultSettings } from "../../../../src/settings/load.ts";
import type { Settings } from "../../../../src/settings/settings.ts";
import { postgres, s3 } from "../../../fleet/servers.ts";
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
  const { url } = await (await postgres()).database();
  const sql = new SQL({ url, max: 2 });
  await sql.unsafe(
    "DO $$ BEGIN CREATE ROLE easel_node LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$",
  );
  const connection = connect(addressOf({ ...defaultSettings(), fleet_url: url }));
  await initialize(connection);
  return { url, client: connection.durable, sql };
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
