import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../../src/database.ts";
import { Refusal } from "../../../src/errors.ts";
import { openLocalStore } from "../../../src/files/local.ts";
import type { FileStore } from "../../../src/files/store.ts";
import { createThumbnails } from "../../../src/files/thumbnails.ts";
import type { Deps } from "../../../src/http/deps.ts";
import type { Scheduler } from "../../../src/jobs/scheduler.ts";
import { silent } from "../../../src/log.ts";
import { defaultSettings } from "../../../src/settings/load.ts";
import type { Settings } from "../../../src/settings/settings.ts";
import { noPrompts } from "../prompts.ts";

const unused = async () => {
  throw new Refusal("job_not_found", "unknown job");
};

/** A scheduler with nothing in it. */
export const idle: Scheduler = {
  submit: unused,
  replay: async () => undefined,
  job: unused,
  position: unused,
  list: async () => ({ data: [], has_more: false }),
  retry: unused,
  cancel: unused,
  cancelAll: async () => 0,
  remove: unused,
  wait: unused,
  events: unused,
  unload: async () => ({ unloaded: false, freed_bytes: 0 }),
  plan: () => ({ peak_bytes: 0, budget_bytes: 12.5 * 2 ** 30, fits: true, smaller: null }),
  health: () => ({ warm: true, queue_len: 0, memory: { loaded: [], resident_gb: 0, budget_gb: 12.5 } }),
  metrics: () => ({
    queued: 0,
    running: 0,
    ended: [],
    models: [],
    budget_bytes: 12.5 * 2 ** 30,
    loads: 0,
    load_seconds: 0,
    evictions: { budget: 0, expired: 0, transient: 0, unload: 0, fault: 0, out_of_memory: 0 },
    out_of_memory: 0,
    webhooks: { delivered: 0, retried: 0, given_up: 0 },
  }),
  start: async () => {},
  stop: async () => {},
};

/** A real file store, over a database in memory and a new folder. */
export const tempFiles = (): Promise<FileStore> =>
  openLocalStore({
    database: openDatabase(":memory:"),
    root: mkdtempSync(join(tmpdir(), "easel-http-files-")),
  });

const unopened = new Proxy({} as FileStore, {
  get(_, name) {
    // `/ready` asks where the bytes lie; a folder of this machine has no answer.
    if (name === "answers") return undefined;
    throw new Error("this test opens no file store");
  },
});

export function testDeps(settings: Partial<Settings> = {}, changes: Partial<Deps> = {}): Deps {
  const dir = mkdtempSync(join(tmpdir(), "easel-http-"));
  const whole = defaultSettings({ port: 0, data_dir: dir, files_root: join(dir, "files"), ...settings });
  return {
    settings: whole,
    version: "1.2.3",
    build: { commit: null, engine: () => null },
    capabilities: [],
    scheduler: { ...idle },
    files: unopened,
    thumbnails: changes.files
      ? createThumbnails({ store: changes.files, folder: join(dir, "cache"), maxPixels: 2 ** 26 })
      : (unopened as never),
    places: {
      hub: { endpoint: "http://127.0.0.1:9", token: undefined, cache: join(dir, "hub") },
      downloads: join(dir, "downloads"),
    },
    links: { key: new Uint8Array(32), ttl: whole.result_link_ttl_s },
    uninstall: () => 0,
    context: {
      settings: whole,
      prompts: noPrompts,
      budget: () => Infinity,
      activation: () => ({ missing: [] }),
    },
    log: silent,
    notReady: () => null,
    scalar: () => ({
      type: "text/javascript; charset=utf-8",
      bytes: new TextEncoder().encode("/* scalar */"),
    }),
    guides: () => [],
    playground: async () => new Map(),
    ...changes,
  };
}
