/**
 * The queue of a fleet on a PostgreSQL of its own, with durable commits: `bun bench/fleet/main.ts [SECONDS]`. Writes
 * `docs/bench/fleet-queue.md`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { addressOf } from "../../src/fleet/address.ts";
import { connect } from "../../src/fleet/connect.ts";
import { initialize } from "../../src/fleet/migrate.ts";
import { createPostgresNotices } from "../../src/jobs/notify/postgres-notices.ts";
import { createPostgresJobStore } from "../../src/jobs/store/postgres.ts";
import { createLog } from "../../src/log.ts";
import { defaultSettings } from "../../src/settings/load.ts";
import { stopDaemons } from "../../test/fleet/daemon.ts";
import { postgresPrograms, startPostgres } from "../../test/fleet/postgres.ts";
import { jobOf, variants } from "./jobs.ts";

const seconds = Number(process.argv[2] ?? 10);
const programs = postgresPrograms();
if (!programs) throw new Error("install PostgreSQL: apt install postgresql");
const server = await startPostgres(programs, { fsync: true });
const { url } = await server.database();
const connection = connect(addressOf(defaultSettings({ fleet_url: url }), {}));
const { durable } = connection;
await durable.run((sql) => sql.unsafe("CREATE ROLE easel_node LOGIN"));
await initialize(connection);
const node = {
  id: crypto.randomUUID(),
  name: "bench",
  role: "api",
  version: "0",
  lease: 600,
  window: 60,
};
const store = createPostgresJobStore({ connection, node, keepFile: async () => {} });
await store.beat({ running: [] });

const load = () => loadavg()[0]!.toFixed(1);
const percentile = (times: readonly number[], part: number) =>
  [...times].sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * part))] ?? Number.NaN;
const both = (times: readonly number[]) =>
  [0.5, 0.99].map((part) => percentile(times, part).toFixed(1)).join(", ");

/** Seconds of the processor that the server's processes have taken. */
function serverSeconds(): number {
  const { pid } = server.daemon();
  let ticks = 0;
  for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const fields = readFileSync(`/proc/${entry}/stat`, "utf8").split(") ")[1]!.split(" ");
      if (Number(fields[1]) === pid) ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // a process that has just ended
    }
  }
  return ticks / 100;
}

async function fill(count: number): Promise<void> {
  for (const text of ["DELETE FROM jobs", "DELETE FROM files"]) await durable.run((sql) => sql.unsafe(text));
  const { type, params } = jobOf("");
  await durable.run((sql) =>
    sql.unsafe(`
      INSERT INTO jobs (seq, place, id, type, params, status, variant, warm_key, need_bytes)
      SELECT n, n, 'job_' || md5(n::text), '${type}', jsonb_set('${JSON.stringify(params)}', '{variant}', to_jsonb(v))::text, 'queued', v,
        v || '@full', 1
      FROM (SELECT nextval('jobs_seq_seq') AS n, (ARRAY['${variants.join("','")}'])[1 + i * 7919 % 4] AS v
        FROM generate_series(1, ${count}) AS i) AS s`),
  );
  await durable.run((sql) => sql.unsafe("VACUUM ANALYZE jobs"));
}

/** Workers in processes of their own, and what each says when it is done. */
async function workers<T>(count: number, mode: string, window = 60) {
  const start = String(Date.now() + 1500 + 300 * count);
  const children = Array.from({ length: count }, () =>
    Bun.spawn(
      [
        process.execPath,
        join(import.meta.dir, "worker.ts"),
        url,
        mode,
        start,
        String(seconds),
        String(window),
      ],
      { stdout: "pipe", stderr: "inherit" },
    ),
  );
  const lineOf = async (child: (typeof children)[number]): Promise<T> => {
    let text = "";
    for await (const chunk of child.stdout) {
      text += new TextDecoder().decode(chunk);
      if (text.endsWith("\n")) break;
    }
    return JSON.parse(text);
  };
  return {
    results: await Promise.all(children.map(lineOf)),
    async [Symbol.asyncDispose]() {
      for (const child of children) child.kill();
      await Promise.all(children.map((child) => child.exited));
    },
  };
}

