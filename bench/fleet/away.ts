/**
 * A database that goes away for minutes while jobs run: when their ends are written, and whether they run again.
 *
 * @module
 */
import { connection, fill, server, store } from "./database.ts";
import { jobOf, variants } from "./jobs.ts";
import { load, part } from "./page.ts";
import { machine } from "./processes.ts";

const lease = 15;
const length = 20;

interface Row {
  status: string;
  claim: number;
  attempts: number;
  started_at: number | null;
  finished_at: number;
}

const rows = () =>
  connection.durable.run(
    (sql) =>
      sql<
        Row[]
      >`SELECT status, claim, attempts, started_at, finished_at FROM jobs ORDER BY started_at NULLS LAST`,
  );

/** Asks until the answer is as wanted; the database may be away meanwhile. */
async function until(holds: (rows: readonly Row[]) => boolean): Promise<readonly Row[]> {
  for (;;) {
    const found = await rows().catch(() => undefined);
    if (found && holds(found)) return found;
    await Bun.sleep(20);
  }
}

export async function away(seconds: number): Promise<void> {
  await fill(0);
  const at = load();
  const machines = await Promise.all([1, 2].map(() => machine(lease, length)));
  try {
    for (let n = 0; n < 3; n++) await store.create(jobOf(variants[0]!));
    await until((found) => found.filter(({ status }) => status === "running").length === 2);
    await server.stop();
    await Bun.sleep(seconds * 1000);
    await server.start();
    const back = Date.now() / 1000;
    const found = await until(
      ([first, second, third]) =>
        first!.status === "succeeded" && second!.status === "succeeded" && third!.started_at !== null,
    );
    const milliseconds = (time: number) => `${Math.round((time - back) * 1000)}`;
    const ends = found.slice(0, 2).map(({ finished_at }) => milliseconds(finished_at));
    part(
      "A database that is away",
      `Two machines run a job of ${length} s each and a third one waits, when the database is killed. Milliseconds after its return.`,
      [
        "away, s",
        "lease, s",
        "ends written",
        "the waiting job begins",
        "claims, attempts of the first two",
        "load",
      ],
      [
        [
          `${seconds}`,
          `${lease}`,
          ends.join(", "),
          milliseconds(found[2]!.started_at!),
          found
            .slice(0, 2)
            .map(({ claim, attempts }) => `${claim}, ${attempts}`)
            .join(" and "),
          at,
        ],
      ],
    );
  } finally {
    for (const { child } of machines) child.kill("SIGKILL");
    await Promise.all(machines.map(({ child }) => child.exited));
  }
}
