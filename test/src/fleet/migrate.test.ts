import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { addressOf } from "../../../src/fleet/address.ts";
import { type Connection, connect } from "../../../src/fleet/connect.ts";
import { initialize, migrate, requireSchema } from "../../../src/fleet/migrate.ts";
import { schemaVersion } from "../../../src/fleet/schema.ts";
import { defaultSettings } from "../../../src/settings/load.ts";
import type { Postgres } from "../../fleet/postgres.ts";
import { hasPostgres, ownPostgres } from "../../fleet/servers.ts";

// a server starts slowly on a busy machine
setDefaultTimeout(60_000);

const to = (fleet_url: string) => connect(addressOf(defaultSettings({ fleet_url }), {}));
const why = (promise: Promise<unknown>) =>
  promise.then(
    () => "nothing",
    (error: Error) => `${error.name}: ${error.message}`,
  );

describe.skipIf(!hasPostgres)("the tables of a fleet", () => {
  let server: Postgres;
  beforeAll(async () => {
    server = await ownPostgres();
  });
  const fresh = async () => {
    const { name, url } = await server.database();
    return { owner: to(url), node: () => to(server.url(name, "easel_node")) };
  };
  const run = (connection: Connection, text: string) => connection.durable.run((sql) => sql.unsafe(text));

  test("need the nodes' role, and say how to make it", async () => {
    const { owner } = await fresh();
    expect(await why(initialize(owner))).toBe(
      "SetupError: The database server has no role easel_node, which nodes connect as. Make it with: CREATE ROLE easel_node LOGIN PASSWORD '…'",
    );
    expect(await why(requireSchema(owner))).toContain("run easel fleet init");
    await run(owner, "CREATE ROLE easel_node LOGIN");
    await owner[Symbol.asyncDispose]();
  });

  test("are made once, however many ask at the same time, and a repetition changes nothing", async () => {
    const { owner, node } = await fresh();
    await using _ = owner;
    await using worker = node();
    expect(await why(requireSchema(worker))).toContain("run easel fleet init with the owner's URL");
    const made = await Promise.all(Array.from({ length: 8 }, () => initialize(owner)));
    expect(made.filter(({ from }) => from === 0)).toHaveLength(1);
    await run(owner, "INSERT INTO secrets VALUES ('kept', 'yes')");
    expect(await initialize(owner)).toEqual({ from: schemaVersion, to: schemaVersion });
    expect([...(await run(owner, "SELECT value FROM secrets"))]).toEqual([{ value: "yes" }]);
    expect(await why(requireSchema(worker))).toBe("nothing");
  });

  test("are the nodes' to fill and not to change", async () => {
    const { owner, node } = await fresh();
    await using _ = owner;
    await initialize(owner);
    await using worker = node();
    await run(
      worker,
      "INSERT INTO secrets VALUES ('a', 'b'); DELETE FROM secrets; SELECT nextval('event_ids')",
    );
    await run(
      worker,
      "INSERT INTO files (file_id, filename, content_type, size, sha256, created_at) VALUES ('f', 'n', 't', 1, 'h', 1)",
    );
    for (const statement of [
      "CREATE TABLE mine (id int)",
      "DROP TABLE jobs",
      "ALTER TABLE jobs ADD COLUMN mine int",
      "TRUNCATE jobs",
      "UPDATE fleet_schema SET version = 9",
    ])
      expect(await why(run(worker, statement))).toMatch(/permission denied|must be owner/);
    expect(await why(initialize(worker))).toMatch(/owner/);
  });

  test("have the server's clock, which only a test's session moves", async () => {
    const { owner } = await fresh();
    await using _ = owner;
    await initialize(owner);
    const [{ off }] = await run(
      owner,
      "SELECT abs(easel_now() - extract(epoch FROM clock_timestamp())) < 60 AS off",
    );
    expect(off).toBe(true);
    const [{ moved }] = await owner.durable.begin(async (tx) => {
      await tx`SET LOCAL easel.now = '12.5'`;
      return tx`SELECT easel_now() AS moved`;
    });
    expect(moved).toBe(12.5);
  });

  test("of a newer or an older release are used or refused as their numbers say", async () => {
    const { owner } = await fresh();
    await using _ = owner;
    expect(await why(migrate(owner))).toContain("run easel fleet init");
    await initialize(owner);
    expect(await migrate(owner)).toEqual({ from: schemaVersion, to: schemaVersion });
    await run(owner, "UPDATE fleet_schema SET version = version + 1");
    // a newer schema that still takes this program
    expect(await why(requireSchema(owner))).toBe("nothing");
    expect(await why(migrate(owner))).toContain("use the newest easel");
    await run(owner, `UPDATE fleet_schema SET oldest_node = ${schemaVersion + 1}`);
    expect(await why(requireSchema(owner))).toContain("This easel is too old for the fleet");
    await run(owner, "UPDATE fleet_schema SET version = 0");
    expect(await why(requireSchema(owner))).toContain("run easel fleet init");
  });
});
