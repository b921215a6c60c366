/**
 * A server without HTTP under a mixed load, to be killed. `bun crash-child.ts FOLDER SEED load|drain`
 */
import { join } from "node:path";
import { lockDirectory, openDatabase } from "../../../../src/database.ts";
import { openLocalStore } from "../../../../src/files/local.ts";
import { insertFile } from "../../../../src/files/records.ts";
import { createScheduler } from "../../../../src/jobs/create-scheduler.ts";
import { createJobStore } from "../../../../src/jobs/store/sqlite.ts";
import { crashLoad } from "./crash-load.ts";

const [dir, seed, mode] = process.argv.slice(2) as [string, string, "load" | "drain"];

lockDirectory(dir);
const database = openDatabase(join(dir, "easel.db"));
// Every end of a job, as the database itself saw it: written in the same transaction, so no crash can hide one.
database.run("CREATE TABLE IF NOT EXISTS seen_ends (id TEXT, status TEXT)");
database.run(`CREATE TRIGGER IF NOT EXISTS see_end AFTER UPDATE OF status ON jobs
  WHEN NEW.status NOT IN ('queued', 'running') BEGIN INSERT INTO seen_ends VALUES (NEW.id, NEW.status); END`);
database.run(`CREATE TRIGGER IF NOT EXISTS see_return AFTER UPDATE OF status ON jobs
  WHEN OLD.status NOT IN ('queued', 'running') BEGIN INSERT INTO seen_ends VALUES (NEW.id, 'again ' || NEW.status); END`);

const files = await openLocalStore({ database, root: join(dir, "files") });
await files.sweep(0);
const store = createJobStore(database, { keepFile: (record) => insertFile(database, record) });

const { options, run } = crashLoad({ dir, seed: Number(seed), store, files });
const scheduler = createScheduler(options);

await scheduler.start();
console.log("ready");
if (mode === "load") await run(scheduler);
while (scheduler.health().queue_len > 0 || scheduler.metrics().running > 0) await Bun.sleep(10);
await scheduler.stop();
process.exit(0);
