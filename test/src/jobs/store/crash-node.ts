/**
 * A node of a fleet under a mixed load, to be killed. `bun crash-node.ts FOLDER NAME URL SEED load|drain`
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { lockDirectory } from "../../../../src/database.ts";
import { joinFleet } from "../../../../src/fleet/node.ts";
import { createScheduler } from "../../../../src/jobs/create-scheduler.ts";
import { createPostgresNotices } from "../../../../src/jobs/notify/postgres-notices.ts";
import { createLog } from "../../../../src/log.ts";
import { crashStores } from "../../../fleet/crash.ts";
import { connection } from "../../../fleet/fleet.ts";
import { nodeOf } from "../../../fleet/jobs.ts";
import { crashLoad } from "./crash-load.ts";

const [dir, name, url, seed, mode] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  "load" | "drain",
];
const lease = 1;

const dataDir = join(dir, name);
mkdirSync(dataDir, { recursive: true });
lockDirectory(dataDir);
const log = createLog({ level: "error", format: "text" });
const database = connection(url);
const member = await joinFleet(database, { name, role: "both", version: "1.2.3", dataDir, lease, log });
const { store, files } = await crashStores(dir, database, nodeOf({ id: member.id, name, lease }));
const { options, run } = crashLoad({ dir, seed: Number(seed), store, files });
const scheduler = createScheduler({
  ...options,
  notices: await createPostgresNotices({ connection: database, node: member.id, log }),
  placing: {
    isShared: true,
    types: ["fake"],
    variants: () => ["fake/0", "fake/1", "fake/2", "fake/3"],
  },
});
member.begin({
  beat: () => scheduler.beat(),
  beaten: async () => {},
  reap: () => scheduler.recover(),
});

await scheduler.start();
console.log("ready");
if (mode === "load") await run(scheduler);
for (;;) {
  const { queued, running } = await store.counts();
  if (queued + running === 0) break;
  await Bun.sleep(50);
}
await scheduler.stop();
await member.leave();
process.exit(0);
