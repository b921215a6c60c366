/**
 * What workers in processes of their own get from the queue: claims, the way from submit to start, loads of models, lists.
 *
 * @module
 */
import { createPostgresNotices } from "../../src/jobs/notify/postgres-notices.ts";
import { createLog } from "../../src/log.ts";
import { connection, fill, serverSeconds, store, written } from "./database.ts";
import { jobOf, variants } from "./jobs.ts";
import { both, load, part } from "./page.ts";
import { workers } from "./processes.ts";

export async function claims(seconds: number): Promise<void> {
  const rows: string[][] = [];
  for (const count of [1, 2, 4, 8]) {
    await fill(10_000 + 1500 * seconds);
    const at = load();
    const [spent, log] = [serverSeconds(), await written()];
    await using run = await workers<{ claims: number[]; seconds: number }>(count, "claims", { seconds });
    const times = run.results.flatMap((result) => result.claims);
    const longest = Math.max(...run.results.map((result) => result.seconds));
    const each = (sum: number) => (sum / times.length).toFixed(2);
    const floor = count === 1 ? " (≤ 2, 10)" : count === 8 ? " (≤ 8, 40)" : "";
    rows.push([
      `${count}`,
      `${Math.round(times.length / longest)} (≥ 400)`,
      `${both(times)}${floor}`,
      `${each((serverSeconds() - spent) * 1000)} (≤ 2)`,
      each((await written()).syncs - log.syncs),
      at,
    ]);
  }
  part(
    "Claims",
    "Each worker is a process that claims a job and ends it with the record of a file, from 10,000 queued ones of four models. Both commits\n" +
      "wait for the disk. One worker needs two syncs a job; with several, the server brings commits that wait together to the disk with one\n" +
      "sync, so that eight workers can get more from the same disk than one.",
    [
      "workers",
      "jobs/s",
      "claim, ms: median, 99 %",
      "server's processor, ms a job",
      "syncs of the disk a job",
      "load",
    ],
    rows,
  );
}

export async function starts(): Promise<void> {
  const rows: string[][] = [];
  const notices = await createPostgresNotices({
    connection,
    node: crypto.randomUUID(),
    log: createLog({ level: "error", format: "text" }),
  });
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
    const times = await connection.durable.run(
      (sql) =>
        sql<
          { ms: number }[]
        >`SELECT (started_at - created_at) * 1000 AS ms FROM jobs WHERE started_at IS NOT NULL`,
    );
    rows.push([`${count}`, `${both(times.map(({ ms }) => ms))} (≤ 10, 50)`, at]);
  }
  notices.close();
  part(
    "From submit to start",
    "Jobs that come one at a time into an idle fleet, by the server's clock.",
    ["workers", "ms: median, 99 %", "load"],
    rows,
  );
}

/** 100 jobs of 100 ms a worker. */
export async function steady(): Promise<void> {
  const rows: string[][] = [];
  let alone = Number.NaN;
  for (const count of [1, 2, 4, 8]) {
    await fill(100 * count);
    const at = load();
    await using run = await workers<{ began: number; ended: number; jobs: number }>(count, "steady");
    const { results } = run;
    const seconds =
      (Math.max(...results.map(({ ended }) => ended)) - Math.min(...results.map(({ began }) => began))) /
      1000;
    if (count === 1) alone = seconds;
    const jobs = results.reduce((sum, result) => sum + result.jobs, 0);
    rows.push([
      `${count}`,
      `${jobs}`,
      seconds.toFixed(2),
      `${(alone / seconds).toFixed(3)}${count === 8 ? " (≥ 0.93)" : ""}`,
      at,
    ]);
  }
  part(
    "Jobs of 100 ms",
    "100 jobs a worker. The efficiency is one worker's time over the fleet's.",
    ["workers", "jobs", "seconds", "efficiency", "load"],
    rows,
  );
}

export async function loads(): Promise<void> {
  const orders = [
    ["by arrival", 0],
    ["models in memory first, within 60 s", 60],
  ] as const;
  const counted: [string, number, string][] = [];
  for (const [name, window] of orders) {
    await fill(200);
    const at = load();
    await using run = await workers<{ loads: number }>(4, "models", { window });
    counted.push([name, run.results.reduce((sum, result) => sum + result.loads, 0), at]);
  }
  const most = Math.floor(counted[0]![1] / 10);
  part(
    "Loads of models",
    "200 jobs of four models in mixed order, four workers with room for one model each; a load takes 0.3 s.",
    ["order", "loads", "load"],
    counted.map(([name, count, at], index) => [name, index === 0 ? `${count}` : `${count} (≤ ${most})`, at]),
  );
}

export async function lists(): Promise<void> {
  await fill(10_000);
  const last = (await store.list({ limit: 1 })).data[0]!.id;
  const timed = async (work: () => Promise<unknown>) => {
    const times: number[] = [];
    for (let n = 0; n < 50; n++) {
      const before = performance.now();
      await work();
      times.push(performance.now() - before);
    }
    return `${both(times)} (≤ 10)`;
  };
  const at = load();
  const rows = [
    [
      "100 jobs by status and type",
      await timed(() => store.list({ limit: 100, status: "queued", type: "bench" })),
      at,
    ],
    ["the last one's place", await timed(() => store.position(last)), at],
  ];
  part("Lists", "With 10,000 queued jobs.", ["question", "ms: median, 99 %", "load"], rows);
}
