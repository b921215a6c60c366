/**
 * What the nodes of a crash test and the test itself open alike: a fleet's job store, and files in a folder that all share.
 *
 * @module
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { openSharedStore } from "../../src/files/shared/open.ts";
import { insertFiles } from "../../src/files/shared/postgres-records.ts";
import type { FileStore } from "../../src/files/store.ts";
import type { Connection } from "../../src/fleet/connect.ts";
import { createPostgresJobStore } from "../../src/jobs/store/postgres.ts";
import type { Node } from "../../src/jobs/store/postgres-queue.ts";
import type { JobStore } from "../../src/jobs/store/store.ts";
import { createLog } from "../../src/log.ts";
import { defaultSettings } from "../../src/settings/load.ts";

/** The folder that all nodes of a test share. */
export const sharedFolder = (dir: string) => join(dir, "shared");

export async function crashStores(
  dir: string,
  connection: Connection,
  node: Node,
): Promise<{ store: JobStore; files: FileStore }> {
  const folder = sharedFolder(dir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const files = await openSharedStore({
    client: connection.durable,
    settings: defaultSettings({ files_url: pathToFileURL(folder).href }),
    cacheFolder: join(dir, "cache"),
    now: () => Date.now() / 1000,
    log: createLog({ level: "error", format: "text" }),
  });
  return { store: createPostgresJobStore({ connection, node, insertFiles }), files };
}
