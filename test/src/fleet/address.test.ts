import { describe, expect, test } from "bun:test";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addressOf, type FleetSettings } from "../../../src/fleet/address.ts";
import { SetupError } from "../../../src/fleet/errors.ts";
import { defaultSettings, loadSettings } from "../../../src/settings/load.ts";

const folder = mkdtempSync(join(tmpdir(), "easel-address-"));
const given = (fleet_url: string, more: Partial<FleetSettings> = {}, env: Record<string, string> = {}) => {
  const address = addressOf(defaultSettings({ fleet_url, ...more }), env);
  return { ...address, ...address.hosts[0] };
};
const refusal = (fleet_url: string, more: Partial<FleetSettings> = {}) => {
  try {
    given(fleet_url, more);
  } catch (error) {
    expect(error).toBeInstanceOf(SetupError);
    return (error as Error).message;
  }
  throw new Error("it was taken");
};
const remote = "postgres://easel_node:p%40ss@db.example/easel";

describe("the wire to the database", () => {
  test("of another machine is verified TLS, whether or not the URL says so", () => {
    const verified = { rejectUnauthorized: true, serverName: "db.example" };
    expect(given(remote).tls).toEqual(verified);
    expect(given(`${remote}?sslmode=verify-full`).tls).toEqual(verified);
  });

  test("of another machine is refused in plain text and with modes that check nobody", () => {
    for (const mode of ["disable", "allow", "prefer", "require", "verify-ca"]) {
      const message = refusal(`${remote}?sslmode=${mode}`);
      expect(message).toContain(`sslmode=${mode}`);
      expect(message).not.toContain("p@ss");
    }
    expect(refusal(`${remote}?sslmode=none`)).toContain("unknown sslmode");
  });

  test("on this machine may be plain text", () => {
    for (const host of ["127.0.0.1", "localhost", "[::1]"])
      expect(given(`postgres://easel@${host}/easel`).tls).toBeUndefined();
    expect(given("postgres://easel@localhost/easel?sslmode=verify-full").tls).toBeDefined();
  });

  test("trusts the CA that fleet_ca_file holds", () => {
    const file = join(folder, "ca.pem");
    writeFileSync(file, "the CA");
    expect(given(remote, { fleet_ca_file: file }).tls?.ca).toBe("the CA");
    expect(refusal(remote, { fleet_ca_file: join(folder, "none") })).toContain("ENOENT");
  });

  test("is weaker only where allow_insecure_fleet says so", () => {
    const insecure = { allow_insecure_fleet: true };
    expect(given(remote, insecure).tls).toBeUndefined();
    expect(given(`${remote}?sslmode=require`, insecure).tls?.rejectUnauthorized).toBe(false);
    expect(given(`${remote}?sslmode=verify-full`, insecure).tls?.rejectUnauthorized).toBe(true);
  });
});

describe("the password", () => {
  test("stands in the URL, in a file, or in PGPASSWORD", () => {
    const file = join(folder, "password");
    writeFileSync(file, "from the file\n");
    const bare = "postgres://easel_node@db.example/easel";
    expect(given(remote).password).toBe("p@ss");
    expect(given(bare, { fleet_password_file: file }, { PGPASSWORD: "other" }).password).toBe(
      "from the file",
    );
    expect(given(bare, {}, { PGPASSWORD: "from the environment" }).password).toBe("from the environment");
    expect(given(bare).password).toBe("");
  });

  test("may not stand on the command line, where others can read it", () => {
    const load = (url: string) => loadSettings({ flags: { fleet_url: url }, env: { HOME: folder } });
    expect(() => load(remote)).toThrow(
      /^--fleet-url: a password on the command line can be read by every user/,
    );
    expect(() => load(remote)).not.toThrow(/p%40ss/);
    expect(load("postgres://easel_node@db.example/easel").settings.fleet_url).not.toBeNull();
    expect(loadSettings({ env: { HOME: folder, EASEL_FLEET_URL: remote } }).settings.fleet_url).toBe(remote);
  });
});

test("a server and its standby stand in one URL, each with its name in the certificate", () => {
  const several = "postgres://easel_node:p%40ss@db1.example,db2.example:5433,[fd00::2]:5434/easel";
  const { hosts, ...login } = addressOf(defaultSettings({ fleet_url: several }), {});
  expect(login).toEqual({ username: "easel_node", password: "p@ss", database: "easel" });
  expect(hosts.map(({ hostname, port, tls }) => [hostname, port, tls?.serverName])).toEqual([
    ["db1.example", 5432, "db1.example"],
    ["db2.example", 5433, "db2.example"],
    ["fd00::2", 5434, "fd00::2"],
  ]);
  expect(() => loadSettings({ flags: { fleet_url: several }, env: { HOME: folder } })).toThrow(
    /^--fleet-url: a password on the command line/,
  );
});

test("a URL that names no user, no database or a server wrongly is refused with an example", () => {
  for (const url of [
    "postgres://db.example/easel",
    "postgres://easel_node@db.example",
    "postgres://a:1,b:2/easel",
    "postgres://easel_node@a,/easel",
    "postgres://easel_node@a:port,b/easel",
    "mysql://a@b/c",
    "postgres://%zz@db.example/easel",
  ])
    expect(refusal(url)).toStartWith("fleet_url");
  expect(refusal(`${remote}?sslrootcert=x`)).toContain("fleet_ca_file");
});

test("keys of the bucket are read from Amazon's variables, and ours win", () => {
  const { settings } = loadSettings({
    env: {
      HOME: folder,
      AWS_ACCESS_KEY_ID: "theirs",
      AWS_SECRET_ACCESS_KEY: "s",
      EASEL_S3_ACCESS_KEY: "ours",
    },
  });
  expect([settings.s3_access_key, settings.s3_secret_key]).toEqual(["ours", "s"]);
});
