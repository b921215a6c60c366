import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { schemaVersion } from "../../../src/fleet/schema.ts";
import { freePorts } from "../../fleet/daemon.ts";
import { connection, fleetDatabase } from "../../fleet/fleet.ts";
import { newerVersion } from "../../fleet/newer-release.ts";
import { queueNode } from "../../fleet/queue-node.ts";
import { hasPostgres } from "../../fleet/servers.ts";
import {
  cleanUp,
  estimate,
  fleetOf,
  jobOf,
  newFolder,
  nodes,
  ready,
  start,
  until,
} from "../../fleet/serving.ts";

// processes start slowly on a busy machine
setDefaultTimeout(120_000);
afterEach(cleanUp);

const root = join(import.meta.dir, "../../..");

/** The program of the next release. */
function newer(args: string[], env: Record<string, string>) {
  const preload = join(root, "test/fleet/newer-release.ts");
  const child = Bun.spawn([process.execPath, "--preload", preload, join(root, "src/main.ts"), ...args], {
    env: { PATH: process.env.PATH!, HOME: newFolder(), ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  return {
    child,
    async ended() {
      const [out, err] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
      ]);
      return { code: await child.exited, text: (out + err).trim() };
    },
  };
}

describe.skipIf(!hasPostgres)("two releases in one fleet", () => {
  test("work side by side: the tables first, then the machines, and the older ones go when they must", async () => {
    const { url, nodeUrl } = await fleetDatabase();
    const shared = newFolder();
    const fleet = fleetOf(nodeUrl, shared);
    const env = {
      EASEL_FLEET_URL: nodeUrl,
      EASEL_FILES_URL: `file://${shared}`,
      EASEL_NODE_NAME: "newer-front",
    };
    const front = await start("front", "api", fleet);
    const worker = await start("mac1", "worker", fleet);
    await ready(front, "mac1");
    const port = freePorts(1);
    const run = ["run", "--fleet-role", "api", "--port", String(port)];

    // a newer program does not begin before its tables are there
    const early = await newer(run, env).ended();
    expect(early.code).toBe(78);
    expect(early.text).toContain(
      `The database has version ${schemaVersion} of easel's tables, this program needs ${schemaVersion + 1}: run easel fleet migrate`,
    );
    const asNode = await newer(["fleet", "migrate"], { ...env }).ended();
    expect([asNode.code === 0, asNode.text]).toEqual([false, expect.stringContaining("owner")]);
    expect((await newer(["fleet", "migrate"], { ...env, EASEL_FLEET_URL: url }).ended()).text).toBe(
      `The tables went from version ${schemaVersion} to ${schemaVersion + 1}.`,
    );

    // the older machines go on, and others of them may still join
    expect((await estimate(front)).status).toBe(200);
    const mac2 = await start("mac2", "worker", fleet);
    await ready(front, "mac1", "mac2");

    // a newer front gives its requests to the older workers
    const next = newer(run, env);
    const address = { url: new URL(`http://127.0.0.1:${port}`) } as typeof front;
    await until(async () => {
      const answer = await fetch(new URL("/ready", address.url)).catch(() => undefined);
      return answer?.status === 200;
    });
    await ready(front, "newer-front");
    const versions = Object.fromEntries((await nodes(front)).map(({ name, version }) => [name, version]));
    expect(versions["newer-front"]).toBe(newerVersion);
    expect(versions.mac1).not.toBe(newerVersion);
    expect((await estimate(address)).status).toBe(200);

    // a request of a kind that only newer machines know waits for one of them
    await using owner = connection(url);
    const unknown = "job_00000000000000000000000000000001";
    await owner.durable.run(
      (sql) => sql`INSERT INTO jobs (seq, place, id, type, params, status, variant, newer)
        SELECT n, n, ${unknown}, 'fake', '{}', 'queued', 'fake/base', 'x' FROM (SELECT nextval('jobs_seq_seq') AS n) AS s`,
    );
    expect((await estimate(address)).status).toBe(200);
    expect((await jobOf(front, unknown)).status).toBe("queued");
    const knows = await queueNode({ connection: owner });
    knows.engine.answer = (call) => call.finish();
    await until(async () => (await jobOf(front, unknown)).status === "succeeded");
    await knows.stop();

    // once they must go, the older machines take nothing more, and no older machine begins
    await owner.durable.run((sql) => sql`UPDATE fleet_schema SET oldest_node = ${schemaVersion + 1}`);
    const takes = async (name: string) => {
      const [row] = await owner.durable.run(
        (sql) =>
          sql`SELECT (state::json ->> 'draining')::boolean AS draining FROM nodes WHERE name = ${name}`,
      );
      return !row.draining;
    };
    await until(async () => !(await takes("mac1")) && !(await takes("mac2")));
    const waits = (await (await estimate(address, { mode: "async" })).json()) as { job_id: string };
    await expect(start("mac3", "worker", fleet)).rejects.toThrow("This easel is too old for the fleet");
    expect((await jobOf(front, waits.job_id)).status).toBe("queued");
    next.child.kill("SIGTERM");
    await next.ended();
    await Promise.all([worker, mac2].map(({ url: at }) => fetch(new URL("/health", at))));
  });
});
