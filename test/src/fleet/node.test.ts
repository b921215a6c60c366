import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { insertFiles } from "../../../src/files/shared/postgres-records.ts";
import type { Connection } from "../../../src/fleet/connect.ts";
import { differences, isAlive, type Member, membersOf, type NodeState } from "../../../src/fleet/members.ts";
import { type FleetNode, forgetOld, joinFleet, type NodeOptions } from "../../../src/fleet/node.ts";
import { heedOrders, obey, order } from "../../../src/fleet/orders.ts";
import { schemaVersion } from "../../../src/fleet/schema.ts";
import { createPostgresJobStore } from "../../../src/jobs/store/postgres.ts";
import { createLog } from "../../../src/log.ts";
import { connection, fleetDatabase } from "../../fleet/fleet.ts";
import { nodeOf } from "../../fleet/jobs.ts";
import { hasPostgres, ownPostgres } from "../../fleet/servers.ts";

// a server starts slowly on a busy machine
setDefaultTimeout(60_000);

const lines: string[] = [];
const log = createLog({ level: "info", format: "text", secrets: [], write: (line) => lines.push(line) });
const folder = () => mkdtempSync(join(tmpdir(), "easel-node-"));
const options = (more: Partial<NodeOptions> = {}): NodeOptions => ({
  name: `node-${crypto.randomUUID().slice(0, 8)}`,
  role: "both",
  version: "1.2.3",
  dataDir: folder(),
  lease: 1,
  log,
  ...more,
});
const state = (more: Partial<NodeState> = {}): NodeState => ({
  variants: { "mini/depth": "a" },
  loaded: [],
  resident_gb: 0,
  budget: 7,
  running: [],
  device: "cpu",
  settings: "s",
  ready: true,
  draining: false,
  left: false,
  ...more,
});
const nothing = async () => {};
/** Renews the lease of a machine. */
const beat = (database: Connection, { id, name }: FleetNode, said = state()) => {
  const store = createPostgresJobStore({
    connection: database,
    node: nodeOf({ id, name, lease: 1 }),
    insertFiles,
  });
  return async () => (await store.beat({ running: [], state: said })).pulse;
};
const until = async (holds: () => boolean | Promise<boolean>) => {
  while (!(await holds())) await Bun.sleep(20);
};

