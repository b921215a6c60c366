/**
 * The job store on a real disk: `bun bench/jobs/store.ts [JOBS]`. Pages of the whole list, each with its JSON, and what a new job
 * costs until it is durable.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../src/database.ts";
import { openLocalStore } from "../../src/files/local.ts";
import { insertFile } from "../../src/files/records.ts";
import { createJobStore } from "../../src/jobs/store/sqlite.ts";

const count = Number(process.argv[2] ?? 100_000);
const dir = mkdtempSync(join(tmpdir(), "easel-bench-"));
const database = openDatabase(join(dir, "easel.db"));
const store = createJobStore(database, { keepFile: (record) => insertFile(database, record) });

const params = {
  model: "image",
  mode: "async",
  prompt: "a harbour at dawn, oil on canvas, fishing boats under a pale sky, thick strokes",
  negative_prompt: null,
  init_image: { type: "file_id", file_id: `file_${"a".repeat(32)}` },
  width: 1024,
  height: 1024,
  steps: 20,
  guidance: 4,
  seed: 1234567,
  quantize: null,
  loras: [],
};
const result = {
  file_id: `file_${"b".repeat(32)}`,
  params,
  timings: { total_s: 61.23 },
  image_bytes: 1_234_567,
};

const percentile = (times: number[], part: number) =>
  times.sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * part))]!.toFixed(2);
const say = (what: string, times: number[]) =>
  console.log(
    `${what.padEnd(46)} p50 ${percentile(times, 0.5)} ms  p99 ${percentile(times, 0.99)} ms  worst ${percentile(times, 1)} ms  (${times.length})`,
  );
async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

try {
  database.run("BEGIN");
  for (let n = 0; n < count; n++) {
    database.run(
      `INSERT INTO jobs (id, type, params, status, result, artifacts, created_at, finished_at, progress_label)
       VALUES (?, ?, ?, ?, ?, '[]', ?, ?, 'done')`,
      [
        `job_${n.toString(16).padStart(32, "0")}`,
        n % 4 === 0 ? "depthpro" : "qwen",
        JSON.stringify(params),
        n % 50 === 0 ? "failed" : "succeeded",
        JSON.stringify(result),
        n,
        n,
      ],
    );
  }
  database.run("COMMIT");
  console.log(`${count} jobs`);

  for (const [what, query] of [
    ["a page of 1000, with its JSON", { limit: 1000 }],
    ["a page of 100, with its JSON", { limit: 100 }],
    ["a page of 1000 of one type", { limit: 1000, type: "depthpro" }],
    ["a page of 100 of one type and a rare status", { limit: 100, type: "depthpro", status: "failed" }],
  ] as const) {
    const times: number[] = [];
    for (let after: string | undefined, more = true; more; ) {
      times.push(
        await timed(async () => {
          const page = await store.list({ ...query, after });
          JSON.stringify(page);
          after = page.data.at(-1)?.id;
          more = page.has_more;
        }),
      );
    }
    say(what, times);
  }

  const job = {
    type: "qwen",
    demand: { variant: "qwen/image", warmKey: "", bytes: 0 },
    maxQueue: Number.MAX_SAFE_INTEGER,
  };
  const creations: number[] = [];
  for (let n = 0; n < 1000; n++) creations.push(await timed(() => store.create({ ...job, params })));
  say("a new job, durable", creations);
  const files = await openLocalStore({ database, root: join(dir, "files") });
  const picture = crypto.getRandomValues(new Uint8Array(60_000));
  const uploads: number[] = [];
  for (let n = 0; n < 300; n++)
    uploads.push(
      await timed(async () => {
        const file = await files.stage(picture, { filename: "a.jpg" });
        await store.create({ ...job, params, files: [file] });
      }),
    );
  say("a new job with its picture of 60 kB, durable", uploads);
  const positions: number[] = [];
  const last = (await store.list({ limit: 1 })).data[0]!.id;
  for (let n = 0; n < 1000; n++) positions.push(await timed(() => store.position(last)));
  say("a place in a queue of 1000", positions);
  say("all jobs counted by status", [await timed(() => store.counts())]);
} finally {
  database.close();
  rmSync(dir, { recursive: true, force: true });
}
