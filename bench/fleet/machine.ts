/**
 * A machine of a fleet whose jobs take SECONDS, or run until they are canceled: `bun bench/fleet/machine.ts URL LEASE [SECONDS]`.
 * It prints its id once it works.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cancelled } from "../../src/engine/task.ts";
import { insertFiles } from "../../src/files/shared/postgres-records.ts";
import { addressOf } from "../../src/fleet/address.ts";
import { connect } from "../../src/fleet/connect.ts";
import { joinFleet } from "../../src/fleet/node.ts";
import { createScheduler } from "../../src/jobs/create-scheduler.ts";
import { createPostgresNotices } from "../../src/jobs/notify/postgres-notices.ts";
import { createPostgresJobStore } from "../../src/jobs/store/postgres.ts";
import { createLog } from "../../src/log.ts";
import { defaultSettings } from "../../src/settings/load.ts";
import { crashLoad } from "../../test/src/jobs/store/crash-load.ts";
import { variants } from "./jobs.ts";

const [url, leaseSeconds, seconds] = process.argv.slice(2) as [string, string, string?];
const dir = mkdtempSync(join(tmpdir(), "easel-bench-machine-"));
const lease = Number(leaseSeconds);
const log = createLog({ level: "error", format: "text" });
const connection = connect(addressOf(defaultSettings({ fleet_url: url }), {}));
const about = { name: crypto.randomUUID(), role: "worker", version: "0", lease } as const;
const member = await joinFleet(connection, { ...about, dataDir: dir, log });
const store = createPostgresJobStore({
  connection,
  node: { id: member.id, window: 60, ...about },
  insertFiles,
});
const { options } = crashLoad({ dir, seed: 1, store, files: undefined as never });
const scheduler = createScheduler({
  ...options,
  log,
  engine: {
    ...options.engine,
    run: (_family, _phase, _parts, input, { signal } = {}) =>
      new Promise((resolve, reject) => {
        signal?.addEventListener("abort", () => reject(new Cancelled()));
        if (seconds) setTimeout(resolve, Number(seconds) * 1000, { output: {}, input, peak: 0 });
      }),
  },
  notices: await createPostgresNotices({ connection, node: member.id, log }),
  placing: { isShared: true, types: ["bench"], variants: () => variants },
});
member.begin({ beat: () => scheduler.beat(), beaten: async () => {}, reap: () => scheduler.recover() });
await scheduler.start();
console.log(member.id);
