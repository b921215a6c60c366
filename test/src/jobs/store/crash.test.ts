import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../../../src/database.ts";
import { openLocalStore } from "../../../../src/files/local.ts";
import { createJobStore } from "../../../../src/jobs/store/sqlite.ts";
import { inspect, inspectEnd, inspectFiles } from "./crash-invariants.ts";

const rounds = 60;

async function run(dir: string, seed: number, mode: "load" | "drain", killAfter?: number): Promise<number> {
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, "crash-child.ts"), dir, String(seed), mode],
    {
      stdout: "pipe",
      stderr: "inherit",
    },
  );
  if (killAfter !== undefined) {
    // Some are killed while they still start, the others at any point of their work.
    if (killAfter > 20) await child.stdout.getReader().read();
    await Bun.sleep(killAfter);
    child.kill("SIGKILL");
  }
  return child.exited;
}

/** Opens what the killed process left and compares it with what it promised. */
async function inspectLeft(dir: string) {
  const database = openDatabase(join(dir, "easel.db"));
  const hasEnds = database.query("SELECT 1 FROM sqlite_master WHERE name = 'seen_ends'").get();
  const ends = hasEnds
    ? database.query<{ id: string; status: string }, []>("SELECT id, status FROM seen_ends").all()
    : [];
  const store = createJobStore(database, { keepFile: () => {}, now: () => Number.MAX_SAFE_INTEGER });
  const waiting = await store.deliveries.claim(1_000_000, 0);
  const files = await openLocalStore({ database, root: join(dir, "files") });
  const found = await inspect({ dir, store, files, ends, waiting });
  database.close();
  return found;
}

test(
  "a server that is killed again and again loses nothing and does nothing twice",
  async () => {
    const dir = mkdtempSync(join(tmpdir(), "easel-crash-"));
    try {
      for (let round = 0; round < rounds; round++) {
        await run(dir, round + 1, "load", round % 10 === 9 ? (round * 7) % 20 : 21 + ((round * 37) % 150));
        await inspectLeft(dir);
      }
      expect(await run(dir, 0, "drain")).toBe(0);
      const found = await inspectLeft(dir);

      inspectEnd(found);
      // The sweep at the last start took every file that no record names.
      inspectFiles(join(dir, "files"), found.records);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
  { timeout: 300_000 },
);
