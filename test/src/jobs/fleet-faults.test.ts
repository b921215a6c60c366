import { afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Connection } from "../../../src/fleet/connect.ts";
import { sharedFolder } from "../../fleet/crash.ts";
import { connection, fleetDatabase } from "../../fleet/fleet.ts";
import type { Postgres } from "../../fleet/postgres.ts";
import { type QueueNode, type QueueNodeOptions, queueNode, until } from "../../fleet/queue-node.ts";
import { hasPostgres, ownPostgres } from "../../fleet/servers.ts";
import { silentProxy } from "../../fleet/silence.ts";

// leases have to run out
setDefaultTimeout(180_000);

describe.skipIf(!hasPostgres)("a fleet in trouble", () => {
  let server: Postgres;
  let owner: Connection;
  let url: string;
  const open: { node: QueueNode; connection: Connection }[] = [];
  beforeAll(async () => {
    server = await ownPostgres({ fsync: true });
  });
  const fresh = async () => {
    const made = await fleetDatabase(server);
    owner = connection(made.url);
    url = made.nodeUrl;
  };
  afterEach(async () => {
    for (const { node, connection } of open.splice(0)) {
      for (const call of [...node.engine.calls]) call.finish();
      await node.stop().catch(() => {});
      await connection[Symbol.asyncDispose]();
    }
    await owner[Symbol.asyncDispose]();
  });
  const start = async (options: Omit<QueueNodeOptions, "connection"> = {}, through?: { port: number }) => {
    const own = through
      ? connection(url.replace(String(server.port), String(through.port)), { deadline: 700 })
      : connection(url);
    const node = await queueNode({ connection: own, ...options });
    open.push({ node, connection: own });
    return node;
  };
  const rowOf = async (id: string) => {
    const [row] = await owner.durable.run((sql) => sql`SELECT * FROM jobs WHERE id = ${id}`);
    return row;
  };
  const records = async () => {
    const rows = await owner.durable.run((sql) => sql`SELECT file_id FROM files ORDER BY seq`);
    return rows.map(({ file_id }: { file_id: string }) => file_id);
  };

  test("a worker that was frozen for two leases loses its job, and its result is refused", async () => {
    await fresh();
    const dir = mkdtempSync(join(tmpdir(), "easel-frozen-"));
    const frozen = Bun.spawn(
      [process.execPath, join(import.meta.dir, "../../fleet/frozen-node.ts"), dir, url],
      {
        stdout: "pipe",
        stderr: "inherit",
      },
    );
    try {
      const front = await start({ variants: [], lease: 1 });
      const id = await front.submit({ outputs: 1 });
      const output = frozen.stdout.getReader();
      await output.read();
      frozen.kill("SIGSTOP");
      await until(async () => (await rowOf(id)).status === "queued");
      const other = await start({ lease: 1 });
      expect(await other.scheduler.wait(id, 600_000)).toMatchObject({ job: { status: "succeeded" } });
      const ended = await rowOf(id);
      expect(ended).toMatchObject({ claim: 2, attempts: 2, node: other.id });
      writeFileSync(join(dir, "go"), "");
      frozen.kill("SIGCONT");
      // it works on: a job that only it can take comes behind the one that it lost
      const own = await front.submit({ model: "own", outputs: 2 });
      expect(await front.scheduler.wait(own, 600_000)).toMatchObject({ job: { status: "succeeded" } });
      expect(await rowOf(id)).toEqual(ended);
      const made = (await front.scheduler.job(own)).artifacts;
      expect(await records()).toEqual([...JSON.parse(ended.artifacts), ...made]);
      // what the frozen worker had staged for the lost job is gone
      const blobs = [...new Bun.Glob("**/file_*").scanSync(sharedFolder(dir))];
      expect(blobs.map((path) => /file_[0-9a-f]{32}/.exec(path)![0]).sort()).toEqual(made.toSorted());
    } finally {
      frozen.kill("SIGKILL");
      await frozen.exited;
      rmSync(dir, { recursive: true, force: true });
    }
  });

  test("a worker that is killed while the database is away loses its end: its job runs once more", async () => {
    await fresh();
    const dir = mkdtempSync(join(tmpdir(), "easel-killed-"));
    const killed = Bun.spawn(
      [process.execPath, join(import.meta.dir, "../../fleet/frozen-node.ts"), dir, url],
      {
        stdout: "pipe",
        stderr: "pipe",
      },
    );
    try {
      const front = await start({ variants: [], lease: 1 });
      const id = await front.submit({ outputs: 1 });
      await killed.stdout.getReader().read();
      await server.stop();
      writeFileSync(join(dir, "go"), "");
      // its result is made, and cannot be written
      let said = "";
      for await (const chunk of killed.stderr) {
        said += new TextDecoder().decode(chunk);
        if (said.includes("the job store does not work")) break;
      }
      killed.kill("SIGKILL");
      await killed.exited;
      await server.start();
      const other = await start({ lease: 1 });
      expect(await other.scheduler.wait(id, 600_000)).toMatchObject({ job: { status: "succeeded" } });
      const ended = await rowOf(id);
      expect(ended).toMatchObject({ claim: 2, attempts: 2, node: other.id });
      expect(await records()).toEqual(JSON.parse(ended.artifacts));
    } finally {
      killed.kill("SIGKILL");
      await killed.exited;
      rmSync(dir, { recursive: true, force: true });
    }
  });

  test("a cancel of a job whose row another transaction holds is refused after a while, and works when it is free", async () => {
    await fresh();
    const front = await start({ variants: [] });
    const id = await front.submit();
    await using holder = connection(url, { session: { idle_in_transaction_session_timeout: "0" } });
    const free = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    const holds = holder.durable.begin(async (sql) => {
      await sql`SELECT 1 FROM jobs WHERE id = ${id} FOR UPDATE`;
      locked.resolve();
      await free.promise;
    });
    await locked.promise;
    await expect(front.scheduler.cancel(id)).rejects.toMatchObject({
      code: "store_unavailable",
      status: 503,
    });
    free.resolve();
    await holds;
    expect(await front.scheduler.cancel(id)).toMatchObject({ status: "canceled" });
  });

  test("a result is written once the network speaks again, without another attempt", async () => {
    await fresh();
    using proxy = await silentProxy(server.port);
    const front = await start({ variants: [] });
    const worker = await start({ lease: 60 }, proxy);
    worker.engine.answer = undefined;
    const id = await front.submit();
    await until(() => worker.engine.calls.length === 1);
    proxy.silent = true;
    worker.engine.calls[0]!.finish();
    await until(() => worker.lines.some((line) => line.includes("the job store does not work")));
    expect(await front.scheduler.job(id)).toMatchObject({ status: "running" });
    proxy.silent = false;
    expect(await front.scheduler.wait(id, 600_000)).toMatchObject({ job: { status: "succeeded" } });
    expect(await rowOf(id)).toMatchObject({ claim: 1, attempts: 1, node: worker.id });
    const next = await front.submit();
    await until(() => worker.engine.calls.length === 1);
    worker.engine.calls[0]!.finish();
    expect(await front.scheduler.wait(next, 600_000)).toMatchObject({ job: { status: "succeeded" } });
  });

  test("a worker that is cut off for longer than its lease stops the job that others have by now", async () => {
    await fresh();
    using proxy = await silentProxy(server.port);
    const other = await start({ lease: 1, variants: [] });
    const worker = await start({ lease: 1 }, proxy);
    worker.engine.answer = undefined;
    const id = await other.submit();
    await until(() => worker.engine.calls.length === 1);
    proxy.silent = true;
    await until(async () => (await rowOf(id)).status === "queued");
    const third = await start({ lease: 1 });
    expect(await other.scheduler.wait(id, 600_000)).toMatchObject({ job: { status: "succeeded" } });
    proxy.silent = false;
    await until(() => worker.engine.calls.length === 0);
    expect(await rowOf(id)).toMatchObject({ node: third.id, claim: 2, status: "succeeded" });
    expect(await records()).toHaveLength(1);
  });

  test("a claim whose answer was lost is given back, and the attempt is not counted", async () => {
    await fresh();
    const front = await start({ variants: [] });
    const worker = await start({ lease: 1, variants: [] });
    const id = await front.submit();
    // as its claim would have left it
    await owner.durable.run(
      (
        sql,
      ) => sql`UPDATE jobs SET status = 'running', place = NULL, node = ${worker.id}::uuid, claim = 1, attempts = 1,
        started_at = easel_now() WHERE id = ${id}`,
    );
    await until(async () => (await rowOf(id)).status === "queued");
    expect(await rowOf(id)).toMatchObject({ attempts: 0, node: null });
    await start();
    expect(await front.scheduler.wait(id, 600_000)).toMatchObject({ job: { status: "succeeded" } });
  });

  test("a row that is no request fails its job and nothing else", async () => {
    await fresh();
    const front = await start({ variants: [] });
    const bad: [string, string][] = [];
    for (const params of ["no JSON", "[]", "7", '{"bad": "the picture is broken"}']) {
      const id = await front.submit();
      await owner.durable.run((sql) => sql`UPDATE jobs SET params = ${params} WHERE id = ${id}`);
      bad.push([id, params]);
    }
    const good = await front.submit();
    await start();
    expect(await front.scheduler.wait(good, 600_000)).toMatchObject({ job: { status: "succeeded" } });
    for (const [id, params] of bad)
      expect([params, (await front.scheduler.job(id)).status]).toEqual([params, "failed"]);
    expect((await front.scheduler.list()).data).toHaveLength(5);
  });

  test("the database is killed and comes back under load: every job ends, once and at its first attempt", async () => {
    await fresh();
    await owner.durable.run((sql) =>
      sql.unsafe(`
        CREATE TABLE seen_ends (id text);
        GRANT INSERT ON seen_ends TO easel_node;
        CREATE FUNCTION see_end() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN INSERT INTO seen_ends VALUES (NEW.id); RETURN NEW; END $$;
        CREATE TRIGGER see_end AFTER UPDATE OF status ON jobs FOR EACH ROW
          WHEN (NEW.status NOT IN ('queued', 'running')) EXECUTE FUNCTION see_end()`),
    );
    const nodes = [await start({ lease: 2 }), await start({ lease: 2 })];
    for (const node of nodes) node.engine.answer = (call) => void setTimeout(() => call.finish(), 20);
    const accepted: string[] = [];
    const codes = new Set<string>();
    let isLoading = true;
    const load = nodes.map(async (node) => {
      while (isLoading) {
        await node.submit().then(
          (id) => accepted.push(id),
          (error) => codes.add(error.code),
        );
        await Bun.sleep(10);
      }
    });
    for (let round = 0; round < 3; round++) {
      const before = accepted.length;
      await until(() => accepted.length > before + 10);
      await server.stop();
      // longer than everybody's lease
      await Bun.sleep(3000);
      await server.start();
    }
    const before = accepted.length;
    await until(() => accepted.length > before + 10);
    isLoading = false;
    await Promise.all(load);
    expect([...codes]).toEqual(["store_unavailable"]);
    for (const id of accepted)
      expect(await nodes[0]!.scheduler.wait(id, 600_000)).toMatchObject({ job: { status: "succeeded" } });
    const rows = await owner.durable.run(
      (sql) => sql`SELECT count(*)::int AS jobs, max(attempts) AS attempts, max(claim) AS claims,
        (SELECT count(*)::int FROM seen_ends) AS ends FROM jobs`,
    );
    const [{ jobs, attempts, ends }] = rows;
    // a job may have been kept although its client got no answer
    expect(jobs).toBeGreaterThanOrEqual(accepted.length);
    expect({ attempts, ends }).toEqual({ attempts: 1, ends: jobs });
  });
});
