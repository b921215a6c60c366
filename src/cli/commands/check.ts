import { existsSync } from "node:fs";
import type { Command } from "commander";
import { nativeFolder, repair } from "../../../ffi/native.ts";
import { pathProblems } from "../../capabilities/catalogue.ts";
import { checkKernels, kernelFaults } from "../../check/kernel-check.ts";
import { checkModel } from "../../check/model.ts";
import { activated } from "../../check/probe.ts";
import { selftest } from "../../check/selftest.ts";
import type { Started } from "../../engine/start.ts";
import { takeSharpFrom } from "../../images/native-parts.ts";
import { loadSharp } from "../../images/sharp.ts";
import { type CommandContext, CommandError } from "../context.ts";
import { engineOf, nativePlaces } from "../engine.ts";
import type { Process } from "../process.ts";
import { choices, modelName, select } from "../select.ts";
import { collect } from "./status.ts";

/** A line of the report: its name, and a check that returns its finding or throws. */
type Check = readonly [name: string, look: (started: Started) => Promise<string>];

async function checkPictures(folder: string): Promise<string> {
  takeSharpFrom(folder);
  const { versions } = loadSharp();
  return `sharp ${versions.sharp}, libvips ${versions.vips}`;
}

const engineChecks: readonly Check[] = [
  ["pictures", async ({ folder }) => checkPictures(await folder)],
  ["engine", ({ engine, ready }) => ready.then(() => selftest(engine))],
  [
    "kernels",
    async ({ engine }) => {
      const { results } = await checkKernels(engine);
      const faults = kernelFaults(results);
      if (faults.length > 0) throw new Error(faults.join("\n  "));
      return `${results.length} of ${results.length} agree with their references`;
    },
  ],
];

interface CheckOptions {
  engine?: boolean;
  model?: string[];
  renew?: boolean;
}

export function registerCheck(program: Command, context: CommandContext, process: Process): void {
  program
    .command("check")
    .description("check that easel works on this machine: its own parts, pictures, a computation, each model")
    .option("--engine", "check only the engine, without the settings and the models")
    .option("--model <name>", "only this model, as family/name (repeatable)", collect)
    .option("--renew", "keep today's results as what this machine expects from now on")
    .action(async ({ engine, model = [], renew = false }: CheckOptions) => {
      const every = choices(context.capabilities, () => "");
      const chosen = model.length > 0 ? select(every, { model }) : every;
      let failed = 0;
      const report = async (name: string, look: () => Promise<string>) => {
        try {
          context.out(`ok      ${name}: ${await look()}`);
        } catch (error) {
          context.signal.throwIfAborted();
          failed++;
          context.out(`FAILED  ${name}: ${error instanceof Error ? error.message : error}`);
        }
      };
      if (!engine) {
        const { file, warnings } = context.loaded();
        for (const warning of warnings) context.err(`warning: ${warning}`);
        for (const { model, why } of pathProblems(context.capabilities, context.settings().model_paths)) {
          failed++;
          context.out(`FAILED  model_paths["${model}"]: ${why}`);
        }
        context.out(`ok      settings: ${file && existsSync(file) ? file : "all at their defaults"}`);
      }
      const loaded = context.loaded();
      // Repaired before the engine opens them.
      const folder = await nativeFolder(nativePlaces(loaded));
      const repaired = await repair(folder);
      context.out(`ok      native parts: ${folder}${repaired ? ", were damaged and unpacked again" : ""}`);
      if (engine) {
        const started = engineOf(loaded, process);
        for (const [name, look] of engineChecks) await report(name, () => look(started));
      } else {
        await using client = await context.localServer();
        await report("pictures", () => checkPictures(folder));
        const machine = {
          client,
          settings: loaded.settings,
          places: context.places(),
          nativeFolder: folder,
          signal: context.signal,
          renew,
        };
        const here = await activated(client, context.capabilities);
        for (const choice of chosen) {
          const [family, { name }] = [choice.capability, choice.variant];
          const probe = here.find((each) => each.family === family && each.variant === name);
          if (probe) await report(modelName(choice), () => checkModel(choice, probe, machine));
          else if (model.length > 0)
            await report(modelName(choice), async () => {
              throw new Error(`is not on this machine: easel activate --model ${modelName(choice)}`);
            });
        }
      }
      if (failed > 0) throw new CommandError(`${failed} of the checks failed`);
    });
}
