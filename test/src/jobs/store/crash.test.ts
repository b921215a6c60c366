import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../../../src/database.ts";
import { openLocalStore } from "../../../../src/files/local.ts";
import type { Job } from "../../../../src/jobs/job.ts";
import { createJobStore } from "../../../../src/jobs/store/sqlite.ts";

const rounds = 60;
const ended = new Set(["succeeded", "failed", "canceled"]);

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

/** What the children have promised so far. A line that the kill cut short was no promise yet. */
function promises(dir: string) {
  const text = existsSync(join(dir, "journal")) ? readFileSync(join(dir, "journal"), "utf8") : "";
  const lines = text
    .split("\n")
    .slice(0, -1)
    .map((line) => line.split(" ") as [string, string, ...string[]]);
  const of = (word: string) => lines.filter(([first]) => first === word);
  return {
    accepted: new Set(of("accepted").map(([, id]) => id)),
    keys: of("accepted").filter((line) => line.length > 2),
    deleting: new Set(of("deleting").map(([, id]) => id)),
    deleted: new Set(of("deleted").map(([, id]) => id)),
    ended: of("ended").map(([, id, status]) => [id, status!] as const),
    told: of("told").map(([, job, id]) => [job, id!] as const),
  };
}

/** Opens what the killed process left and compares it with what it promised. */
async function inspect(dir: string) {
  const database = openDatabase(join(dir, "easel.db"));
  const hasEnds = database.query("SELECT 1 FROM sqlite_master WHERE name = 'seen_ends'").get();
  const ends = hasEnds
    ? database.query<{ id: string; status: string }, []>("SELECT id, status FROM seen_ends").all()
    : [];
  const store = createJobStore(database, { keepFile: () => {}, now: () => Number.MAX_SAFE_INTEGER });
  const jobs = new Map<string, Job>();
  for (let after: string | undefined, more = true; more; ) {
    const page = await store.list({ after, limit: 500 });
    for (const job of page.data) jobs.set(job.id, job);
    after = page.data.at(-1)?.id;
    more = page.has_more;
  }
  const files = await openLocalStore({ database, root: join(dir, "files") });
  const records = (await files.list()).data;
  const promised = promises(dir);

  // Nothing lost: what was accepted is there, unless somebody asked for its deletion.
  for (const id of promised.accepted) if (!promised.deleting.has(id)) expect(jobs.has(id)).toBe(true);
  for (const id of promised.deleted) expect(jobs.has(id)).toBe(false);
  for (const [id, status] of promised.ended) {
    if (!promised.deleting.has(id)) expect(jobs.get(id)?.status as string).toBe(status);
  }

  // Nothing ended twice, in whatever way.
  const endedIds = ends.map(({ id }) => id);
  expect(endedIds.length - new Set(endedIds).size).toBe(0);

  // No artifact without its record and its bytes, and no record that no job names.
  const known = new Map(records.map((record) => [record.file_id, record]));
  for (const job of jobs.values()) {
    expect(job.artifacts.length > 0).toBe(job.status === "succeeded");
    if (job.status === "succeeded") expect(job.artifacts).toHaveLength(job.params.outputs as number);
    for (const id of job.artifacts) expect(known.has(id)).toBe(true);
  }
  for (const record of records) {
    const bytes = readFileSync(await files.local(record));
    expect(bytes.length).toBe(record.size);
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(record.sha256);
    const maker = record.meta.job as string;
    if (jobs.has(maker)) expect(jobs.get(maker)!.artifacts).toContain(record.file_id);
    else expect(promised.deleting.has(maker)).toBe(true);
  }
  const waiting = await store.deliveries.claim(1_000_000, 0);
  const webhooks = new Set<string>();
  for (const id of jobs.keys()) if ((await store.sender(id))?.webhook) webhooks.add(id);
  database.close();
  return { jobs, records, promised, ends, waiting, webhooks };
}

test(
  "a server that is killed again and again loses nothing and does nothing twice",
  async () => {
    const dir = mkdtempSync(join(tmpdir(), "easel-crash-"));
    try {
      for (let round = 0; round < rounds; round++) {
        await run(dir, round + 1, "load", round % 10 === 9 ? (round * 7) % 20 : 21 + ((round * 37) % 150));
        await inspect(dir);
      }
      expect(await run(dir, 0, "drain")).toBe(0);
      const { jobs, records, promised, ends, waiting, webhooks } = await inspect(dir);

      for (const job of jobs.values()) expect(ended.has(job.status)).toBe(true);
      // The sweep at the last start took every file that no record names.
      const blobs = new Bun.Glob("**/file_*").scanSync(join(dir, "files"));
      const names = [...blobs].map((path) => /file_[0-9a-f]{32}/.exec(path)![0]).sort();
      expect(names).toEqual(records.map(({ file_id }) => file_id).sort());

      // Every webhook was told or still will be, always under one id.
      const messages = new Map<string, Set<string>>();
      for (const [job, id] of promised.told) messages.set(job, (messages.get(job) ?? new Set()).add(id));
      for (const { job_id, id } of waiting) messages.set(job_id, (messages.get(job_id) ?? new Set()).add(id));
      for (const id of webhooks) expect(messages.get(id)?.size).toBe(1);

      // One key, one job, over all the restarts; only a deletion gives a key back.
      const byKey = Map.groupBy(promised.keys, ([, , ...key]) => key.join(" "));
      for (const lines of byKey.values()) {
        const kept = new Set(lines.map(([, id]) => id).filter((id) => !promised.deleting.has(id)));
        expect(kept.size).toBeLessThanOrEqual(1);
      }

      // It was a mixed load indeed.
      const count = (status: string) => ends.filter((end) => end.status === status).length;
      for (const status of ended) expect(count(status)).toBeGreaterThan(0);
      expect(promised.deleted.size).toBeGreaterThan(0);
      expect(webhooks.size).toBeGreaterThan(0);
      expect(byKey.size).toBeGreaterThan(0);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
  { timeout: 300_000 },
);
