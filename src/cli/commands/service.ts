import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { addressOf } from "../client.ts";
import { type CommandContext, CommandError } from "../context.ts";
import {
  carriedEnvironment,
  launchAgent,
  type ServicePlan,
  serviceLabel,
  systemdUnit,
  unitName,
} from "./service-files.ts";

/** How the system's own service program is asked. */
export type Ask = (command: readonly string[]) => { ok: boolean; text: string };

interface System {
  name: string;
  file: string;
  text(plan: Omit<ServicePlan, "args" | "label"> & { logFile: string }): string;
  loaded(): boolean;
  start(): void;
  stop(): void;
  afterInstall(): void;
  beforeUninstall(): void;
  afterUninstall(): void;
}

export function registerService(
  program: Command,
  context: CommandContext,
  ask: Ask = spawn,
  platform: NodeJS.Platform = process.platform,
  executable: string = process.execPath,
): void {
  const service = program.command("service").description("run the server in the background, from login on");
  const system = () => systemOf(platform, context, ask);
  const logFile = () => join(context.settings().data_dir, "logs", "server.log");
  const plan = () => ({
    executable,
    environment: carriedEnvironment(context.env),
    logFile: logFile(),
    // the running job's grace, and time to put everything away
    stopSeconds: Math.ceil(context.settings().shutdown_grace_s) + 30,
  });

  service
    .command("install")
    .description("install the service with the EASEL_, HF_ and XDG_ variables of this shell")
    .action(() => {
      const { file, text, name, afterInstall } = system();
      if (platform === "darwin" && context.env.SUDO_USER !== undefined)
        throw new CommandError(
          "The service belongs to the session of the person at the screen, which has the GPU: install it without sudo",
        );
      if (existsSync(file)) throw new CommandError(`Service is already installed: ${name}`);
      mkdirSync(dirname(file), { recursive: true });
      // The environment may hold a token: only the owner may read it.
      writeFileSync(file, text(plan()), { mode: 0o600 });
      try {
        afterInstall();
      } catch (error) {
        rmSync(file);
        throw error;
      }
      context.out(`Installed ${name}`);
    });
  service
    .command("uninstall")
    .description("remove the service")
    .action(() => {
      const { file, name, loaded, beforeUninstall, afterUninstall } = system();
      requireInstalled(file, name);
      if (loaded()) throw new CommandError("Service is running. Stop it before uninstalling.");
      beforeUninstall();
      rmSync(file);
      afterUninstall();
      context.out(`Removed ${file}`);
    });
  service
    .command("start")
    .description("start the service now")
    .action(() => {
      const { file, name, loaded, start } = system();
      requireInstalled(file, name);
      if (loaded()) throw new CommandError(`Service is already started: ${name}`);
      start();
      context.out(`Started ${name}`);
    });
  service
    .command("stop")
    .description("stop the service")
    .action(() => {
      const { file, name, loaded, stop } = system();
      requireInstalled(file, name);
      if (!loaded()) throw new CommandError(`Service is already stopped: ${name}`);
      stop();
      context.out(`Stopped ${name}`);
    });
  service
    .command("show")
    .description("print the service file")
    .action(() => context.out(system().text(plan())));
  service
    .command("status")
    .description("show whether the service is installed, running and healthy")
    .option("--json", "print JSON")
    .action(async (options: { json?: boolean }) => {
      const { file, name, loaded } = system();
      const url = `${addressOf(context.settings())}/health`;
      const answer = await fetch(url, { signal: AbortSignal.timeout(2000) }).then(
        ({ ok, status }) => (ok ? "ok" : `HTTP ${status}`),
        () => "no answer",
      );
      const isLoaded = loaded();
      const state = {
        label: name,
        installed: existsSync(file),
        loaded: isLoaded,
        file,
        log: logFile(),
        // Any easel may listen there.
        health: isLoaded || answer === "no answer" ? answer : "not this service: another server answers",
      };
      if (options.json) return context.out(JSON.stringify(state, null, 2));
      context.out(
        [
          `Label:     ${state.label}`,
          `Installed: ${state.installed ? "yes" : "no"}`,
          `Loaded:    ${state.loaded ? "yes" : "no"}`,
          `File:      ${state.file}`,
          `Log:       ${state.log}`,
          `Health:    ${state.health} (${url})`,
          ...lastLines(state.log, 10),
        ].join("\n"),
      );
    });
  service
    .command("logs")
    .description("print the end of the log")
    .option("-n, --lines <count>", "how many lines", "100")
    .action((options: { lines: string }) => {
      const count = Number(options.lines);
      if (!Number.isInteger(count) || count < 1) throw new CommandError("--lines must be a whole number", 2);
      const lines = lastLines(logFile(), count);
      if (lines.length === 0) throw new CommandError(`There is no log yet at ${logFile()}`);
      context.out(lines.join("\n"));
    });
}

function requireInstalled(file: string, name: string): void {
  if (!existsSync(file)) throw new CommandError(`Service is not installed: ${name}`);
}

function lastLines(file: string, count: number): string[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, "utf8");
  return text.trimEnd().split("\n").slice(-count);
}

function systemOf(platform: NodeJS.Platform, { env }: CommandContext, ask: Ask): System {
  const home = env.HOME ?? homedir();
  const must = (...command: string[]) => {
    const { ok, text } = ask(command);
    if (ok) return;
    const hint = /connect to (the )?(user scope )?bus/i.test(text)
      ? ". This user has no session of systemd here: log in, or let one run always with: loginctl enable-linger"
      : "";
    throw new CommandError(`${command[0]} failed: ${text.trim() || "no message"}${hint}`);
  };
  if (platform === "darwin") {
    const label = env.EASEL_SERVICE_LABEL ?? serviceLabel;
    const file = join(home, "Library/LaunchAgents", `${label}.plist`);
    const domain = `gui/${process.getuid?.() ?? 0}`;
    return {
      name: label,
      file,
      text: (plan) => launchAgent({ ...plan, label, args: ["run", "--log-file", plan.logFile] }),
      loaded: () => ask(["launchctl", "print", `${domain}/${label}`]).ok,
      start() {
        must("launchctl", "bootstrap", domain, file);
        must("launchctl", "kickstart", "-k", `${domain}/${label}`);
      },
      stop: () => must("launchctl", "bootout", `${domain}/${label}`),
      afterInstall() {},
      beforeUninstall() {},
      afterUninstall() {},
    };
  }
  const file = join(env.XDG_CONFIG_HOME ?? join(home, ".config"), "systemd/user", unitName);
  const control = (...args: string[]) => must("systemctl", "--user", ...args);
  return {
    name: unitName,
    file,
    text: (plan) => systemdUnit({ ...plan, args: ["run", "--log-file", plan.logFile] }),
    loaded: () => ask(["systemctl", "--user", "is-active", "--quiet", unitName]).ok,
    start: () => control("start", unitName),
    stop: () => control("stop", unitName),
    afterInstall() {
      control("daemon-reload");
      control("enable", unitName);
    },
    // else its link of the login target would stay
    beforeUninstall: () => control("disable", unitName),
    afterUninstall: () => control("daemon-reload"),
  };
}

function spawn(command: readonly string[]): { ok: boolean; text: string } {
  try {
    const { success, stderr, stdout } = Bun.spawnSync([...command]);
    return { ok: success, text: `${stderr}${stdout}` };
  } catch {
    throw new CommandError(`${command[0]} is not on this machine, so the service cannot be managed here`);
  }
}
