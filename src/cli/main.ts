/**
 * The command line. It makes the parts that commands work with over this process, and turns what they throw into exit codes.
 *
 * @module
 */
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import notice from "../../NOTICE" with { type: "text" };
import { families } from "../capabilities/registry.ts";
import { Refusal } from "../errors.ts";
import { SetupError } from "../fleet/errors.ts";
import { hubEnv } from "../hub/download/hub.ts";
import { type LoadOptions, loadSettings, SettingsError } from "../settings/load.ts";
import { version } from "../version.ts";
import { registerActivate, registerDeactivate } from "./commands/activate.ts";
import { registerBench } from "./commands/bench.ts";
import { registerCache } from "./commands/cache.ts";
import { registerCheck } from "./commands/check.ts";
import { registerCompletion } from "./commands/completion.ts";
import { registerConfig } from "./commands/config.ts";
import { registerDoctor } from "./commands/doctor.ts";
import { registerFiles } from "./commands/files.ts";
import { registerFleet } from "./commands/fleet.ts";
import { registerJobs } from "./commands/jobs.ts";
import { registerLoras } from "./commands/loras.ts";
import { registerMcp } from "./commands/mcp.ts";
import { registerMemory } from "./commands/memory.ts";
import { registerPlan } from "./commands/plan.ts";
import { registerRepair } from "./commands/repair.ts";
import { registerRun } from "./commands/run.ts";
import { registerService } from "./commands/service.ts";
import { registerStatus } from "./commands/status.ts";
import { registerVerbs } from "./commands/verbs.ts";
import { type CommandContext, CommandError, exitCodes } from "./context.ts";
import { localServer } from "./local-server.ts";
import { Interrupted, interruption, type Process, thisProcess, watchOutput } from "./process.ts";

/** Runs one command and gives the exit code of the process. */
export async function main(args: readonly string[], startWorker: () => Worker): Promise<number> {
  const own = thisProcess(startWorker);
  const program = new Command("easel").exitOverride();
  const load = (flags: LoadOptions["flags"] = {}) => {
    const file = program.opts<{ config?: string }>().config;
    return loadSettings({ flags, ...(file !== undefined && { file }) });
  };
  const context: CommandContext = {
    capabilities: families,
    loaded: load,
    settings: () => load().settings,
    settingsFile: () => load().file,
    places: () => ({ hub: hubEnv(), downloads: join(load().settings.cache_dir, "downloads") }),
    localServer: () => localServer(load(), own, context.signal),
    env: process.env,
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    interactive: Boolean(process.stdin.isTTY && process.stdout.isTTY),
    terminal: Boolean(process.stderr.isTTY),
    get signal() {
      interrupted ??= interruption();
      return interrupted;
    },
  };
  let interrupted: AbortSignal | undefined;

  describeCommands(program, context, own);
  const printed = watchOutput();
  try {
    await program.parseAsync(args, { from: "user" });
    const lost = await printed();
    if (lost) throw new CommandError(`Standard output cannot be written: ${lost.message}`);
    return exitCodes.ok;
  } catch (error) {
    await printed();
    const stopped = interrupted?.aborted && !(error instanceof Interrupted);
    return exitCodeOf(stopped ? interrupted?.reason : error, context);
  }
}

/** Gives the program its commands. Nothing of the machine is looked at before one runs. */
export function describeCommands(program: Command, context: CommandContext, own: Process): void {
  program
    .description("Image models on your own machine")
    .option("--config <file>", "the settings file")
    .version(version, "-V, --version", "print the version")
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "Error: ")) });
  registerRun(program, context, own);
  program
    .command("version")
    .description("print the version")
    .option("--notice", "print third-party licences")
    .action(({ notice: wanted }: { notice?: boolean }) => context.out(wanted ? notice.trimEnd() : version));
  registerCheck(program, context, own);
  registerDoctor(program, context, own);
  registerStatus(program, context);
  registerActivate(program, context);
  registerDeactivate(program, context);
  registerVerbs(program, context);
  registerJobs(program, context);
  registerFiles(program, context);
  registerLoras(program, context);
  registerMemory(program, context);
  registerMcp(program, context);
  registerPlan(program, context);
  registerBench(program, context);
  registerCache(program, context);
  registerRepair(program, context);
  registerFleet(program, context);
  registerConfig(program, context);
  registerService(program, context);
  registerCompletion(program, context);
  tellHelp(program, "easel");
}

/** Each command's errors name its own help. */
function tellHelp(command: Command, path: string): void {
  const { length } = command.commands;
  command.showHelpAfterError(`(${path} --help lists its ${length > 0 ? "commands" : "options"})`);
  // without this, the command that stands in for none would take a slip as its argument
  command.hook("preSubcommand", ({ args: [word] }, sub) => {
    if (word === undefined || word.startsWith("-") || [sub.name(), ...sub.aliases()].includes(word)) return;
    command.error(`error: unknown command '${word}'`, { code: "commander.unknownCommand" });
  });
  for (const sub of command.commands) tellHelp(sub, `${path} ${sub.name()}`);
}

function exitCodeOf(error: unknown, context: CommandContext): number {
  // commander has printed its own text already
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (context.env.EASEL_DEBUG) console.error(error);
  context.err(`Error: ${error instanceof Error ? error.message : error}`);
  if (error instanceof CommandError || error instanceof Interrupted) return error.exitCode;
  if (error instanceof SettingsError) return exitCodes.usage;
  if (error instanceof SetupError) return exitCodes.setup;
  // Without a server, the same checks refuse in this process.
  if (error instanceof Refusal) return [400, 422].includes(error.status) ? exitCodes.usage : exitCodes.failed;
  return exitCodes.failed;
}
