import { type Command, Option } from "commander";
import type { Machine } from "../../check/doctor/examine.ts";
import { type CommandContext, CommandError } from "../context.ts";
import { untestedEngine } from "../engine.ts";
import type { Process } from "../process.ts";

export function registerDoctor(
  program: Command,
  context: CommandContext,
  process: Process,
  machine?: Machine,
): void {
  program
    .command("doctor")
    .description(
      "print one page about this machine, to send when something is wrong; it holds no personal paths",
    )
    .option("--json", "print JSON")
    .addOption(new Option("--engine-part", "print what the engine finds, as one line of JSON").hideHelp())
    .action(async ({ json, enginePart }: { json?: boolean; enginePart?: boolean }) => {
      if (enginePart) {
        const { examineEngine } = await import("../../check/doctor/engine.ts");
        return context.out(JSON.stringify(await examineEngine(untestedEngine(context.loaded(), process))));
      }
      // no other command needs it, and it would cost each of them time
      const { examine, thisMachine } = await import("../../check/doctor/examine.ts");
      const { reportText } = await import("../../check/doctor/report.ts");
      const report = await examine(context, machine ?? thisMachine());
      context.out(json ? JSON.stringify(report, null, 2) : reportText(report));
      const { length } = report.faults;
      if (length > 0) throw new CommandError(`${length} thing${length === 1 ? " is" : "s are"} wrong`);
    });
}
