import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { Refusal } from "../../../src/errors.ts";
import type { Connection } from "../../../src/fleet/connect.ts";
import { connection, fleetDatabase } from "../../fleet/fleet.ts";
import type { Postgres } from "../../fleet/postgres.ts";
import { type QueueNode, type QueueNodeOptions, queueNode, until } from "../../fleet/queue-node.ts";
import { hasPostgres, ownPostgres } from "../../fleet/servers.ts";

// two servers start, and leases have to run out
setDefaultTimeout(300_000);

interface Pair {
  primary: Postgres;
  standby: Postgres;
  /** Of both servers, as a node. */
  url: string;
}

const open: { node: QueueNode; connection: Connection }[] = [];
const servers: Postgres[] = [];

afterEach(async () => {
  for (const { node, connection } of open.splice(0)) {
    for (const call of [...node.engine.calls]) call.finish();
    await node.stop().catch(() => {});
    await connection[Symbol.asyncDispose]();
  }
  for (const server of servers.splice(0)) await server.stop("SIGKILL");
});

async function pair(): Promise<Pair> {
  const primary = await ownPostgres({ fsync: true });
  const { nodeUrl } = await fleetDatabase(primary);
  const standby = await ownPostgres({ fsync: true, standbyOf: primary });
  servers.push(primary, standby);
  await until(
    async () =>
      (await primary.command("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'")).length > 0,
  );
  return {
    primary,
    standby,
    url: nodeUrl.replace(`:${primary.port}/`, `:${primary.port},127.0.0.1:${standby.port}/`),
  };
}

/** From now on the engine holds each run until `letGo`. */
const hold = ({ engine }: QueueNode) => {
  engine.answer = undefined;
};
const letGo = ({ engine }: QueueNode) => {
  engine.answer = (call) => call.finish();
  for (const call of [...engine.calls]) call.finish();
};

async function start(url: string, options: Omit<QueueNodeOptions, "connection"> = {}): Promise<QueueNode> {
  const own = connection(url, { deadline: 2000 });
  const node = await queueNode({ connection: own, lease: 2, ...options });
  open.push({ node, connection: own });
  return node;
}

/** What a client makes of a request while the database is away: it asks again. */
async function insisting<T>(ask: () => Promise<T>, refused: Set<string>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      refused.add(error instanceof Refusal ? error.code : String(error));
      await Bun.sleep(50);
    }
  }
}

const rowOf = async ({ standby, url }: Pair, id: string) => {
  await using owner = connection(standby.url(url.slice(url.lastIndexOf("/") + 1)));
  const [row] = await owner.durable.run((sql) => sql`SELECT * FROM jobs WHERE id = ${id}`);
  return row;
};

describe.skipIf(!hasPostgres)("a failover", () => {
  test("to a synchronous standby loses nothing: every job that was taken ends, once, and the running one under its first claim", async () => {
    const servers = await pair();
    const { primary, standby, url } = servers;
    await primary.command("ALTER SYSTEM SET synchronous_standby_names = '*'");
    await primary.command("SELECT pg_reload_conf()");
    await until(
      async () =>
        (await primary.command("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'")).length > 0,
    );
    const front = await start(url, { variants: [] });
    const worker = await start(url);
    hold(worker);
    const running = await front.submit();
    await until(() => worker.engine.calls.length === 1);

    const refused = new Set<string>();
    const taken: string[] = [];
    let isOver = false;
    const client = (async () => {
      while (!isOver) taken.push(await insisting(() => front.submit(), refused));
    })();
    await until(() => taken.length >= 20);
    await primary.stop("SIGKILL");
    // the result is made while no server takes it
    letGo(worker);
    await until(() => refused.size > 0);
    const before = taken.length;
    await standby.promote();
    await until(() => taken.length > before + 5);
    isOver = true;
    await client;
    expect([...refused]).toEqual(["store_unavailable"]);

    for (const id of [running, ...taken])
      expect(await insisting(() => front.scheduler.wait(id, 600_000), refused)).toMatchObject({
        job: { id, status: "succeeded" },
      });
    expect(await rowOf(servers, running)).toMatchObject({ claim: 1, attempts: 1, node: worker.id });
    const { data } = await front.scheduler.list();
    // a request whose answer was lost may have made a job, too
    expect(data.length).toBeGreaterThanOrEqual(taken.length + 1);
    expect(new Set([running, ...taken]).size).toBe(taken.length + 1);
  });

  test("to a standby that lagged loses the last commits, and no node harms what is there", async () => {
    const servers = await pair();
    const { primary, standby, url } = servers;
    const front = await start(url, { variants: [] });
    const worker = await start(url);
    hold(worker);
    const [first, second] = [await front.submit({ outputs: 1 }), await front.submit({ outputs: 1 })];
    await until(() => worker.engine.calls.length === 1);
    const [{ lsn }] = (await primary.command("SELECT pg_current_wal_lsn()::text AS lsn")) as [
      { lsn: string },
    ];
    await until(
      async () =>
        (await standby.command(`SELECT 1 WHERE pg_last_wal_replay_lsn() >= '${lsn}'::pg_lsn`)).length > 0,
    );
    await standby.command("ALTER SYSTEM SET primary_conninfo = ''");
    await standby.command("SELECT pg_reload_conf()");
    await until(async () => (await primary.command("SELECT 1 FROM pg_stat_replication")).length === 0);

    // from here on, all is lost: an end with its file, a claim, a new job
    worker.engine.calls[0]!.finish();
    expect(await front.scheduler.wait(first, 600_000)).toMatchObject({ job: { status: "succeeded" } });
    await until(() => worker.engine.calls.length === 1);
    const lost = await front.submit();
    await primary.stop("SIGKILL");
    await standby.promote();

    const refused = new Set<string>();
    const unknown = await insisting(
      () =>
        front.scheduler.job(lost).catch((error) => {
          if (error.code !== "job_not_found") throw error;
          return error.code as string;
        }),
      refused,
    );
    expect(unknown).toBe("job_not_found");
    letGo(worker);
    for (const id of [first, second])
      expect(await insisting(() => front.scheduler.wait(id, 600_000), refused)).toMatchObject({
        job: { status: "succeeded" },
      });
    expect([...refused].filter((code) => code !== "store_unavailable")).toEqual([]);
    // new jobs go on as ever
    const later = await front.submit();
    expect(later).not.toBe(lost);
  });
});
