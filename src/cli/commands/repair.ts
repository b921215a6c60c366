import type { Command } from "commander";
import { flagsFrom, settingFlags } from "../../settings/document.ts";
import { type CommandContext, CommandError } from "../context.ts";

export function registerRepair(program: Command, context: CommandContext): void {
  const command = program
    .command("repair")
    .description(
      "make a data directory work again whose database is damaged or lost; stored files are kept, and nothing is deleted",
    );
  for (const { option, help } of settingFlags())
    if (/^--(data-dir|files-root)\b/.test(option)) command.option(option, help);
  command.action(async (options: Record<string, unknown>) => {
    const { data_dir, files_root } = context.loaded(flagsFrom(options)).settings;
    const { repair } = await import("../../repair.ts");
    const { found, aside, jobs, files, adopted, skipped } = await repair(data_dir, files_root).catch(
      (error: Error) => {
        throw new CommandError(error.message);
      },
    );
    if (found === "a whole database")
      return context.out(`The database of ${data_dir} is whole: nothing to repair.`);
    if (aside) {
      context.out(`The damaged database is now ${aside}`);
      context.out(`Records that could be read from it: ${jobs} jobs, ${files} files`);
    } else context.out(`${data_dir} has a new database.`);
    context.out(`Files without a record that have a new one: ${adopted}`);
    for (const path of skipped) context.out(`Left alone, because it is no regular file: ${path}`);
    context.out("The server can be started.");
  });
}
