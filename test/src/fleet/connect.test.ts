import { beforeAll, describe, expect, setDefaultTimeout, spyOn, test } from "bun:test";
import { addressOf } from "../../../src/fleet/address.ts";
import { connect } from "../../../src/fleet/connect.ts";
import { defaultSettings } from "../../../src/settings/load.ts";
import type { Postgres } from "../../fleet/postgres.ts";
import { hasPostgres, ownPostgres } from "../../fleet/servers.ts";
import { silentProxy } from "../../fleet/silence.ts";

// a server starts slowly on a busy machine
setDefaultTimeout(60_000);

const to = (fleet_url: string) => addressOf(defaultSettings({ fleet_url }), {});
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "answered",
    (error) => error.code,
  );
const heard = async (times: readonly unknown[], count: number) => {
  while (times.length < count) await Bun.sleep(20);
};

describe.skipIf(!hasPostgres)("a connection to the database", () => {
  let server: Postgres;
  beforeAll(async () => {
    server = await ownPostgres();
  });
  const url = () => server.url("postgres");
  const through = (port: number) => url().replace(String(server.port), String(port));

  test("gives up a call into a silent network, and works again at once when it is over", async () => {
    using proxy = await silentProxy(server.port);
    await using connection = connect(to(through(proxy.port)), { deadline: 500 });
    const { durable, lazy } = connection;
    await Promise.all([durable.run((sql) => sql`SELECT 1`), lazy.run((sql) => sql`SELECT 1`)]);
    proxy.silent = true;
    const calls = Array.from({ length: 5 }, () => codeOf(durable.run((sql) => sql`SELECT 1`)));
    calls.push(codeOf(lazy.run((sql) => sql`SELECT 1`)));
    calls.push(codeOf(durable.begin((tx) => tx`SELECT 1`)));
    expect(new Set(await Promise.all(calls))).toEqual(new Set(["store_unavailable"]));
    proxy.silent = false;
    expect([...(await durable.run((sql) => sql`SELECT 1 AS one`))]).toEqual([{ one: 1 }]);
    expect([...(await lazy.run((sql) => sql`SELECT 2 AS two`))]).toEqual([{ two: 2 }]);
  });

  test("hears notifications again after a silence, and is told that it may have missed some", async () => {
    using proxy = await silentProxy(server.port);
    await using near = connect(to(url()));
    await using far = connect(to(through(proxy.port)), { deadline: 500 });
    const payloads: string[] = [];
    const missed: number[] = [];
    await far.listen(
      "easel_work",
      (text) => payloads.push(text),
      () => missed.push(missed.length),
    );
    await heard(missed, 1);
    proxy.silent = true;
    expect(await codeOf(far.lazy.run((sql) => sql`SELECT 1`))).toBe("store_unavailable");
    proxy.silent = false;
    await heard(missed, 2);
    await near.lazy.run((sql) => sql`SELECT pg_notify('easel_work', 'again')`);
    await heard(payloads, 1);
    expect(payloads).toEqual(["again"]);
  });

  test("hears notifications again when the server is back, and writes nothing to standard error by itself", async () => {
    const own = await ownPostgres();
    await using connection = connect(to(own.url("postgres")));
    const written = spyOn(console, "warn").mockImplementation(() => {});
    const payloads: string[] = [];
    const missed: string[] = [];
    for (const channel of ["easel_work", "easel_ended"])
      await connection.listen(
        channel,
        (text) => payloads.push(text),
        () => missed.push(channel),
      );
    await own.stop();
    // longer than Bun waits before an attempt of its own
    await Bun.sleep(1500);
    await own.start();
    await heard(missed, 4);
    expect(missed.slice(2).toSorted()).toEqual(["easel_ended", "easel_work"]);
    let answer = "";
    while (answer !== "answered")
      answer = await codeOf(connection.lazy.run((sql) => sql`SELECT pg_notify('easel_work', 'back')`));
    await heard(payloads, 1);
    expect(payloads).toEqual(["back"]);
    expect(written.mock.calls).toEqual([]);
    written.mockRestore();
    await own.stop();
  });

  test("that stops listening hears no more", async () => {
    await using connection = connect(to(url()));
    const payloads: string[] = [];
    const stop = await connection.listen("easel_work", (text) => payloads.push(`stopped ${text}`));
    await connection.listen("easel_work", (text) => payloads.push(text));
    await stop();
    await connection.lazy.run((sql) => sql`SELECT pg_notify('easel_work', 'one')`);
    await heard(payloads, 1);
    expect(payloads).toEqual(["one"]);
  });

  test("refuses while the server is down, and works after its restart", async () => {
    await using connection = connect(to(url()));
    await connection.durable.run((sql) => sql`SELECT 1`);
    await server.stop();
    expect(await codeOf(connection.durable.run((sql) => sql`SELECT 1`))).toBe("store_unavailable");
    await server.start();
    // the first call may find the connection that broke
    let answer = "";
    while (answer !== "answered") answer = await codeOf(connection.durable.run((sql) => sql`SELECT 1`));
    expect(answer).toBe("answered");
  });

  test("keeps its rows locked for seconds only when it goes away inside a transaction", async () => {
    await using near = connect(to(url()));
    await near.durable.run((sql) => sql`CREATE TABLE IF NOT EXISTS things AS SELECT 1 AS id`);
    const [{ idle, lock }] = await near.durable.run(
      (sql) =>
        sql`SELECT current_setting('idle_in_transaction_session_timeout') AS idle, current_setting('lock_timeout') AS lock`,
    );
    expect([idle, lock]).toEqual(["5s", "3s"]);
    using proxy = await silentProxy(server.port);
    await using far = connect(to(through(proxy.port)), { deadline: 500 });
    const cut = far.durable.begin(async (tx) => {
      await tx`UPDATE things SET id = id + 1`;
      proxy.silent = true;
      await tx`UPDATE things SET id = id + 1`;
    });
    expect(await codeOf(cut)).toBe("store_unavailable");
    let free = false;
    while (!free) {
      const rows = await near.durable.run((sql) => sql`SELECT id FROM things FOR UPDATE SKIP LOCKED`);
      free = rows.length === 1;
      expect([...rows].every(({ id }) => id === 1)).toBe(true);
      await Bun.sleep(100);
    }
  });

  test("tries a transaction again that the server undid for another", async () => {
    await using connection = connect(to(url()));
    await connection.durable.run(
      (sql) => sql`CREATE TABLE pair AS SELECT id, 0 AS n FROM generate_series(1, 2) AS id`,
    );
    const both = (first: number, second: number) =>
      connection.durable.begin(async (tx) => {
        await tx`UPDATE pair SET n = n + 1 WHERE id = ${first}`;
        await Bun.sleep(50);
        await tx`UPDATE pair SET n = n + 1 WHERE id = ${second}`;
      });
    await Promise.all([both(1, 2), both(2, 1)]);
    expect([...(await connection.durable.run((sql) => sql`SELECT n FROM pair`))]).toEqual([
      { n: 2 },
      { n: 2 },
    ]);
  });
});
