import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import type { Ended } from "../../../../src/check/doctor/engine.ts";
import { registerDoctor } from "../../../../src/cli/commands/doctor.ts";
import { type CommandContext, CommandError } from "../../../../src/cli/context.ts";
import type { Process } from "../../../../src/cli/process.ts";
import { loadSettings } from "../../../../src/settings/load.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "easel-doctor-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const well: Ended = {
  stdout: JSON.stringify({ device: "a device", kind: "cpu", mlx: "0", kernels: "x", results: [] }),
  stderr: "",
  code: 0,
  signal: null,
  timedOut: false,
};

/** Runs the command as on a Mac, with an engine that ends like this. */
async function doctor(
  args: string[],
  { ended = well, env = {} as Record<string, string>, marked = false } = {},
) {
  const program = new Command().exitOverride();
  const printed: string[] = [];
  const started: string[][] = [];
  const variables = { HOME: home, EASEL_PORT: "1", ...env };
  const context = {
    env: variables,
    loaded: () => loadSettings({ env: variables }),
    out: (text: string) => void printed.push(text),
  } as unknown as CommandContext;
  registerDoctor(program, context, {} as Process, {
    platform: "darwin",
    kernel: "24.6.0",
    ask: async ([name]) => ({
      ok: name !== "xattr" || marked,
      text: name === "xattr" ? "0081;1;Safari;2" : "",
    }),
    again: async (words) => {
      started.push([...words]);
      return ended;
    },
  });
  const error = await program.parseAsync(["doctor", ...args], { from: "user" }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { text: printed.join("\n"), error, started };
}

test("easel doctor prints every section, and the engine runs once in a process of its own", async () => {
  const { text, error, started } = await doctor([]);
  for (const section of [
    "System",
    "Binary",
    "Settings",
    "Native parts",
    "Device",
    "Kernels",
    "Disk",
    "Server",
    "Log",
  ])
    expect(text).toMatch(new RegExp(`^${section}$`, "m"));
  expect(started).toEqual([["doctor", "--engine-part"]]);
  expect(text).toEndWith("Nothing is wrong.");
  expect(error).toBeUndefined();
});

test("easel doctor --json holds the same, without the home directory, secrets or private names", async () => {
  const config = join(home, "settings.yaml");
  writeFileSync(config, "allowed_url_hosts: [nas.annas-house.lan]\n", { mode: 0o600 });
  mkdirSync(join(home, "data/logs"), { recursive: true });
  writeFileSync(join(home, "data/logs/server.log"), `2026 INFO loaded ${home}/models/x\n`);
  const { text, started } = await doctor(["--json"], {
    env: { EASEL_CONFIG: config, EASEL_AUTH_TOKEN: "very-secret-word", EASEL_DATA_DIR: join(home, "data") },
  });
  const report = JSON.parse(text);
  expect(report).toMatchObject({ ok: true, faults: [] });
  expect(report.sections.Settings.auth_token).toBe('"(set)" from EASEL_AUTH_TOKEN');
  expect(report.sections.Settings.allowed_url_hosts).toBe("(set) from ~/settings.yaml:1");
  expect(report.sections.Log["last lines"]).toEqual(["2026 INFO loaded ~/models/x"]);
  for (const word of [home, "very-secret-word", "annas-house"]) expect(text).not.toContain(word);
  expect(started[0]!.slice(0, 2)).toEqual(["--config", config]);
});

test("easel doctor ends with 1 and a count when something is wrong, and still prints the page", async () => {
  const crashed = {
    ...well,
    stdout: "",
    code: null,
    signal: "SIGTRAP",
    stderr: "Ran out of executable memory",
  };
  const { text, error } = await doctor([], { ended: crashed, marked: true });
  expect(error).toBeInstanceOf(CommandError);
  expect((error as CommandError).message).toBe("2 things are wrong");
  expect((error as CommandError).exitCode).toBe(1);
  expect(text).toContain("ended by SIGTRAP: Ran out of executable memory");
  expect(text).toContain("xattr -d com.apple.quarantine");
});

test("easel doctor tells settings that cannot be read, and what it knows without them", async () => {
  const { text, error, started } = await doctor([], { env: { EASEL_PORT: "many" } });
  expect(text).toContain("EASEL_PORT");
  expect(text).toMatch(/^System$/m);
  expect(started).toEqual([]);
  expect((error as Error).message).toBe("1 thing is wrong");
});
