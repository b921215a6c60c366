import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { type Ask, registerService } from "../../../../src/cli/commands/service.ts";
import { carriedEnvironment, launchAgent, systemdUnit } from "../../../../src/cli/commands/service-files.ts";
import type { CommandContext, CommandError } from "../../../../src/cli/context.ts";
import { rotatingLog } from "../../../../src/cli/output/log-file.ts";
import type { Settings } from "../../../../src/settings/settings.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "easel-service-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const plan = {
  executable: "/opt/easel & co/easel",
  args: ["run"],
  environment: { EASEL_AUTH_TOKEN: 'a"b%c$d<e' },
  stopSeconds: 90,
};

test("carriedEnvironment() keeps what changes the server and nothing of the shell", () => {
  const env = {
    EASEL_PORT: "1",
    HF_HOME: "/m",
    XDG_DATA_HOME: "/d",
    PATH: "/bin",
    AWS_SECRET: "x",
    EASEL_X: undefined,
  };
  expect(carriedEnvironment(env)).toEqual({ EASEL_PORT: "1", HF_HOME: "/m", XDG_DATA_HOME: "/d" });
});

test("launchAgent() escapes what XML gives a meaning", () => {
  const text = launchAgent(plan);
  expect(text).toContain("<string>/opt/easel &amp; co/easel</string>");
  expect(text).toContain("<string>dev.easel.server</string>");
  expect(launchAgent({ ...plan, label: "org.example.easel" })).toContain(
    "<string>org.example.easel</string>",
  );
  expect(text).toContain('<string>a"b%c$d&lt;e</string>');
  expect(text).toMatch(/<key>ExitTimeOut<\/key>\s*<integer>90<\/integer>/);
});

test("systemdUnit() escapes what systemd gives a meaning", () => {
  const text = systemdUnit(plan);
  expect(text).toContain('ExecStart="/opt/easel & co/easel" "run"');
  expect(text).toContain('Environment="EASEL_AUTH_TOKEN=a\\"b%%c$d<e"');
  expect(systemdUnit({ ...plan, executable: "/opt/$HOME/easel" })).toContain('ExecStart="/opt/$$HOME/easel"');
});

describe("easel service on Linux", () => {
  const calls: string[] = [];
  const state = { active: false };
  const ask: Ask = (command) => {
    calls.push(command.join(" "));
    if (command.includes("is-active")) return { ok: state.active, text: "" };
    if (command.includes("start")) state.active = true;
    if (command.includes("stop")) state.active = false;
    return { ok: true, text: "" };
  };
  async function run(...args: string[]) {
    const out: string[] = [];
    const context = {
      capabilities: [],
      settings: () => ({ host: "127.0.0.1", port: 9, data_dir: folder, shutdown_grace_s: 45.5 }) as Settings,
      env: { HOME: folder, EASEL_AUTH_TOKEN: "secret" },
      out: (text: string) => out.push(text),
      err: () => {},
      interactive: false,
    } as unknown as CommandContext;
    const program = new Command().exitOverride();
    registerService(program, context, ask, "linux", "/usr/bin/easel");
    const error = await program.parseAsync(["service", ...args], { from: "user" }).then(
      () => undefined,
      (error: unknown) => error as CommandError,
    );
    return { out: out.join("\n"), error };
  }
  const file = () => join(folder, ".config/systemd/user/easel.service");

  test("goes through its life: install, start, stop, uninstall", async () => {
    state.active = false;
    expect((await run("start")).error?.message).toBe("Service is not installed: easel.service");
    expect((await run("install")).out).toBe("Installed easel.service");
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    const text = readFileSync(file(), "utf8");
    expect(text).toContain('ExecStart="/usr/bin/easel" "run" "--log-file"');
    expect(text).toContain("\nTimeoutStopSec=76\n");
    expect((await run("install")).error?.message).toBe("Service is already installed: easel.service");
    expect((await run("stop")).error?.message).toBe("Service is already stopped: easel.service");
    expect((await run("start")).out).toBe("Started easel.service");
    expect((await run("uninstall")).error?.message).toBe("Service is running. Stop it before uninstalling.");
    expect((await run("stop")).out).toBe("Stopped easel.service");
    expect((await run("uninstall")).error).toBeUndefined();
    expect(existsSync(file())).toBe(false);
    expect(calls).toContain("systemctl --user enable easel.service");
  });

  test("tells installed, loaded and health", async () => {
    const { out } = await run("status", "--json");
    expect(JSON.parse(out)).toMatchObject({ installed: false, loaded: false, health: "no answer" });
  });
});

test("rotatingLog() keeps the newest lines in a bounded number of files", () => {
  const path = join(folder, "logs/server.log");
  const log = rotatingLog(path, 100, 3);
  for (let i = 0; i < 100; i++) log(`${`line ${i}`.padEnd(19, ".")}\n`);
  expect(readFileSync(path, "utf8")).toContain("line 99");
  expect(existsSync(`${path}.2`)).toBe(true);
  expect(existsSync(`${path}.3`)).toBe(false);
  for (const name of [path, `${path}.1`, `${path}.2`]) expect(statSync(name).size).toBeLessThanOrEqual(100);
});

test("easel service on a Mac is refused to sudo, whose session has no GPU", async () => {
  const program = new Command().exitOverride();
  const context = {
    settings: () => ({ data_dir: folder, shutdown_grace_s: 1 }) as Settings,
    env: { HOME: folder, SUDO_USER: "somebody" },
    out() {},
  } as unknown as CommandContext;
  registerService(program, context, () => ({ ok: true, text: "" }), "darwin", "/opt/easel");
  await expect(program.parseAsync(["service", "install"], { from: "user" })).rejects.toThrow(
    "install it without sudo",
  );
  expect(existsSync(join(folder, "Library/LaunchAgents/dev.easel.server.plist"))).toBe(false);
});
