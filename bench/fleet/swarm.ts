/**
 * Many machines at once, simulated in this process over few connections: each has its own row, lease, beats and claims.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Refusal } from "../../src/errors.ts";
import { insertFiles } from "../../src/files/shared/postgres-records.ts";
import type { Connection } from "../../src/fleet/connect.ts";
import { membersOf } from "../../src/fleet/members.ts";
import { type FleetNode, joinFleet } from "../../src/fleet/node.ts";
import { createPostgresJobStore } from "../../src/jobs/store/postgres.ts";
import type { JobStore } from "../../src/jobs/store/store.ts";
import { createLog } from "../../src/log.ts";
import { connection, fill, open, serverSeconds, tidy, written } from "./database.ts";
import { end, offer, variants } from "./jobs.ts";
import { both, load, part } from "./page.ts";

const lease = 15;
/** Of three connections each. */
const machines = 7;
const log = createLog({ level: "error", format: "text" });

interface Simulated {
  node: FleetNode;
  store: JobStore;
  /** Milliseconds of its beats. */
  beats: number[];
}

/** Lets machines join, which beat from then on, at moments of their own. */
async function enter(
  count: number,
  connections: readonly Connection[],
  folder: string,
): Promise<Simulated[]> {
  const all: Simulated[] = [];
  const one = async (index: number) => {
    const own = connections[index % connections.length]!;
    const name = `machine-${index}`;
    const dataDir = mkdtempSync(join(folder, "node-"));
    const node = await joinFleet(own, { name, role: "worker", version: "0", dataDir, lease, log });
    const store = createPostgresJobStore({
      connection: own,
      node: { id: node.id, name, role: "worker", version: "0", lease, window: 60 },
      insertFiles,
    });
    const beats: number[] = [];
    setTimeout(
      () => {
        node.begin({
          async beat() {
            const before = performance.now();
            const { pulse } = await store.beat({ running: [] });
            beats.push(performance.now() - before);
            return pulse;
          },
          beaten: async () => {},
          reap: async () => void (await store.recover()),
        });
      },
      Math.random() * ((lease * 1000) / 3),
    );
    all.push({ node, store, beats });
  };
  for (let index = 0; index < count; index += 100)
    await Promise.all(Array.from({ length: Math.min(100, count - index) }, (_, n) => one(index + n)));
  return all;
}

async function swarm<T>(count: number, use: (all: readonly Simulated[]) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "easel-bench-swarm-"));
  const connections = Array.from({ length: machines }, open);
  const all = await enter(count, connections, folder);
  try {
    return await use(all);
  } finally {
    await Promise.all(all.map(({ node }) => node.leave()));
    await Promise.all(connections.map((each) => each[Symbol.asyncDispose]()));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Jobs of 5 s, half or one and a half times as long. */
const length = 5000;

/** Seconds until every machine has begun and ended a first job. */
const warmUp = 10;

interface Worked {
  ended: number;
  claims: number[];
  /** Cores of the server, while it was measured. */
  cores: number;
}

/** Asks again when the server was too slow, as a machine does. */
async function insisting<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== "store_unavailable") throw error;
      await Bun.sleep(300);
    }
  }
}

async function work(
  all: readonly Simulated[],
  seconds: number,
  { begins = async () => {}, ends = async () => {} } = {},
): Promise<Worked> {
  const claims: number[] = [];
  let ended = 0;
  const from = performance.now() + warmUp * 1000;
  const to = from + seconds * 1000;
  const isMeasured = () => performance.now() >= from && performance.now() < to;
  const spent = (async () => {
    await Bun.sleep(warmUp * 1000);
    await begins();
    const before = serverSeconds();
    await Bun.sleep(seconds * 1000);
    const after = serverSeconds();
    await ends();
    return after - before;
  })();
  await Promise.all(
    all.map(async ({ store }) => {
      await Bun.sleep(Math.random() * length);
      let warm: string[] = [];
      while (performance.now() < to) {
        const before = performance.now();
        const claimed = await insisting(() => store.claim(offer(variants, warm)));
        if (isMeasured()) claims.push(performance.now() - before);
        if (!claimed) {
          // its lease was over for a moment, or others took all that it saw
          await Bun.sleep(300);
          continue;
        }
        warm = [String(claimed.job.params.variant)];
        await Bun.sleep(length * (0.5 + Math.random()));
        await insisting(() => end(store, claimed));
        if (isMeasured()) ended++;
      }
    }),
  );
  return { ended, claims, cores: (await spent) / seconds };
}

