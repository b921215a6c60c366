import { afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { SetupError } from "../../../src/fleet/errors.ts";
import { membersOf } from "../../../src/fleet/members.ts";
import type { Job } from "../../../src/jobs/job.ts";
import type { Health } from "../../../src/jobs/scheduler.ts";
import type { Settings } from "../../../src/settings/settings.ts";
import { moveClock, stopClock } from "../../fleet/clock.ts";
import { freePorts } from "../../fleet/daemon.ts";
import { connection, type FleetDatabase, fleetDatabase } from "../../fleet/fleet.ts";
import { hasPostgres, ownPostgres, postgres } from "../../fleet/servers.ts";
import {
  cleanUp,
  estimate,
  fleetOf,
  get,
  jobOf,
  newFolder,
  nodes,
  ready,
  start,
  stop,
  until,
} from "../../fleet/serving.ts";
import { rampEngine } from "../ramp-engine.ts";

// a server starts slowly on a busy machine
setDefaultTimeout(120_000);

afterEach(cleanUp);

describe.skipIf(!hasPostgres)("a fleet", () => {
  let database: FleetDatabase;
  beforeAll(async () => {
    database = await fleetDatabase();
  });

  test("is ready while its folder is away, and says that it is", async () => {
    const shared = newFolder();
    // A database knows the folder of its fleet: this one is of this test alone.
    const { nodeUrl } = await fleetDatabase();
    const front = await start("alone", "both", fleetOf(nodeUrl, shared));
    const says = async () => {
      const answer = await get(front, "/ready");
      return `${answer.status} ${((await answer.json()) as { files: string }).files}`;
    };
    await until(async () => (await says()) === "200 here");
    renameSync(join(shared, "owner"), join(shared, "elsewhere"));
    await until(async () => (await says()) === "200 away");
    renameSync(join(shared, "elsewhere"), join(shared, "owner"));
    await until(async () => (await says()) === "200 here");
  });

  test("of one machine that takes requests and two that work serves a client as one machine does", async () => {
    const fleet = fleetOf(database.nodeUrl);
    const front = await start("front", "api", fleet);
    const alone = (await (await get(front, "/health")).json()) as Health;
    expect(alone.memory.budget_gb).toBeGreaterThan(0);
    const none = await estimate(front);
    expect(none.status).toBe(503);
    expect(await none.json()).toMatchObject({
      code: "not_activated",
      detail: expect.stringContaining("depthpro/base on a worker of the fleet"),
    });
    const workers = await Promise.all(["mac1", "mac2"].map((name) => start(name, "worker", fleet)));
    await ready(front, "mac1", "mac2");
    const health = await (await get(front, "/health")).json();
    expect(health).toMatchObject({ status: "ok", store: "here" });
    expect((await nodes(front)).find(({ name }) => name === "mac1")).toMatchObject({
      role: "worker",
      device: "cpu",
      models: expect.arrayContaining(["depthpro/base"]),
    });
    expect(await (await get(front, "/v1/image/depthpro/models")).json()).toMatchObject([{ activated: true }]);

    const answers = await Promise.all(Array.from({ length: 6 }, () => estimate(front)));
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200));
    const jobs = (await (await get(front, "/v1/jobs")).json()) as { data: Job[] };
    expect(jobs.data.every(({ status }) => status === "succeeded")).toBe(true);
    const bytes = await get(front, `/v1/files/${jobs.data[0]!.artifacts[0]}/download`);
    expect(new Uint8Array(await bytes.arrayBuffer()).slice(1, 4)).toEqual(new TextEncoder().encode("PNG"));

    for (const path of ["/v1/jobs", "/docs", "/", "/version", "/v1/files"]) {
      const refused = await get(workers[0]!, path);
      expect([path, refused.status]).toEqual([path, 404]);
    }
    expect((await get(workers[0]!, "/ready")).status).toBe(200);
    expect(await (await get(workers[0]!, "/metrics")).text()).toContain("easel_");
  });

  test("queues jobs for a model whose last machine is lost, and refuses them after ten minutes", async () => {
    const { url, nodeUrl } = await fleetDatabase();
    await using owner = connection(url);
    await stopClock(owner, Date.now() / 1000);
    const front = await start("front", "api", fleetOf(nodeUrl));
    const state = { variants: { "depthpro/base": "x" }, budget: 64 * 2 ** 30, ready: true };
    await owner.durable.run(
      (sql) => sql`INSERT INTO nodes (id, name, role, version, lease_until, state)
        VALUES (${crypto.randomUUID()}::uuid, 'mac1', 'worker', '1.2.3', easel_now(), ${JSON.stringify(state)})`,
    );
    const submit = async () => (await estimate(front, { mode: "async" })).status;
    await until(async () =>
      (await nodes(front)).some(({ name, state }) => name === "mac1" && state === "lost"),
    );
    expect(await submit()).toBe(202);
    const sees = async (seconds: number) => {
      await moveClock(owner, seconds);
      // the machine has beaten, and read the list of machines behind it
      const beats = async () => {
        const rows = await owner.durable.run(
          (sql) => sql`SELECT lease_until - easel_now() AS left FROM nodes WHERE name = 'front'`,
        );
        return rows[0]!.left as number;
      };
      await until(async () => (await beats()) > 1.9);
    };
    await sees(599);
    expect(await submit()).toBe(202);
    await sees(2);
    await until(async () => (await submit()) === 503);
    const refused = await estimate(front);
    expect(await refused.json()).toMatchObject({ code: "not_activated" });
    const { data } = (await (await get(front, "/v1/jobs")).json()) as { data: Job[] };
    expect(new Set(data.map(({ status }) => status))).toEqual(new Set(["queued"]));
  });

  test("queues jobs for a model whose last machine was stopped, as for one that is lost, and shows it no more", async () => {
    const fleet = fleetOf((await fleetDatabase()).nodeUrl);
    const front = await start("front", "api", fleet);
    const worker = await start("mac1", "worker", fleet);
    await ready(front, "mac1");
    await stop(worker);
    await until(async () => !(await nodes(front)).some(({ name }) => name === "mac1"));
    const queued = await estimate(front, { mode: "async" });
    expect(queued.status).toBe(202);
    const { job_id } = (await queued.json()) as { job_id: string };
    // the machine of its name is taken in at once, and runs it
    await start("mac1", "worker", fleet);
    await until(async () => (await jobOf(front, job_id)).status === "succeeded");
  });

  test("lets a machine drain: it finishes what it runs, takes no more, and another one goes on", async () => {
    const fleet = fleetOf((await fleetDatabase()).nodeUrl);
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const front = await start("front", "api", fleet);
    const mac1 = await start("mac1", "worker", fleet, { engine: rampEngine(() => gate) });
    await ready(front, "mac1");
    const { job_id: first } = (await (await estimate(front, { mode: "async" })).json()) as { job_id: string };
    await until(async () => (await jobOf(front, first)).status === "running");
    await using owner = connection(fleet.fleet_url!);
    await owner.durable.run((sql) => sql`UPDATE nodes SET draining = true WHERE name = 'mac1'`);
    const drains = async () =>
      (await membersOf(owner.durable, 60)).some(({ name, state }) => name === "mac1" && state.draining);
    await until(drains);
    await until(async () =>
      (await nodes(front)).some(({ name, state }) => name === "mac1" && state === "draining"),
    );
    const { job_id: second } = (await (await estimate(front, { mode: "async" })).json()) as {
      job_id: string;
    };
    release();
    await until(async () => (await jobOf(front, first)).status === "succeeded");
    expect((await jobOf(front, second)).status).toBe("queued");
    await start("mac2", "worker", fleet);
    await until(async () => (await jobOf(front, second)).status === "succeeded");
    expect((await get(mac1, "/health")).status).toBe(200);
  });

  test("frees a model's memory on every machine, and shows what is loaded on any", async () => {
    const fleet = fleetOf((await fleetDatabase()).nodeUrl);
    const front = await start("front", "api", fleet);
    await start("mac1", "worker", fleet);
    await ready(front, "mac1");
    expect((await estimate(front)).status).toBe(200);
    const loaded = async () => {
      const { memory } = (await (await get(front, "/health")).json()) as {
        memory: { loaded: { name: string }[] };
      };
      return memory.loaded.map(({ name }) => name);
    };
    await until(async () => (await loaded()).includes("base"));
    const unload = () =>
      fetch(new URL("/v1/image/depthpro/models/base/unload", front.url), { method: "POST" });
    expect(await (await unload()).json()).toMatchObject({ unloaded: true });
    expect(await (await unload()).json()).toMatchObject({ unloaded: false });
    await until(async () => !(await loaded()).includes("base"));
  });

  test("fails a job whose row is no valid request, and nothing else", async () => {
    const fleet = fleetOf((await fleetDatabase()).nodeUrl);
    const serving = await start("mac1", "both", fleet);
    await ready(serving, "mac1");
    await using node = connection(fleet.fleet_url!);
    const rows = [
      "{}",
      "[]",
      "null",
      "no JSON",
      '{"image": 7, "model": "base"}',
      '{"image": {"type": "file_id", "file_id": "../../../etc/passwd"}, "model": "base"}',
      '{"image": {"type": "url", "url": "file:///etc/passwd"}, "model": "base"}',
    ];
    for (const [index, params] of rows.entries())
      await node.durable.run(
        (sql) => sql`INSERT INTO jobs (id, type, params, status, variant, place)
          VALUES (${`job_${String(index).padStart(32, "0")}`}, 'depthpro', ${params}, 'queued', 'depthpro/base', ${index})`,
      );
    const ends = async () => {
      const found = await node.durable.run(
        (sql) => sql`SELECT status, error_code, error FROM jobs ORDER BY seq`,
      );
      return [...found];
    };
    await until(async () => (await ends()).every(({ status }) => !["queued", "running"].includes(status)));
    for (const { status, error } of await ends()) {
      expect(status).toBe("failed");
      expect(error).not.toContain("passwd");
    }
    expect((await estimate(serving)).status).toBe(200);
  });

  test("that is set up wrong is refused at the start, in a sentence, with nothing half done", async () => {
    const refused = async (more: Partial<Settings>, name = "mac1") => {
      const error = await start(name, "both", more).then(
        () => new Error("it started"),
        (error: Error) => error,
      );
      expect(error).toBeInstanceOf(SetupError);
      return error.message;
    };
    const empty = await (await postgres()).database();
    expect(await refused(fleetOf(empty.url))).toContain("run easel fleet init");
    const other = await fleetDatabase();
    expect(await refused({ ...fleetOf(other.nodeUrl), files_url: null })).toContain("files_url is not set");
    // mistakes in the settings are named before a database is waited for
    const away = "postgres://easel@127.0.0.1:1/easel";
    expect(await refused({ ...fleetOf(away), files_url: null })).toContain("files_url is not set");
    expect(await refused({ ...fleetOf(away), files_url: "s3://easel" })).toContain(
      "s3_secret_key must be set",
    );
    expect(
      await refused({ ...fleetOf(other.nodeUrl), files_url: "file:///nonexistent/easel/none" }),
    ).toContain("make it, or mount it");
    const fleet = fleetOf(other.nodeUrl);
    await start("mac1", "both", fleet);
    expect(await refused(fleet)).toContain("Another machine named mac1 is in the fleet");
    const elsewhere = newFolder();
    mkdirSync(join(elsewhere, "x"), { recursive: true });
    expect(await refused({ ...fleet, files_url: `file://${elsewhere}` }, "mac2")).toContain(
      "is not the folder that the other machines of the fleet use",
    );
    await using node = connection(other.nodeUrl);
    const [{ count }] = await node.durable.run((sql) => sql`SELECT count(*)::int AS count FROM nodes`);
    expect(count).toBe(1);
  });
});

