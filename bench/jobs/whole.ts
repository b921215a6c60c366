/**
 * A job's whole way through the queue of one machine, on a real disk and with an engine that answers at once:
 * `bun bench/jobs/whole.ts [JOBS]`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../src/database.ts";
import { gigabyte } from "../../src/engine/residency.ts";
import { openLocalStore } from "../../src/files/local.ts";
import { insertFile } from "../../src/files/records.ts";
import { createScheduler } from "../../src/jobs/create-scheduler.ts";
import { createJobStore } from "../../src/jobs/store/sqlite.ts";
import { crashLoad } from "../../test/src/jobs/store/crash-load.ts";

const count = Number(process.argv[2] ?? 1000);
const dir = mkdtempSync(join(tmpdir(), "easel-bench-"));
const database = openDatabase(join(dir, "easel.db"));
const store = createJobStore(database, { keepFile: (record) => insertFile(database, record) });
const files = await openLocalStore({ database, root: join(dir, "files") });
const { options } = crashLoad({ dir, seed: 1, store, files });
const { operation } = options.operationOf("fake")!;
const scheduler = createScheduler({
  ...options,
  operationOf: () => ({
    family: "fake",
    operation: { ...operation, prepare: async () => ({ input: {}, facts: {} }) },
  }),
  engine: {
    ...options.engine,
    load: async () => ({ bytes: gigabyte }),
    run: async (_family, _phase, _parts, input) => ({ output: {}, input, peak: 0 }),
  },
});
try {
  await scheduler.start();
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    const before = performance.now();
    const { job } = await scheduler.submit({
      type: "fake",
      params: { model: 1, outcome: "works", outputs: 1 },
    });
    const waited = await scheduler.wait(job.id, 60_000);
    if (waited.kind !== "ended" || waited.job.status !== "succeeded")
      throw new Error("a job did not succeed");
    times.push(performance.now() - before);
  }
  times.sort((a, b) => a - b);
  const at = (part: number) => times[Math.min(count - 1, Math.floor(count * part))]!.toFixed(2);
  console.log(
    `${"a job from submit to its end".padEnd(46)} p50 ${at(0.5)} ms  p99 ${at(0.99)} ms  worst ${at(1)} ms  (${count})`,
  );
  await scheduler.stop();
} finally {
  database.close();
  rmSync(dir, { recursive: true, force: true });
}
process.exit(0);