const page: string[] = [];
const say = (line = "") => {
  page.push(line);
  console.log(line);
};

try {
  say("# The queue of several machines");
  say();
  say(
    `Written by \`bun bench/fleet/main.ts ${seconds}\` on ${process.platform} ${process.arch}, ${cpus()[0]!.model}, ${cpus().length} threads,`,
  );
  say(
    "with PostgreSQL on the same machine and durable commits. The load is the machine's at the start of each row: with other work",
  );
  say("beside it, rates are what that work leaves. Loads of models do not depend on it.");
  say();
  say("## Claims");
  say();
  say(
    "Each worker is a process that claims a job and ends it with the record of a file, from 10,000 queued ones of four models.",
  );
  say();
  say("| workers | jobs/s | claim, ms: median, 99 % | server's processor, ms a job | load |");
  say("| --- | --- | --- | --- | --- |");
  for (const count of [1, 2, 4, 8]) {
    await fill(10_000 + 1200 * seconds);
    const at = load();
    const before = serverSeconds();
    await using run = await workers<{ claims: number[]; seconds: number }>(count, "claims");
    const claims = run.results.flatMap((result) => result.claims);
    const longest = Math.max(...run.results.map((result) => result.seconds));
    const cost = ((serverSeconds() - before) * 1000) / claims.length;
    say(
      `| ${count} | ${Math.round(claims.length / longest)} | ${both(claims)} | ${cost.toFixed(2)} | ${at} |`,
    );
  }
  say();
  say("## From submit to start");
  say();
  say("Jobs that come one at a time into an idle fleet, by the server's clock.");
  say();
  say("| workers | ms: median, 99 % | load |");
  say("| --- | --- | --- |");
  const log = createLog({ level: "error", format: "text" });
  const notices = await createPostgresNotices({ connection, node: node.id, log });
  for (const count of [2, 8]) {
    await fill(0);
    const at = load();
    await using _run = await workers(count, "idle");
    for (let n = 0; n < 200; n++) {
      await store.create(jobOf(variants[n % 4]!));
      notices.send("work", { variant: variants[n % 4]! });
      await Bun.sleep(20);
    }
    await Bun.sleep(500);
    const rows = await durable.run(
      (sql) =>
        sql<
          { ms: number }[]
        >`SELECT (started_at - created_at) * 1000 AS ms FROM jobs WHERE started_at IS NOT NULL`,
    );
    say(`| ${count} | ${both(rows.map(({ ms }) => ms))} | ${at} |`);
  }
  notices.close();
  say();
  say("## Loads of models");
  say();
  say(
    "200 jobs of four models in mixed order, four workers with room for one model each; a load takes 0.3 s.",
  );
  say();
  say("| order | loads | load |");
  say("| --- | --- | --- |");
  for (const [name, window] of [
    ["by arrival", 0],
    ["models in memory first, within 60 s", 60],
  ] as const) {
    await fill(200);
    const at = load();
    await using run = await workers<{ loads: number }>(4, "models", window);
    say(`| ${name} | ${run.results.reduce((sum, { loads }) => sum + loads, 0)} | ${at} |`);
  }
  say();
  say("## Lists");
  say();
  await fill(10_000);
  const last = (await store.list({ limit: 1 })).data[0]!.id;
  const timed = async (work: () => Promise<unknown>) => {
    const times: number[] = [];
    for (let n = 0; n < 50; n++) {
      const before = performance.now();
      await work();
      times.push(performance.now() - before);
    }
    return both(times);
  };
  say(`With 10,000 queued jobs, at a load of ${load()}; median and 99 %.`);
  say();
  say("| question | ms |");
  say("| --- | --- |");
  say(
    `| 100 jobs by status and type | ${await timed(() => store.list({ limit: 100, status: "queued", type: "bench" }))} |`,
  );
  say(`| the last one's place | ${await timed(() => store.position(last))} |`);
  await Bun.write(join(import.meta.dir, "../../docs/bench/fleet-queue.md"), `${page.join("\n")}\n`);
} finally {
  await connection[Symbol.asyncDispose]();
  stopDaemons();
}
