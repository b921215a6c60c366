/**
 * A server without HTTP under a mixed load, to be killed. It writes down every promise that it has given, one line each, before it
 * goes on. `bun crash-child.ts FOLDER SEED load|drain`
 */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { lockDirectory, openDatabase } from "../../../../src/database.ts";
import { type Engine, TaskError } from "../../../../src/engine/engine.ts";
import { gigabyte } from "../../../../src/engine/residency.ts";
import { Cancelled } from "../../../../src/engine/task.ts";
import { openLocalStore } from "../../../../src/files/local.ts";
import { insertFile } from "../../../../src/files/records.ts";
import { systemClock } from "../../../../src/jobs/clock.ts";
import { createScheduler } from "../../../../src/jobs/create-scheduler.ts";
import { createWebhooks } from "../../../../src/jobs/notify/webhooks.ts";
import { createJobStore } from "../../../../src/jobs/store/sqlite.ts";
import { createLog } from "../../../../src/log.ts";
import { defaultSettings } from "../../../../src/settings/load.ts";
import { noPrompts } from "../../prompts.ts";
import type { FakeParams } from "../harness.ts";

const [dir, seed, mode] = process.argv.slice(2) as [string, string, "load" | "drain"];

/** The same load for the same seed (a linear congruential generator is random enough). */
let state = Number(seed) * 2654435761;
const random = (below: number) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};
const promised = (line: string) => appendFileSync(join(dir, "journal"), `${line}\n`);

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

const engine: Engine = {
  load: async () => ({ bytes: gigabyte }),
  evict: async () => {},
  stats: async () => ({
    active: 0,
    peak: 0,
    cache: 0,
    parts: {},
    device: "fake",
    kind: "cpu" as const,
    architecture: "",
  }),
  async run(_family, _phase, _parts, input, { signal, onProgress } = {}) {
    for (let step = 1; step <= 3; step++) {
      await Bun.sleep(random(3));
      if (signal?.aborted) throw new Cancelled();
      onProgress?.({ label: "denoising", done: step, total: 3 });
    }
    if (input.outcome === "fails") throw new TaskError("it fails", "failed");
    return { output: {}, input, peak: 0 };
  },
};

const settings = defaultSettings({ max_queue: 40, memory_limit_gb: 3, shutdown_grace_s: 5 });

const log = createLog({ level: "error", format: "text" });
const webhooks = createWebhooks({
  deliveries: store.deliveries,
  async post(_url, { headers, body }) {
    if (random(3) === 0) throw new Error("connection refused");
    promised(`told ${JSON.parse(body).id} ${headers["webhook-id"]}`);
    return { status: 200 };
  },
  secret: `whsec_${Buffer.alloc(32).toString("base64")}`,
  clock: systemClock,
  log,
});

const scheduler = createScheduler({
  store,
  engine,
  files: {
    resolve: async () => {
      throw new Error("no references here");
    },
    stage: ({ bytes, ...about }) => files.stage(bytes, about),
    discard: (record) => files.discard(record),
    delete: (id) => files.delete(id),
  },
  operationOf: () => ({
    family: "fake",
    operation: {
      need: ({ model }: FakeParams) => ({
        variant: String(model),
        bits: null,
        transient: false,
        options: {},
        phases: ["encode", "denoise"].map((name) => ({
          name,
          parts: [{ name, bytes: gigabyte }],
          workingBytes: 0,
          share: 1,
        })),
      }),
      async prepare({ outcome }: { outcome: string }) {
        await Bun.sleep(random(4));
        if (outcome === "is bad") throw new Error("the picture is broken");
        return { input: { outcome }, facts: {} };
      },
      publish: async (params: { outputs: number }, _facts: unknown, _output: unknown, { jobId }) => ({
        artifacts: Array.from({ length: params.outputs }, (_, index) => ({
          bytes: new Uint8Array(1000 + index).fill(index),
          filename: `${index}.bin`,
          content_type: "application/octet-stream",
          meta: { job: jobId },
        })),
        result: (records) => ({ files: records.length }),
      }),
    },
  }),
  describe: () => ({ domain: "image", repo: "fake" }),
  memory: () => ({ total: 8 * gigabyte }),
  check: {
    settings,
    prompts: noPrompts,
    budget: () => Infinity,
    activation: () => ({ source: { paths: [] } }),
  },
  webhooks,
  log,
});

const ids: string[] = [];
const any = () => ids[random(ids.length)]!;
const quietly = (work: Promise<unknown>) => work.catch(() => {});

async function submit() {
  const outcome = ["works", "works", "works", "works", "fails", "is bad"][random(6)]!;
  const idempotency = random(3) === 0 ? { key: `key ${random(50)}`, hash: "same" } : undefined;
  const { job } = await scheduler.submit({
    type: "fake",
    params: { model: random(4), outcome, outputs: 1 + random(3) },
    ...(idempotency && { idempotency }),
    ...(random(2) === 0 && { webhook: { url: "https://example.com/hook" } }),
  });
  promised(`accepted ${job.id}${idempotency ? ` ${idempotency.key}` : ""}`);
  ids.push(job.id);
}

async function cancel() {
  const id = any();
  await scheduler.cancel(id);
  promised(`ended ${id} canceled`);
}

async function remove() {
  const id = any();
  promised(`deleting ${id}`);
  await scheduler.remove(id);
  promised(`deleted ${id}`);
}

async function wait() {
  const waited = await scheduler.wait(any(), 50);
  if (waited.kind === "ended") promised(`ended ${waited.job.id} ${waited.job.status}`);
}

async function retry() {
  const { job } = await scheduler.retry(any());
  promised(`accepted ${job.id}`);
}

await scheduler.start();
console.log("ready");
if (mode === "load") {
  for (;;) {
    const act =
      ids.length < 5 ? submit : [submit, submit, submit, wait, wait, cancel, remove, retry][random(8)]!;
    await quietly(act === wait ? Promise.race([act(), Bun.sleep(2)]) : act());
    await Bun.sleep(random(3));
  }
} else {
  while (scheduler.health().queue_len > 0 || scheduler.metrics().running > 0) await Bun.sleep(10);
  await scheduler.stop();
  webhooks.stop();
  process.exit(0);
}
