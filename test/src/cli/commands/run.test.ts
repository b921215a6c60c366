import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { registerRun } from "../../../../src/cli/commands/run.ts";
import { registerService } from "../../../../src/cli/commands/service.ts";
import { type CommandContext, type CommandError, exitCodes } from "../../../../src/cli/context.ts";
import type { Process } from "../../../../src/cli/process.ts";
import { loadSettings } from "../../../../src/settings/load.ts";
import type { Settings } from "../../../../src/settings/settings.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "easel-run-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Starts `easel run` as it is, but for the engine's thread, which never answers. */
function start(...args: string[]) {
  const stop = Promise.withResolvers<void>();
  const url = Promise.withResolvers<string>();
  const context = {
    capabilities: [],
    loaded: (flags: Record<string, string | boolean> = {}) =>
      loadSettings({ env: { HOME: folder, EASEL_DATA_DIR: join(folder, "data") }, flags }),
    out: (text: string) => {
      const [, found] = /listening on (\S+)/.exec(text) ?? [];
      if (found) url.resolve(found);
    },
    err: () => {},
  } as unknown as CommandContext;
  const process: Process = {
    startWorker: () => ({ postMessage() {} }) as unknown as Worker,
    leave: (error) => {
      throw error;
    },
    atEnd: () => {},
    untilStopped: () => stop.promise,
  };
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  registerRun(program, context, process);
  const ended = program.parseAsync(args, { from: "user" });
  return { ended, listening: () => Promise.race([url.promise, ended.then(() => "")]), stop: stop.resolve };
}

/** The arguments that the service file starts the binary with. */
async function serviceArguments(platform: NodeJS.Platform): Promise<string[]> {
  let text = "";
  const context = {
    settings: () => ({ data_dir: join(folder, "data"), shutdown_grace_s: 30 }) as Settings,
    env: { HOME: folder },
    out: (line: string) => {
      text = line;
    },
  } as unknown as CommandContext;
  const program = new Command().exitOverride();
  registerService(program, context, () => ({ ok: true, text: "" }), platform, "/usr/bin/easel");
  await program.parseAsync(["service", "show"], { from: "user" });
  const words =
    platform === "darwin"
      ? [...text.matchAll(/^ {4}<string>(.*)<\/string>$/gm)]
      : [.../^ExecStart=(.*)$/m.exec(text)![1]!.matchAll(/"([^"]*)"/g)];
  return words.map(([, word]) => word!).slice(1);
}

test.each(["linux", "darwin"] as const)(
  "what the service of %s starts runs, and logs into its file",
  async (platform) => {
    const args = await serviceArguments(platform);
    const server = start(...args, "--port", "0");
    const url = await server.listening();
    await fetch(new URL("/v1/files", url));
    server.stop();
    await server.ended;
    const log = readFileSync(join(folder, "data/logs/server.log"), "utf8");
    expect(log).toContain(`listening on ${url}`);
    expect(log).toMatch(/^\S+ INFO +request .*path=\/v1\/files status=200/m);
  },
);

test("a server that cannot start says why in its log, too", async () => {
  const file = join(folder, "server.log");
  const server = start("run", "--host", "0.0.0.0", "--log-file", file);
  const refused = (await server.ended.catch((error: unknown) => error)) as CommandError;
  expect(refused.message).toContain("without auth_token");
  // A wrong setting, which a service manager must not try again.
  expect(refused.exitCode).toBe(exitCodes.usage);
  expect(readFileSync(file, "utf8")).toContain("without auth_token");
  await expect(start("run", "--port", "many", "--log-file", file).ended).rejects.toThrow("--port");
  expect(readFileSync(file, "utf8")).toMatch(/^\S+ ERROR +--port: port must be a whole number/m);
});