export async function swarms(seconds: number): Promise<void> {
  const rows: string[][] = [];
  for (const count of [1000, 2000]) {
    const ideal = count / (length / 1000);
    await fill(Math.ceil(ideal * (seconds + warmUp) * 1.2) + 2 * count);
    const at = load();
    const { ended, claims, beats, cores } = await swarm(count, async (all) => ({
      ...(await work(all, seconds)),
      beats: all.flatMap(({ beats }) => beats),
    }));
    const rate = ended / seconds;
    rows.push([
      `${count}`,
      `${rate.toFixed(0)} of ${ideal}`,
      `${(rate / ideal).toFixed(3)} (≥ 0.97)`,
      `${both(claims)} (≤ 50)`,
      both(beats),
      `${cores.toFixed(2)} (≤ 1)`,
      at,
    ]);
  }
  part(
    "Many machines",
    `Jobs of 5 s, half or one and a half times as long, for ${seconds} s. The machines are simulated by one process over ${machines * 3} connections; each has\n` +
      "a lease of 15 s, beats, and takes its turn to look for lost jobs of others.",
    [
      "machines",
      "jobs/s",
      "of the ideal",
      "claim, ms: median, 99 %",
      "beat, ms: median, 99 %",
      "server's cores",
      "load",
    ],
    rows,
  );
}

/** Prints which statements the jobs and the beats of many machines take, with the time that the server spends on each. */
export async function statements(seconds: number): Promise<void> {
  const count = 1000;
  await fill(Math.ceil((count / (length / 1000)) * (seconds + warmUp) * 1.2) + 2 * count);
  const at = load();
  const run = (text: string) => connection.durable.run((sql) => sql.unsafe(text));
  await run("CREATE EXTENSION IF NOT EXISTS pg_stat_statements");
  let rows: { text: string; calls: number; milliseconds: number }[] = [];
  const { ended } = await swarm(count, (all) =>
    work(all, seconds, {
      begins: async () => void (await run("SELECT pg_stat_statements_reset()")),
      ends: async () => {
        rows = await run(`
          SELECT regexp_replace(trim(query), '\\s+', ' ', 'g') AS text, calls::float8, total_exec_time AS milliseconds
          FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT 12`);
      },
    }),
  );
  part(
    "Statements",
    `${count} machines whose jobs take 5 s, for ${seconds} s: ${ended} jobs, and about ${Math.round((count * seconds) / (lease / 3))} beats.`,
    ["statement", "a second", "a job", "ms each", "server, ms a second", "load"],
    rows.map(({ text, calls, milliseconds }) => [
      text.slice(0, 60).replaceAll("|", "/"),
      (calls / seconds).toFixed(0),
      (calls / ended).toFixed(2),
      (milliseconds / calls).toFixed(3),
      (milliseconds / seconds).toFixed(0),
      at,
    ]),
  );
}

export async function beats(seconds: number): Promise<void> {
  const count = 3000;
  await fill(count);
  const at = load();
  const row = await swarm(count, async (all) => {
    await Promise.all(all.map(({ store }) => insisting(() => store.claim(offer(variants, [])))));
    await tidy();
    for (const { beats } of all) beats.length = 0;
    const [spent, log] = [serverSeconds(), await written()];
    await Bun.sleep(seconds * 1000);
    const each = (sum: number) => sum / seconds;
    const cores = each(serverSeconds() - spent);
    const kilobytes = each((await written()).bytes - log.bytes) / 1000;
    const times = all.flatMap(({ beats }) => beats);
    const before = performance.now();
    const list = await membersOf(connection.lazy, 600);
    if (list.length < count) throw new Error("machines are missing");
    const listed = (performance.now() - before).toFixed(0);
    const held = await Promise.all(all.map(({ store }) => store.beat({ running: [] })));
    const lost = held.filter(({ held }) => held.length !== 1).length;
    return [
      `${count}`,
      `${both(times)} (≤ 50)`,
      each(times.length).toFixed(0),
      `${kilobytes.toFixed(0)} (≤ 200)`,
      `${lost} (0)`,
      listed,
      cores.toFixed(2),
      at,
    ];
  });
  part(
    "Machines that only beat",
    `Each runs one job all the time, for ${seconds} s, with a lease of 15 s.`,
    [
      "machines",
      "beat, ms: median, 99 %",
      "beats/s",
      "log, kB/s",
      "without their job",
      "list of all, ms",
      "server's cores",
      "load",
    ],
    [row],
  );
}