describe.skipIf(!hasPostgres)("a fleet whose database is away", () => {
  test("lives without being ready, refuses requests for the while, and goes on by itself", async () => {
    const server = await ownPostgres({ fsync: true });
    const { nodeUrl } = await fleetDatabase(server);
    const fleet = fleetOf(nodeUrl);
    await server.stop();
    const port = freePorts(1);
    const at = (path: string) => fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined);
    const lines: string[] = [];
    const write = (line: string) => void lines.push(line);
    const starting = start(
      "mac1",
      "both",
      { ...fleet, port, log_level: "info", memory_limit_gb: 7 },
      { write },
    );
    await until(async () => (await at("/health"))?.status === 200);
    expect(await (await at("/health"))!.json()).toMatchObject({
      status: "ok",
      store: "away",
      memory: { budget_gb: 7 },
    });
    expect((await at("/ready"))!.status).toBe(503);
    expect(await (await at("/v1/jobs"))!.json()).toMatchObject({ code: "store_unavailable" });
    await server.start();
    const serving = await starting;
    await until(async () => (await get(serving, "/ready")).status === 200);
    expect(
      lines.filter((line) => line.includes("the fleet's database does not answer: waiting")),
    ).toHaveLength(1);

    await server.stop();
    await until(async () => (await get(serving, "/ready")).status === 503);
    expect(await (await get(serving, "/health")).json()).toMatchObject({ status: "ok", store: "away" });
    const refused = await get(serving, "/v1/jobs");
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(await refused.json()).toMatchObject({ code: "store_unavailable" });
    await server.start();
    await until(async () => (await get(serving, "/ready")).status === 200);
    expect((await estimate(serving)).status).toBe(200);
    await stop(serving);
    await server.stop();
  });

  test("gives up the start when it is asked to stop", async () => {
    const stopping = new AbortController();
    const fleet = fleetOf("postgres://easel@127.0.0.1:1/easel");
    const starting = start("mac1", "both", fleet, { signal: stopping.signal }).catch((error) => error);
    await Bun.sleep(50);
    stopping.abort(new Error("asked to stop"));
    expect((await starting).message).toBe("asked to stop");
  });
});
