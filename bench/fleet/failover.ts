/**
 * A failover to a standby: how long new jobs are refused behind the promotion, and what each commit pays for a synchronous standby.
 *
 *     bun bench/fleet/failover.ts [ROUNDS]
 */
import { insertFiles } from "../../src/files/shared/postgres-records.ts";
import { createPostgresJobStore } from "../../src/jobs/store/postgres.ts";
import { stopDaemons } from "../../test/fleet/daemon.ts";
import { connection, fleetDatabase } from "../../test/fleet/fleet.ts";
import { nodeOf } from "../../test/fleet/jobs.ts";
import { ownPostgres } from "../../test/fleet/servers.ts";
import { jobOf, variants } from "./jobs.ts";
import { both, load, part } from "./page.ts";

const rounds = Number(process.argv[2] ?? 3);
/** Milliseconds from the kill to the promotion. */
const noticed = 2000;

interface Round {
  submits: number[];
  /** Seconds from the end of the promotion to the first job that is taken. */
  back: number;
  lost: number;
}

async function round(isSynchronous: boolean): Promise<Round> {
  const primary = await ownPostgres({ fsync: true });
  const { nodeUrl } = await fleetDatabase(primary);
  const standby = await ownPostgres({ fsync: true, standbyOf: primary });
  const streams = async (state: string) => {
    while ((await primary.command(`SELECT 1 FROM pg_stat_replication WHERE ${state}`)).length === 0)
      await Bun.sleep(50);
  };
  await streams("state = 'streaming'");
  if (isSynchronous) {
    await primary.command("ALTER SYSTEM SET synchronous_standby_names = '*'");
    await primary.command("SELECT pg_reload_conf()");
    await streams("sync_state = 'sync'");
  }
  const hosts = `:${primary.port},127.0.0.1:${standby.port}/`;
  await using own = connection(nodeUrl.replace(`:${primary.port}/`, hosts));
  const store = createPostgresJobStore({ connection: own, node: nodeOf(), insertFiles });
  const taken: string[] = [];
  const submit = async () => void taken.push((await store.create(jobOf(variants[0]!))).job.id);
  await submit();
  const submits: number[] = [];
  for (let n = 0; n < 200; n++) {
    const before = performance.now();
    await submit();
    submits.push(performance.now() - before);
  }
  await primary.stop("SIGKILL");
  let promoted = Number.NaN;
  const promotion = Bun.sleep(noticed)
    .then(() => standby.promote())
    .then(() => {
      promoted = performance.now();
    });
  while (
    !(await submit().then(
      () => true,
      () => false,
    ))
  )
    await Bun.sleep(50);
  const back = performance.now();
  await promotion;
  let lost = 0;
  for (const id of taken) if ((await store.get(id)) === undefined) lost++;
  await standby.stop("SIGKILL");
  return { submits, back: Math.max(0, back - promoted) / 1000, lost };
}

const at = load();
const rows: string[][] = [];
for (const isSynchronous of [false, true]) {
  const all: Round[] = [];
  for (let n = 0; n < rounds; n++) all.push(await round(isSynchronous));
  const times = all.map(({ back }) => back).sort((a, b) => a - b);
  rows.push([
    isSynchronous ? "synchronous" : "asynchronous",
    `${rounds}`,
    both(all.flatMap(({ submits }) => submits)),
    `${times[0]!.toFixed(1)} – ${times.at(-1)!.toFixed(1)}`,
    `${all.reduce((sum, { lost }) => sum + lost, 0)}`,
    at,
  ]);
}
part(
  "A failover",
  `201 jobs are submitted one after the other, the primary is killed, and its standby promoted ${noticed / 1000} s later. Both are on this machine.`,
  [
    "standby",
    "rounds",
    "a new job, ms: median, 99 %",
    "new jobs taken again, s behind the promotion",
    "lost",
    "load",
  ],
  rows,
);
stopDaemons();
process.exit(0);
