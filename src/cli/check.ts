import type { Command } from "commander";
import { nativeFolder, repair } from "../../ffi/native.ts";
import { selftest } from "../capabilities/selftest/check.ts";
import type { Started } from "../engine/start.ts";
import { loadSharp, takeSharpFrom } from "../images/sharp.ts";
import { type CommandContext, CommandError } from "./context.ts";
import { engineOf, nativePlaces } from "./engine.ts";
import type { Process } from "./process.ts";

/** One line of the report: what was looked at, and what was found. */
type Check = readonly [name: string, look: (started: Started) => Promise<string>];

const checks: readonly Check[] = [
  [
    "pictures",
    async ({ folder }) => {
      takeSharpFrom(await folder);
      const { versions } = loadSharp();
      return `sharp ${versions.sharp}, libvips ${versions.vips}`;
    },
  ],
  ["engine", ({ engine }) => selftest(engine)],
];

export function registerCheck(program: Command, context: CommandContext, process: Process): void {
  program
    .command("check")
    .description("look whether easel works on this machine: its own parts, pictures, a computation")
    .option("--engine", "only what computing needs, not the settings")
    .action(async ({ engine }: { engine?: boolean }) => {
      if (!engine) {
        const { file, warnings } = context.loaded();
        for (const warning of warnings) context.err(`warning: ${warning}`);
        context.out(`ok      settings: ${file ?? "every one at its default"}`);
      }
      const loaded = context.loaded();
      // before the engine opens them
      const folder = await nativeFolder(nativePlaces(loaded));
      const repaired = await repair(folder);
      context.out(`ok      native parts: ${folder}${repaired ? ", were damaged and unpacked again" : ""}`);
      const started = engineOf(loaded, process);
      let failed = 0;
      for (const [name, look] of checks) {
        try {
          context.out(`ok      ${name}: ${await look(started)}`);
        } catch (error) {
          failed++;
          context.out(`FAILED  ${name}: ${error instanceof Error ? error.message : error}`);
        }
      }
      if (failed) throw new CommandError(`${failed} of ${checks.length + 1} checks failed`);
    });
}
