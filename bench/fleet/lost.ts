/**
 * How long a job waits whose machine is killed: three machines in processes of their own, the one that runs the job is killed.
 *
 * @module
 */
import { connection, fill, store } from "./database.ts";
import { jobOf, variants } from "./jobs.ts";
import { load, part } from "./page.ts";
import { machine } from "./processes.ts";

const lease = 10;

/** Who runs the job under this claim, and since when by the server's clock. */
async function runs(job: string, claim: number): Promise<{ node: string; since: number }> {
  for (;;) {
    const [row] = await connection.durable.run(
      (sql) => sql<{ node: string; since: number }[]>`
        SELECT node, started_at AS since FROM jobs WHERE id = ${job} AND status = 'running' AND claim = ${claim}::int`,
    );
    if (row) return row;
    await Bun.sleep(20);
  }
}

export async function lost(rounds: number): Promise<void> {
  await fill(0);
  const at = load();
  const machines = await Promise.all(Array.from({ length: 3 }, () => machine(lease)));
  const waits: number[] = [];
  try {
    // machines that have just begun judge the others later
    await Bun.sleep(2 * lease * 1000);
    for (let round = 0; round < rounds; round++) {
      // the beat of the killed one is at another moment in each round
      await Bun.sleep(Math.random() * 1000 * (lease / 3));
      const { job } = await store.create(jobOf(variants[0]!));
      const { node } = await runs(job.id, 1);
      const index = machines.findIndex(({ id }) => id === node);
      const killed = Date.now() / 1000;
      machines[index]!.child.kill("SIGKILL");
      const { since } = await runs(job.id, 2);
      waits.push(since - killed);
      await store.delete(job.id);
      machines[index] = await machine(lease);
      await Bun.sleep(2 * lease * 1000);
    }
  } finally {
    for (const { child } of machines) child.kill("SIGKILL");
    await Promise.all(machines.map(({ child }) => child.exited));
  }
  const most = lease + lease / 3 + 1;
  part(
    "A killed machine's job",
    `Seconds from kill -9 of the machine that runs a job until another one begins it, with three machines and a lease of ${lease} s.`,
    ["lease, s", "rounds", "shortest", "longest", "load"],
    [
      [
        `${lease}`,
        `${rounds}`,
        Math.min(...waits).toFixed(1),
        `${Math.max(...waits).toFixed(1)} (≤ ${most.toFixed(1)})`,
        at,
      ],
    ],
  );
}
