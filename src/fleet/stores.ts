/**
 * The stores of a fleet: jobs in PostgreSQL, bytes in a bucket or a shared folder, and this machine's place among the others.
 *
 * @module
 */
import { join } from "node:path";
import { openSharedStore } from "../files/shared/open.ts";
import { placeOf } from "../files/shared/place.ts";
import { insertFiles } from "../files/shared/postgres-records.ts";
import type { FileStore } from "../files/store.ts";
import type { Notices } from "../jobs/notify/notices.ts";
import { createPostgresNotices } from "../jobs/notify/postgres-notices.ts";
import { createPostgresJobStore } from "../jobs/store/postgres.ts";
import type { JobStore, Notification } from "../jobs/store/store.ts";
import type { Log } from "../log.ts";
import type { Settings } from "../settings/settings.ts";
import type { Connection } from "./connect.ts";
import { requireSchema } from "./migrate.ts";
import { joinFleet } from "./node.ts";
import { connectionTo, patience, type Waiting } from "./open.ts";
import { Presence } from "./presence.ts";
import { type SharedSecrets, sharedSecrets } from "./secrets.ts";

export interface FleetStores extends AsyncDisposable {
  jobs: JobStore;
  files: FileStore;
  notices: Notices;
  secrets: SharedSecrets;
  presence: Presence;
}

export interface FleetStoresOptions extends Waiting {
  version: string;
  notification(secrets: SharedSecrets): Notification;
}

/**
 * Opens the stores, and takes this machine's place. A database or a bucket that does not answer is waited for.
 *
 * @throws {SetupError} for what no waiting mends.
 */
export async function openFleetStores(settings: Settings, options: FleetStoresOptions): Promise<FleetStores> {
  const { log, version, notification } = options;
  // mistakes in the settings come before any waiting
  placeOf(settings);
  const { connection, answers } = connectionTo(settings);
  const patiently = patience(options);
  await using parts = new AsyncDisposableStack();
  parts.use(connection);
  await patiently(answers);
  await patiently(() => requireSchema(connection));
  const secrets = await patiently(() => sharedSecrets(connection.durable, settings.webhook_secret));
  let presence: Presence | undefined;
  const now = () => presence?.now() ?? Date.now() / 1000;
  const files = await patiently(() => openFiles(settings, connection, { log, now }));
  const { fleet_role: role, fleet_lease_s: lease, node_name: name } = settings;
  const node = await patiently(() =>
    joinFleet(connection, { name, role, version, dataDir: settings.data_dir, lease, log }),
  );
  presence = new Presence({ connection, node, works: role !== "api", log });
  const here = presence;
  parts.defer(() => here.leave());
  const jobs = createPostgresJobStore({
    connection,
    node: { id: node.id, name, role, version, lease, window: settings.fleet_window_s },
    insertFiles,
    notification: notification(secrets),
  });
  // jobs of this machine's last run, whose place was given up
  await patiently(() => jobs.recover({ onlyGone: true }));
  const notices = await patiently(() => createPostgresNotices({ connection, node: node.id, log }));
  const opened = parts.move();
  return { jobs, files, notices, secrets, presence, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const openFiles = (settings: Settings, { durable }: Connection, more: { log: Log; now(): number }) =>
  openSharedStore({
    client: durable,
    settings,
    cacheFolder: join(settings.data_dir, "shared-files"),
    ...more,
  });
