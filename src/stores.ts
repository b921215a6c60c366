/**
 * Where jobs, files and secrets are kept. Nothing else asks which back end it is.
 *
 * @module
 */
import { lockDirectory, withRoom } from "./database.ts";
import { linkKey } from "./files/links.ts";
import { openLocalStore } from "./files/local.ts";
import { insertFile } from "./files/records.ts";
import type { FileStore } from "./files/store.ts";
import type { Presence } from "./fleet/presence.ts";
import { systemClock } from "./jobs/clock.ts";
import { createEvents } from "./jobs/notify/events.ts";
import type { Notices } from "./jobs/notify/notices.ts";
import { webhookSecret } from "./jobs/notify/webhook-secret.ts";
import { createJobStore } from "./jobs/store/sqlite.ts";
import type { JobStore, Notification } from "./jobs/store/store.ts";
import type { Log } from "./log.ts";
import type { Settings } from "./settings/settings.ts";
import { openStorage } from "./storage.ts";

export interface Secrets {
  /** Signs webhooks. */
  webhook: string;
  /** Signs links to results. */
  linkKey: Uint8Array;
}

export interface Stores extends AsyncDisposable {
  secrets: Secrets;
  /** This machine among others; undefined when it works alone. */
  presence?: Presence;
  jobs: JobStore;
  files: FileStore;
  notices: Notices;
  /** Why no job can be taken, or null. */
  problem(): string | null;
  /** Resolves when the stores cannot go on, with words for the operator. */
  failed: Promise<Error>;
}

export interface StoresOptions {
  log: Log;
  version: string;
  notification(secrets: Secrets): Notification;
  /** Ends the waiting for a fleet's database. */
  signal: AbortSignal;
  /** Called when a fleet's database or files do not answer yet. */
  waits(): void;
}

/** Takes a data directory for this process alone. */
export function takeDataDirectory({ data_dir }: Pick<Settings, "data_dir">): Disposable {
  return { [Symbol.dispose]: withRoom(data_dir, () => lockDirectory(data_dir)) };
}

/**
 * Opens the stores that the settings name, beside a data directory that was taken.
 *
 * @throws {Error} with a message for the operator.
 */
export async function openStores(settings: Settings, options: StoresOptions): Promise<Stores> {
  if (settings.fleet_url === null) return openOwnStores(settings, options);
  // one machine alone loads nothing of it
  const { openFleetStores } = await import("./fleet/stores.ts");
  const stores = await openFleetStores(settings, options);
  return {
    ...stores,
    problem: () => stores.presence.problem(),
    failed: new Promise(() => {}),
  };
}

async function openOwnStores(settings: Settings, { log, notification }: StoresOptions): Promise<Stores> {
  const { data_dir, files_root } = settings;
  const secrets = {
    webhook: webhookSecret(data_dir, settings.webhook_secret),
    linkKey: linkKey(data_dir),
  };
  const storage = openStorage(data_dir, files_root, log);
  const { database, spend, problem, failed } = storage;
  try {
    const files = storage.guard(await openLocalStore({ database, root: files_root, spend }));
    const { removed, missing } = await files.sweep(0);
    if (removed + missing.length > 0)
      log.warning("files were put in order", { removed, missing: missing.length });
    const keepFile = (record: Parameters<typeof insertFile>[1]) => insertFile(database, record);
    const jobs = storage.guard(
      createJobStore(database, { keepFile, spend, notification: notification(secrets) }),
    );
    const notices = createEvents(systemClock.now);
    const close = async () => storage.close();
    return { jobs, files, notices, secrets, problem, failed, [Symbol.asyncDispose]: close };
  } catch (error) {
    const fault = storage.fault(error);
    storage.close();
    // A damaged database says more than what failed because of it.
    throw await Promise.race([failed, fault]);
  }
}