describe.skipIf(!hasPostgres)("a machine in the fleet", () => {
  let database: Connection;
  let url: string;
  beforeAll(async () => {
    const made = await fleetDatabase();
    url = made.url;
    database = connection(made.nodeUrl);
  });
  afterAll(async () => {
    await database?.[Symbol.asyncDispose]();
  });
  const members = () => membersOf(database.durable, 600);
  const find = async (id: string) => (await members()).find((member) => member.id === id);

  test("beats at once when that is asked for during a beat", async () => {
    const node = await joinFleet(database, options({ lease: 3600 }));
    let beats = 0;
    const beaten = async () => {
      if (++beats < 3) node.hurry();
    };
    node.begin({ beat: beat(database, node), beaten, reap: nothing });
    await until(() => beats === 3);
    await node.leave();
  });

  test("says what it is with each beat, and that it left: its models stay known", async () => {
    const node = await joinFleet(database, options({ role: "worker" }));
    node.begin({ beat: beat(database, node, state({ running: ["job_1"] })), beaten: nothing, reap: nothing });
    await until(async () => (await find(node.id))?.state.budget === 7 && node.isHeard());
    const member = (await find(node.id))!;
    expect(member).toMatchObject({ name: node.name, role: "worker", version: "1.2.3", draining: false });
    expect(member.state).toEqual(state({ running: ["job_1"] }));
    await until(async () => isAlive((await find(node.id))!));
    await node.leave();
    const left = (await find(node.id))!;
    expect(isAlive(left)).toBe(false);
    expect(left.state).toEqual(state({ left: true, ready: false }));
  });

  test("looks for lost jobs though the last look lies ahead: the database's clock was set back", async () => {
    await database.durable.run(
      (sql) => sql`
        INSERT INTO settings (name, value) VALUES ('judged', (easel_now() + 3600)::text)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
    );
    const node = await joinFleet(database, options());
    let looks = 0;
    node.begin({ beat: beat(database, node), beaten: nothing, reap: async () => void looks++ });
    await until(() => looks > 0);
    await node.leave();
  });

  test("that starts again gives up the place of its last run, which its lock proves to be over", async () => {
    const own = options();
    const first = await joinFleet(database, own);
    const second = await joinFleet(database, own);
    expect(await find(first.id)).toBeUndefined();
    expect(readFileSync(join(own.dataDir, "node.id"), "utf8").trim()).toBe(second.id);
    await second.leave();
  });

  test("is refused while another one of its name is alive, and taken in when that one is dead", async () => {
    const { name } = options();
    const first = await joinFleet(database, options({ name }));
    first.begin({ beat: beat(database, first), beaten: nothing, reap: nothing });
    await until(() => first.isHeard());
    const refused = await joinFleet(database, options({ name })).catch((error) => error);
    expect(`${refused.name}: ${refused.message}`).toBe(
      `SetupError: Another machine named ${name} is in the fleet: give this one another node_name (EASEL_NODE_NAME)`,
    );
    await first.leave();
    // a machine that lost its data directory and died: its lease runs out
    await joinFleet(database, options({ name }));
    const third = await joinFleet(database, options({ name }));
    expect(await find(third.id)).toBeDefined();
    await third.leave();
  });

  test("hears that it is to drain, and when it is too old for the fleet", async () => {
    const node = await joinFleet(database, options());
    let draining: boolean | undefined;
    node.begin({
      beat: beat(database, node),
      reap: nothing,
      beaten: async (pulse) => {
        draining = pulse.draining;
      },
    });
    await until(() => draining === false);
    await database.durable.run((sql) => sql`UPDATE nodes SET draining = true WHERE id = ${node.id}::uuid`);
    node.hurry();
    await until(() => draining === true);
    await database.durable.run((sql) => sql`UPDATE nodes SET draining = false WHERE id = ${node.id}::uuid`);
    await until(() => draining === false);
    await using owner = connection(url);
    await owner.durable.run((sql) => sql`UPDATE fleet_schema SET oldest_node = ${schemaVersion + 1}`);
    await until(() => draining === true);
    await owner.durable.run((sql) => sql`UPDATE fleet_schema SET oldest_node = 1`);
    expect(lines.join("")).toContain("this easel is too old for the fleet by now");
    await node.leave();
  });

  test("carries out an order once and answers it; one that does not answer is named", async () => {
    const node = await joinFleet(database, options());
    const silent = await joinFleet(database, options());
    let calls = 0;
    const orders = {
      unload: async (body: unknown) => {
        calls++;
        return { got: body };
      },
    };
    let looks = Promise.resolve();
    const look = () => {
      looks = looks.then(() => obey(database, node.id, orders, log));
    };
    const stop = await heedOrders(database, node.id, look);
    const { answers, pending } = await order(database, [node.id, silent.id], {
      kind: "unload",
      body: { family: "qwen" },
      milliseconds: 5000,
    });
    expect([...answers]).toEqual([[node.id, { got: { family: "qwen" } }]]);
    expect(pending).toEqual([silent.id]);
    expect(calls).toBe(1);
    // a kind that a newer machine knows, and one that fails, are answered too
    await obey(database, silent.id, { unload: () => Promise.reject(new Error("no")) }, log);
    const [{ open }] = await database.durable.run(
      (sql) => sql`SELECT count(*)::int AS open FROM orders WHERE answer IS NULL`,
    );
    expect(open).toBe(0);
    await stop();
    await Promise.all([node.leave(), silent.leave()]);
  });

  test("whose row holds anything else than a state counts as having said nothing", async () => {
    const node = await joinFleet(database, options());
    for (const text of ["no JSON", "[]", '{"variants": 3}', "null"]) {
      await database.durable.run((sql) => sql`UPDATE nodes SET state = ${text} WHERE id = ${node.id}::uuid`);
      expect((await find(node.id))?.state.variants).toEqual({});
    }
    await database.durable.run((sql) => sql`UPDATE nodes SET lease_until = 0 WHERE id = ${node.id}::uuid`);
    await forgetOld(database);
    const [{ left }] = await database.durable.run(
      (sql) => sql`SELECT count(*)::int AS left FROM nodes WHERE id = ${node.id}::uuid`,
    );
    expect(left).toBe(0);
  });
});

describe.skipIf(!hasPostgres)("after an outage", () => {
  test("a machine judges others only behind its own unbroken beats", async () => {
    const server = await ownPostgres({ fsync: true });
    await using database = connection((await fleetDatabase(server)).nodeUrl);
    const said: string[] = [];
    const log = createLog({ level: "info", format: "text", write: (line) => said.push(line) });
    const node = await joinFleet(database, options({ log }));
    const seen: string[] = [];
    const one = beat(database, node);
    node.begin({
      async beat() {
        seen.push("begins");
        return one();
      },
      beaten: async () => void seen.push("beat"),
      reap: async () => void seen.push("reap"),
    });
    const arrived = () => seen.filter((each) => each !== "begins");
    await until(() => seen.includes("reap"));
    expect(arrived().slice(0, 2)).toEqual(["beat", "beat"]);
    await server.stop();
    await until(() => !node.isHeard());
    seen.length = 0;
    // several beats fail, and the log says so once
    await until(() => seen.length >= 3);
    expect(arrived()).toEqual([]);
    await server.start();
    await until(() => seen.includes("reap"));
    expect(arrived().slice(0, 2)).toEqual(["beat", "beat"]);
    const times = (words: string) => said.filter((line) => line.includes(words)).length;
    expect(times("a beat did not reach the fleet's database")).toBe(1);
    expect(times("the fleet's database answers again")).toBe(1);
    await node.leave();
    await server.stop();
  });
});

describe("workers of a fleet", () => {
  const member = (name: string, more: Partial<NodeState>, rest: Partial<Member> = {}): Member => ({
    id: name,
    name,
    role: "worker",
    version: "1",
    overdue: -5,
    draining: false,
    state: state(more),
    ...rest,
  });

  test("that would make different pictures are named", () => {
    const one = member("mac1", { variants: { "qwen/image": "x" } });
    expect(differences([one, member("mac2", { variants: { "qwen/image": "x" } })])).toEqual([]);
    expect(differences([one, member("mac2", { variants: { "qwen/image": "y" } })])).toEqual([
      "mac1 and mac2 have different weights of qwen/image",
    ]);
    expect(differences([one, member("mac2", { settings: "t" })])).toEqual([
      "mac1 and mac2 have different settings that shape pictures",
    ]);
    // dead ones and API machines make none
    expect(differences([one, member("old", { settings: "t" }, { overdue: 5 })])).toEqual([]);
    expect(differences([one, member("front", { settings: "t" }, { role: "api" })])).toEqual([]);
  });
});
