import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { nativeFolder, repair } from "../../ffi/native.ts";
import { selftest } from "../capabilities/selftest/check.ts";
import type { Started } from "../engine/start.ts";
import { loadSharp, takeSharpFrom } from "../images/sharp.ts";
import { version } from "../version.ts";
import { type CommandContext, CommandError } from "./context.ts";
import { engineOf, nativePlaces } from "./engine.ts";
import { activated, fingerprint, runProbe } from "./probe.ts";
import type { Process } from "./process.ts";
import { collect } from "./status.ts";

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

interface CheckOptions {
  engine?: boolean;
  model?: string[];
}

export function registerCheck(program: Command, context: CommandContext, process: Process): void {
  program
    .command("check")
    .description(
      "look whether easel works on this machine: its own parts, pictures, a computation, each model",
    )
    .option("--engine", "only what computing needs, neither the settings nor the models")
    .option("--model <name>", "only this model, as family/name (repeatable)", collect)
    .action(async ({ engine, model = [] }: CheckOptions) => {
      let failed = 0;
      const report = async (name: string, look: () => Promise<string>) => {
        try {
          context.out(`ok      ${name}: ${await look()}`);
        } catch (error) {
          failed++;
          context.out(`FAILED  ${name}: ${error instanceof Error ? error.message : error}`);
        }
      };
      if (!engine) {
        const { file, warnings } = context.loaded();
        for (const warning of warnings) context.err(`warning: ${warning}`);
        context.out(`ok      settings: ${file && existsSync(file) ? file : "every one at its default"}`);
      }
      const loaded = context.loaded();
      // before the engine opens them
      const folder = await nativeFolder(nativePlaces(loaded));
      const repaired = await repair(folder);
      context.out(`ok      native parts: ${folder}${repaired ? ", were damaged and unpacked again" : ""}`);
      if (engine) {
        const started = engineOf(loaded, process);
        for (const [name, look] of checks) await report(name, () => look(started));
      } else {
        await using client = await context.localServer();
        await report("pictures", () => checks[0]![1]({ folder: Promise.resolve(folder) } as Started));
        for (const probe of await activated(client, context.capabilities)) {
          const name = `${probe.family}/${probe.variant}`;
          if (model.length > 0 && !model.includes(name)) continue;
          await report(name, async () => {
            const job = await runProbe(client, probe, { width: 256, height: 256 }, context.signal);
            const seconds = job.finished_at! - job.started_at!;
            const kept = join(loaded.settings.cache_dir, "checks.json");
            return `${verdict(kept, name, await fingerprint(client, job))}, ${seconds.toFixed(2)} s`;
          });
        }
      }
      if (failed > 0) throw new CommandError(`${failed} of the checks failed`);
    });
}

/** Grey levels that other processors and versions of the libraries may bring. */
const tolerance = 3;

/** Holds a result against the one that was kept for this version; the first one is kept. */
export function verdict(file: string, name: string, cells: readonly number[]): string {
  const key = `${name} ${version}`;
  const kept = read(file);
  const before = kept[key];
  if (Math.min(...cells) === Math.max(...cells)) throw new Error("the result is of one single colour");
  if (!before) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, JSON.stringify({ ...kept, [key]: cells }));
    renameSync(`${file}.new`, file);
    return "a result was made and kept to compare with";
  }
  const worst = before.reduce((most, value, i) => Math.max(most, Math.abs(value - cells[i]!)), 0);
  if (worst > tolerance)
    throw new Error(`the result differs by ${worst} of 255 grey levels from the one of an earlier check`);
  return "the result is the one of an earlier check";
}

function read(file: string): Record<string, number[]> {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Record<string, number[]>;
  } catch {
    return {};
  }
}
