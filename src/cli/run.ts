import type { Command } from "commander";
import { serve } from "../serve.ts";
import { insecureBind } from "../settings/cross.ts";
import { flagsFrom, settingFlags } from "../settings/document.ts";
import { type CommandContext, CommandError, exitCodes } from "./context.ts";
import { withDataPlace } from "./data.ts";
import { engineOf } from "./engine.ts";
import type { Process } from "./process.ts";

export function registerRun(program: Command, context: CommandContext, process: Process): void {
  const command = program.command("run").description("start the server");
  for (const flag of settingFlags()) command.option(flag.option, flag.help);
  command.action(async (options: Record<string, unknown>) => {
    const stopped = process.untilStopped();
    const loaded = context.loaded(flagsFrom(options));
    const warn = (text: string) => context.err(`warning: ${text}`);
    loaded.warnings.forEach(warn);
    const settings = withDataPlace(loaded, warn);
    const insecure = insecureBind(settings);
    if (insecure) throw new CommandError(insecure, exitCodes.startup);
    const started = engineOf(loaded, process);
    const serving = await serve(settings, started).catch((error: Error) => {
      throw new CommandError(error.message, exitCodes.startup);
    });
    context.out(`easel is listening on ${serving.url.origin}`);
    started.ready.catch((error: Error) => process.leave(error, exitCodes.startup));
    await stopped;
    context.out("easel is stopping");
    await serving.stop();
  });
}
