import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { defaultSettings } from "../../../src/settings/load.ts";
import type { Settings } from "../../../src/settings/settings.ts";
import { connection, fleetDatabase } from "../../fleet/fleet.ts";
import { hasPostgres } from "../../fleet/servers.ts";
import {
  cleanUp,
  estimate,
  fleetOf,
  get,
  jobOf,
  newFolder,
  ready,
  start,
  until,
} from "../../fleet/serving.ts";

// processes start slowly on a busy machine
setDefaultTimeout(120_000);
afterEach(cleanUp);

/** A worker in a process of its own, whose clock is off by so many seconds. */
async function offBy(seconds: number, name: string, more: Partial<Settings>) {
  const data_dir = newFolder();
  const settings = defaultSettings({
    port: 0,
    data_dir,
    cache_dir: join(data_dir, "cache"),
    model_paths: { "depthpro/base": data_dir },
    node_name: name,
    ...more,
    log_level: "info",
  });
  const script = join(import.meta.dir, "../../fleet/serving-node.ts");
  const child = Bun.spawn([process.execPath, script, JSON.stringify(settings), String(seconds)], {
    stdout: "pipe",
    stderr: "pipe",
  });
  let text = "";
  for await (const chunk of child.stdout) {
    text += new TextDecoder().decode(chunk);
    if (text.endsWith("\n")) break;
  }
  return {
    get: (path: string) => fetch(new URL(path, text.trim())),
    url: new URL(text.trim()),
    /** Ends it, and gives what it logged. */
    async stop() {
      child.kill("SIGKILL");
      await child.exited;
      return new Response(child.stderr).text();
    },
  };
}

describe.skipIf(!hasPostgres)("a machine whose clock is wrong", () => {
  test.each([400, -400])("by %d s takes no jobs, and says so in /ready", async (seconds) => {
    const { nodeUrl } = await fleetDatabase();
    await using database = connection(nodeUrl);
    const fleet = fleetOf(nodeUrl);
    const front = await start("front", "api", fleet);
    const wrong = await offBy(seconds, "wrong", fleet);
    const lease = async () => {
      const [row] = await database.durable.run(
        (sql) => sql<{ until: number }[]>`SELECT lease_until AS until FROM nodes WHERE name = 'wrong'`,
      );
      return row!.until;
    };
    // the front takes requests once it knows that the machine has the model
    let submitted = await estimate(front, { mode: "async" });
    while (submitted.status !== 202) submitted = await estimate(front, { mode: "async" });
    const { job_id: id } = (await submitted.json()) as { job_id: string };
    // it beats on, and looks for work meanwhile
    for (let beats = 0; beats < 3; beats++) {
      const before = await lease();
      await until(async () => (await lease()) > before);
    }
    expect((await jobOf(front, id)).status).toBe("queued");
    const answer = await wrong.get("/ready");
    expect([answer.status, ((await answer.json()) as { reason: string }).reason]).toEqual([
      503,
      "the clock of this machine differs from the database server's by more than five minutes: set both by NTP",
    ]);
    expect(await (await wrong.get("/health")).json()).toMatchObject({ store: "here" });
    await start("right", "worker", fleet);
    await until(async () => (await jobOf(front, id)).status === "succeeded");
    const [ran] = await database.durable.run(
      (sql) => sql`SELECT name FROM jobs JOIN nodes ON nodes.id = jobs.node WHERE jobs.id = ${id}`,
    );
    expect(ran.name).toBe("right");
    const log = await wrong.stop();
    expect(log.split("the clock of this machine differs")).toHaveLength(2);
  });

  test.each([100, -100])("by %d s does its work, and no time of a job comes from it", async (seconds) => {
    const { nodeUrl } = await fleetDatabase();
    const fleet = fleetOf(nodeUrl);
    const front = await start("front", "api", fleet);
    const wrong = await offBy(seconds, "wrong", fleet);
    await ready(front, "wrong");
    const before = Date.now() / 1000;
    const submitted = await estimate(front, { mode: "async" });
    const { job_id: id } = (await submitted.json()) as { job_id: string };
    await until(async () => (await jobOf(front, id)).status === "succeeded");
    const job = await jobOf(front, id);
    const times = [before - 1, job.created_at, job.started_at!, job.finished_at!, Date.now() / 1000 + 1];
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    const file = await get(front, `/v1/files/${job.artifacts[0]}`);
    const { created_at } = (await file.json()) as { created_at: number };
    expect(Math.abs(created_at - job.finished_at!)).toBeLessThan(Math.abs(seconds) / 2);
    const log = await wrong.stop();
    expect(log.split("the clock of this machine differs")).toHaveLength(2);
  });
});
