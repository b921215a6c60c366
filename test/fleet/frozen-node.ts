/**
 * A worker of a fleet whose jobs end once a file named `go` lies in its folder. `bun frozen-node.ts FOLDER URL`
 */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { joinFleet } from "../../src/fleet/node.ts";
import { createScheduler } from "../../src/jobs/create-scheduler.ts";
import { createPostgresNotices } from "../../src/jobs/notify/postgres-notices.ts";
import { createLog } from "../../src/log.ts";
import { crashLoad } from "../src/jobs/store/crash-load.ts";
import { crashStores } from "./crash.ts";
import { connection } from "./fleet.ts";
import { nodeOf } from "./jobs.ts";

const [dir, url] = process.argv.slice(2) as [string, string];
const lease = 1;
const dataDir = join(dir, "frozen");
mkdirSync(dataDir, { recursive: true });
const log = createLog({ level: "info", format: "text" });
const database = connection(url);
const member = await joinFleet(database, {
  name: "frozen",
  role: "worker",
  version: "1.2.3",
  dataDir,
  lease,
  log,
});
const { store, files } = await crashStores(dir, database, nodeOf({ id: member.id, lease }));
const { options } = crashLoad({ dir, seed: 1, store, files });
const scheduler = createScheduler({
  ...options,
  log,
  engine: {
    ...options.engine,
    async run(_family, _phase, _parts, input) {
      console.log("runs");
      while (!existsSync(join(dir, "go"))) await Bun.sleep(5);
      return { output: {}, input, peak: 0 };
    },
  },
  notices: await createPostgresNotices({ connection: database, node: member.id, log }),
  placing: { isShared: true, types: ["fake"], variants: () => ["fake/base", "fake/own"] },
});
member.begin({ beat: () => scheduler.beat(), beaten: async () => {}, reap: () => scheduler.recover() });
await scheduler.start();
