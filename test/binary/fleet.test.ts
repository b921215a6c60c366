import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Job } from "../../src/jobs/job.ts";
import { type FleetDatabase, fleetDatabase } from "../fleet/fleet.ts";
import { hasPostgres, hasS3, s3 } from "../fleet/servers.ts";
import { enlarge, upload } from "./noise.ts";
import { emulated, type Place, place, ran, type Server, started } from "./server.ts";

// three servers and a database start slowly on a busy machine
setDefaultTimeout(300_000);

let here: Place;
beforeEach(() => {
  here = place();
});
afterEach(() => here[Symbol.dispose]());

interface Node {
  name: string;
  state: string;
  running: string[];
  models: string[];
}

const nodes = async (server: Server) =>
  ((await (await server.get("/health")).json()) as { nodes: Node[] }).nodes;
const jobs = async (server: Server) =>
  ((await (await server.get("/v1/jobs")).json()) as { data: Job[] }).data;
const until = async (holds: () => Promise<boolean>) => {
  while (!(await holds())) await Bun.sleep(100);
};

/** Variables of one machine of a fleet; each has a home of its own. */
function machine(name: string, role: string, fleet: Record<string, string>) {
  const home = join(here.folder, name);
  mkdirSync(home, { recursive: true });
  return {
    HOME: home,
    EASEL_NODE_NAME: name,
    EASEL_FLEET_ROLE: role,
    EASEL_FLEET_LEASE_S: "10",
    ...fleet,
  };
}

/** Serves a client with one API machine and two workers, of which one is killed while it runs a job. */
async function serveWhileOneIsKilled(fleet: Record<string, string>): Promise<void> {
  const frontEnv = machine("front", "api", fleet);
  await using front = await started(here, frontEnv);
  const workers = await Promise.all(
    ["mac1", "mac2"].map(async (name) => ({
      name,
      server: await started(here, machine(name, "worker", fleet)),
    })),
  );
  try {
    await until(async () => (await nodes(front)).filter(({ state }) => state === "ready").length === 3);
    const file = await upload(front, 512);
    const submitted = await Promise.all(Array.from({ length: 12 }, () => enlarge(front, file)));
    expect(submitted.map(({ status }) => status)).toEqual(Array(12).fill(202));
    // whichever has a job when it is looked at
    let busy: Node | undefined;
    await until(async () => {
      busy = (await nodes(front)).find(({ name, running }) => name !== "front" && running.length > 0);
      return busy !== undefined || (await jobs(front)).every(({ status }) => status === "succeeded");
    });
    const victim = workers.find(({ name }) => name === (busy?.name ?? "mac1"))!;
    await victim.server.stop("SIGKILL");
    await until(async () =>
      (await jobs(front)).every(({ status }) => !["queued", "running"].includes(status)),
    );
    const done = await jobs(front);
    expect(done.map(({ status }) => status)).toEqual(Array(12).fill("succeeded"));
    for (const { artifacts } of done.slice(0, 2))
      expect((await front.get(`/v1/files/${artifacts[0]}/download`)).status).toBe(200);
    await until(async () =>
      (await nodes(front)).some(({ name, state }) => name === victim.name && state === "lost"),
    );
    const status = await ran(here, ["fleet", "status"], frontEnv);
    expect([status.code, status.out]).toEqual([0, expect.stringMatching(/^front +api +ready/m)]);
    // an API machine needs nothing of MLX
    const unpacked = join(frontEnv.HOME, ".cache/easel");
    const names = existsSync(unpacked) ? (readdirSync(unpacked, { recursive: true }) as string[]) : [];
    expect(names.filter((name) => /mlx|libeasel/.test(name))).toEqual([]);
  } finally {
    for (const { server } of workers) await server[Symbol.asyncDispose]();
  }
}

describe.skipIf(!hasPostgres || emulated)("a fleet of one API machine and two workers", () => {
  let database: FleetDatabase;
  beforeEach(async () => {
    database = await fleetDatabase();
  });

  test("serves its clients over a shared folder while a worker is killed", async () => {
    const shared = join(here.folder, "shared");
    mkdirSync(shared);
    await serveWhileOneIsKilled({ EASEL_FLEET_URL: database.nodeUrl, EASEL_FILES_URL: `file://${shared}` });
  });

  test.skipIf(!hasS3)("serves its clients over a bucket while a worker is killed", async () => {
    const { endpoint, bucket, accessKey, secretKey } = await s3();
    await serveWhileOneIsKilled({
      EASEL_FLEET_URL: database.nodeUrl,
      EASEL_FILES_URL: `s3://${bucket}/${crypto.randomUUID()}`,
      EASEL_S3_ENDPOINT: endpoint,
      AWS_ACCESS_KEY_ID: accessKey,
      AWS_SECRET_ACCESS_KEY: secretKey,
    });
  });

  test("ends the start with one sentence and 78 when it is set up wrong", async () => {
    const wrong = async (env: Record<string, string>, args: string[] = []) => {
      const { code, err } = await ran(here, ["run", "--port", "0", ...args], {
        ...machine("front", "api", {}),
        ...env,
      });
      return [code, err.trim()] as const;
    };
    const fleet = { EASEL_FLEET_URL: database.nodeUrl, EASEL_FILES_URL: `file://${here.folder}` };
    const [code, text] = await wrong({ ...fleet, EASEL_FLEET_URL: `${database.nodeUrl}x` });
    expect([code, text]).toEqual([
      78,
      expect.stringMatching(/^Error: The database server at .* has no database [^\n]*$/),
    ]);
    expect(await wrong({ ...fleet, EASEL_FILES_URL: "" })).toEqual([
      78,
      expect.stringContaining("files_url is not set"),
    ]);
    expect(await wrong({}, [])).toEqual([
      2,
      expect.stringContaining("fleet_role is api, but there is no fleet"),
    ]);
    expect(await wrong(fleet, ["--fleet", "postgres://easel:secret-word@127.0.0.1/easel"])).toEqual([
      2,
      expect.not.stringContaining("secret-word"),
    ]);
  });
});
