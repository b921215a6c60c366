import type { Command } from "commander";
import { SetupError } from "../../fleet/errors.ts";
import { flagsFrom, settingFlags } from "../../settings/document.ts";
import type { Loaded } from "../../settings/load.ts";
import { insecureBind, withoutFleet } from "../../settings/rules.ts";
import { type CommandContext, CommandError, exitCodes } from "../context.ts";
import { withDataPlace } from "../data.ts";
import { engineOf, noEngineOf } from "../engine.ts";
import { rotatingLog } from "../output/log-file.ts";
import type { Process } from "../process.ts";

export function registerRun(program: Command, context: CommandContext, process: Process): void {
  const command = program
    .command("run")
    .alias("serve")
    .description("start the server")
    .option(
      "--log-file <path>",
      "write the log to this file; at 10 MB it is rotated, and four old files are kept",
    );
  for (const flag of settingFlags()) command.option(flag.option, flag.help);
  command.action(async ({ logFile, ...options }: Record<string, unknown> & { logFile?: string }) => {
    const stopped = process.untilStopped();
    const write = logFile === undefined ? undefined : rotatingLog(logFile);
    // The output of a service is not seen, so errors go to the log, too.
    const note = (text: string) => write?.(`${new Date().toISOString()} ${text}\n`);
    const leave: Process["leave"] = (error, code) => {
      note(`ERROR   ${error.message}`);
      return process.leave(error, code);
    };
    const refuse = (message: string, code: number = exitCodes.startup) => {
      note(`ERROR   ${message}`);
      return new CommandError(message, code);
    };
    const loaded = settingsOr(note, () => context.loaded(flagsFrom(options)));
    const warn = (text: string) => {
      note(`WARNING ${text}`);
      context.err(`warning: ${text}`);
    };
    loaded.warnings.forEach(warn);
    const settings = withDataPlace(loaded, warn);
    const wrong = insecureBind(settings) ?? withoutFleet(settings);
    if (wrong) throw refuse(wrong, exitCodes.usage);
    // only a server needs it, and it costs every other command time
    const { serve } = await import("../../serve.ts");
    const works = settings.fleet_url === null || settings.fleet_role !== "api";
    const started = works ? engineOf(loaded, { ...process, leave }) : noEngineOf(loaded);
    const waiting = new AbortController();
    stopped.then(() => waiting.abort());
    const starting = { ...(write && { write }), signal: waiting.signal };
    const serving = await serve(settings, started, starting).catch((error: Error) => {
      if (waiting.signal.aborted) return undefined;
      throw refuse(error.message, error instanceof SetupError ? exitCodes.setup : exitCodes.startup);
    });
    if (!serving) return;
    context.out(`easel is listening on ${serving.url.origin}`);
    note(`INFO    listening on ${serving.url.origin}`);
    started.ready.then(
      () => {
        for (const line of started.device()?.imprecise ?? [])
          warn(`a kernel of the GPU is imprecise: ${line}`);
      },
      (error: Error) => leave(error, exitCodes.startup),
    );
    serving.failed.then((error) => leave(error, exitCodes.storeFault));
    await stopped;
    context.out("easel is stopping");
    await serving.stop();
  });
}

/** Wrong settings end the start like anything else that hinders it: with a word in the log. */
function settingsOr(note: (text: string) => void, load: () => Loaded): Loaded {
  try {
    return load();
  } catch (error) {
    note(`ERROR   ${(error as Error).message}`);
    throw error;
  }
}
