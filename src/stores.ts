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

/** A data directory that is taken by this process. */
export interface DataDirectory extends Disposable {
  secrets: Secrets;
}

export interface Stores extends Disposable {
  jobs: JobStore;
  files: FileStore;
  notices: Notices;
  /** Why no job can be taken, or null. */
  problem(): string | null;
  /** Resolves when the stores cannot go on, with words for the operator. */
  failed: Promise<Error>;
}

/** Takes a data directory for this process alone, and reads or makes its secrets. */
export function takeDataDirectory(settings: Pick<Settings, "data_dir" | "webhook_secret">): DataDirectory {
  const unlock = withRoom(settings.data_dir, () => lockDirectory(settings.data_dir));
  try {
    const secrets = {
      webhook: webhookSecret(settings.data_dir, settings.webhook_secret),
      linkKey: linkKey(settings.data_dir),
    };
    return { secrets, [Symbol.dispose]: unlock };
  } catch (error) {
    unlock();
    throw error;
  }
}

/**
 * Opens the stores of a data directory that was taken.
 *
 * @throws {Error} with a message for the operator.
 */
export async function openStores(
  { data_dir, files_root }: Pick<Settings, "data_dir" | "files_root">,
  { log, notification }: { log: Log; notification: Notification },
): Promise<Stores> {
  const storage = openStorage(data_dir, files_root, log);
  const { database, spend, problem, failed } = storage;
  try {
    const files = storage.guard(await openLocalStore({ database, root: files_root, spend }));
    const { removed, missing } = await files.sweep(0);
    if (removed + missing.length > 0)
      log.warning("files were put in order", { removed, missing: missing.length });
    const keepFile = (record: Parameters<typeof insertFile>[1]) => insertFile(database, record);
    const jobs = storage.guard(createJobStore(database, { keepFile, spend, notification }));
    const notices = createEvents(systemClock.now);
    return { jobs, files, notices, problem, failed, [Symbol.dispose]: () => storage.close() };
  } catch (error) {
    const fault = storage.fault(error);
    storage.close();
    // A damaged database says more than what failed because of it.
    throw await Promise.race([failed, fault]);
  }
}
