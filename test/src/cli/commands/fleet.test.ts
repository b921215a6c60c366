import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { registerFleet } from "../../../../src/cli/commands/fleet.ts";
import type { CommandContext } from "../../../../src/cli/context.ts";
import { schemaVersion } from "../../../../src/fleet/schema.ts";
import { type LoadOptions, loadSettings } from "../../../../src/settings/load.ts";
import { type Certificates, makeCertificates } from "../../../fleet/certificates.ts";
import { connection, fleetDatabase } from "../../../fleet/fleet.ts";
import type { Postgres } from "../../../fleet/postgres.ts";
import { hasPostgres, ownPostgres, postgres } from "../../../fleet/servers.ts";

// a server starts slowly on a busy machine
setDefaultTimeout(60_000);

const home = mkdtempSync(join(tmpdir(), "easel-fleet-cli-"));

/** What a command prints, or what it throws. */
async function run(url: string, args: string[], env: Record<string, string> = {}) {
  const out: string[] = [];
  const context = {
    loaded: (flags?: LoadOptions["flags"]) =>
      loadSettings({ flags: flags ?? {}, env: { HOME: home, EASEL_FLEET_URL: url, ...env } }),
    out: (text: string) => out.push(text),
    signal: new AbortController().signal,
  } as unknown as CommandContext;
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  registerFleet(program, context);
  try {
    await program.parseAsync(["fleet", ...args], { from: "user" });
    return out.join("\n");
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

describe.skipIf(!hasPostgres)("easel fleet", () => {
  let url: string;
  let nodeUrl: string;
  beforeAll(async () => {
    ({ url, nodeUrl } = await fleetDatabase());
  });
  const insert = async (name: string, state: object, seconds: number) => {
    await using owner = connection(url);
    await owner.durable.run(
      (sql) => sql`INSERT INTO nodes (id, name, role, version, lease_until, state)
        VALUES (${crypto.randomUUID()}::uuid, ${name}, 'worker', '1.0.0', easel_now() + ${seconds}::float8, ${JSON.stringify(state)})`,
    );
  };

  test("init makes the tables, and says so when they are there", async () => {
    const empty = await (await postgres()).database();
    expect(await run(empty.url, ["status"])).toContain("run easel fleet init");
    expect(await run(empty.url, ["migrate"])).toContain("run easel fleet init");
    expect(await run(empty.url, ["init"])).toBe(
      `The database has easel's tables now (version ${schemaVersion}). Machines connect as easel_node.`,
    );
    expect(await run(empty.url, ["init"])).toContain(`already (version ${schemaVersion})`);
    expect(await run(empty.url, ["migrate"])).toBe(`The tables are at version ${schemaVersion}.`);
    expect(await run(empty.url, ["status"])).toContain("No machine is in the fleet");
  });

  test("status shows machines, models, jobs, and workers that would make different pictures", async () => {
    await insert(
      "mac1",
      {
        variants: { "qwen/image": "a" },
        budget: 64 * 2 ** 30,
        device: "gpu",
        ready: true,
        running: ["job_7"],
      },
      60,
    );
    await insert("mac2", { variants: { "qwen/image": "b" }, ready: false }, 60);
    await insert("gone", {}, -100);
    const text = await run(nodeUrl, ["status"]);
    expect(text).toMatch(/^Machine +Role +State +Version +Device +Budget +Models +Running$/m);
    expect(text).toMatch(/^mac1 +worker +ready +1\.0\.0 +gpu +64 GB +qwen\/image +job_7$/m);
    expect(text).toMatch(/^mac2 +worker +starting/m);
    expect(text).toMatch(/^gone +worker +lost for 1\d\d s/m);
    expect(text).toContain("Jobs: 0 waiting, 0 running");
    expect(text).toContain("Warning: mac1 and mac2 have different weights of qwen/image");
    expect(JSON.parse(await run(nodeUrl, ["status", "--json"]))).toMatchObject({
      queued: 0,
      nodes: [{ name: "gone" }, {}, {}],
    });
  });

  test("drain names an unknown machine, and waits until a known one is idle", async () => {
    expect(await run(nodeUrl, ["drain", "mac9"])).toMatch(
      /^CommandError: No machine named mac9 is in the fleet\. There are: /,
    );
    await insert("mac3", { running: ["job_1"] }, 600);
    expect(await run(nodeUrl, ["drain", "mac3", "--no-wait"])).toBe("mac3 takes no more jobs.");
    expect(await run(nodeUrl, ["status"])).toMatch(/^mac3 +worker +draining/m);
    const waiting = run(nodeUrl, ["drain", "mac3"]);
    await using node = connection(nodeUrl);
    await node.durable.run(
      (sql) => sql`UPDATE nodes SET state = '{"draining": true, "running": []}' WHERE name = 'mac3'`,
    );
    expect(await waiting).toBe("mac3 is idle and takes no more jobs.");
    expect(await run(nodeUrl, ["drain", "mac3", "--undo"])).toBe("mac3 takes jobs again.");
  });
});

describe.skipIf(!hasPostgres)("a database that cannot be used is named in a sentence", () => {
  let server: Postgres;
  let files: Certificates;
  beforeAll(async () => {
    files = makeCertificates();
    server = await ownPostgres({
      tls: files.server,
      access: [
        "host all easel 127.0.0.1/32 trust",
        "host all easel ::1/128 trust",
        "host all easel_node all scram-sha-256",
      ],
    });
    await using owner = connection(server.url("postgres"));
    await owner.durable.run((sql) => sql.unsafe("CREATE ROLE easel_node LOGIN PASSWORD 'right'"));
  });
  const at = (path: string, host = "127.0.0.1") =>
    `postgres://${path.replace("@", `@${host}:${server.port}`)}`;
  const secure = (more: Record<string, string> = {}) => ({ EASEL_FLEET_CA_FILE: files.ca, ...more });
  const verified = "easel@/postgres?sslmode=verify-full";

  test("when its name, port, user, password or database is wrong", async () => {
    expect(await run("", ["status"])).toContain("SetupError: fleet_url is not set");
    expect(await run(at("easel_node:wrong-pass@/postgres"), ["status"])).toMatch(
      /^SetupError: The database server at 127\.0\.0\.1:\d+ refused the password of easel_node: check it in fleet_url/,
    );
    expect(
      await run(at("easel_node@/postgres"), ["status"], { EASEL_FLEET_PASSWORD_FILE: join(home, "none") }),
    ).toContain("none cannot be read (ENOENT)");
    expect(await run(at("stranger@/postgres"), ["status"])).toContain(
      "does not let stranger into postgres from here",
    );
    expect(await run(at("easel@/elsewhere"), ["status"])).toContain("has no database elsewhere");
    expect(await run("postgres://easel@127.0.0.1:1/easel", ["status"])).toBe(
      "SetupError: The database easel at 127.0.0.1:1 does not answer",
    );
    expect(await run("postgres://easel@no-such-host.invalid/easel", ["status"])).toContain(
      "the host no-such-host.invalid, which has no address",
    );
    const file = join(home, "password");
    writeFileSync(file, "right\n");
    expect(await run(at("easel_node@/postgres"), ["status"], { EASEL_FLEET_PASSWORD_FILE: file })).toContain(
      "run easel fleet init",
    );
  });

  test("when its certificate is by another CA or for another name, or there is none", async () => {
    expect(await run(at(verified, "localhost"), ["status"], secure())).toContain("run easel fleet init");
    expect(await run(at(verified, "localhost"), ["status"])).toContain("that no known CA signed");
    expect(
      await run(at(verified, "localhost"), ["status"], { EASEL_FLEET_CA_FILE: files.otherCa }),
    ).toContain("that no known CA signed");
    expect(await run(at(verified), ["status"], secure())).toContain("a certificate for another name");
    const plain = await postgres();
    expect(await run(`${plain.url("postgres")}?sslmode=verify-full`, ["status"], secure())).toContain(
      "does not speak TLS",
    );
    const file = join(home, "no.pem");
    writeFileSync(file, "no certificate");
    expect(await run(at(verified, "localhost"), ["status"], { EASEL_FLEET_CA_FILE: file })).toContain(
      "fleet_ca_file holds no certificate",
    );
  });
});
