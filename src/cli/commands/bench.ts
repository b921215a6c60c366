import { type Command, InvalidArgumentError, Option } from "commander";
import { nativeFolder } from "../../../ffi/native.ts";
import { type Activated, activated, runProbe } from "../../check/probe.ts";
import { takeSharpFrom } from "../../images/sharp.ts";
import { anyServer, json } from "../client.ts";
import { type CommandContext, CommandError } from "../context.ts";
import { nativePlaces } from "../engine.ts";
import { table } from "../output/table.ts";
import { discard } from "../remote-file.ts";
import { collect } from "./status.ts";

interface Measured {
  model: string;
  width: number;
  height: number;
  /** Seconds of the first run, which loads the model, and of the others. */
  first_s: number;
  seconds: number[];
  weights_gb: number | null;
}

/** Times each activated model through the API: what a client waits, without the network. */
export function registerBench(program: Command, context: CommandContext): void {
  program
    .command("bench")
    .description("time every activated model on this machine")
    .option("--model <name>", "only this model, as family/name (repeatable)", collect)
    .addOption(
      new Option("--size <WxH>", "the input picture's size")
        .argParser(size)
        .default({ width: 1024, height: 768 }, "1024x768"),
    )
    .option("--runs <count>", "runs after the first", count, 3)
    .option("--json", "print JSON")
    .action(
      async (options: {
        model?: string[];
        size: { width: number; height: number };
        runs: number;
        json?: boolean;
      }) => {
        await using client = await anyServer(context);
        const probes = (await activated(client, context.capabilities)).filter(
          (probe) => !options.model || options.model.includes(nameOf(probe)),
        );
        if (probes.length === 0)
          throw new CommandError("No model of that name is activated; easel status lists them");
        // The pictures are drawn here, also when another process computes.
        takeSharpFrom(await nativeFolder(nativePlaces(context.loaded())));
        const rows: Measured[] = [];
        for (const probe of probes) {
          const { side } = probe.family.probe;
          const at = side === undefined ? options.size : { width: side, height: side };
          const seconds: number[] = [];
          for (let i = 0; i <= options.runs; i++) {
            const job = await runProbe(client, probe, at, context.signal);
            seconds.push(job.finished_at! - job.started_at!);
            await discard(client, job.artifacts);
          }
          const health = await json<{
            memory: { loaded: { name: string; family: string; weight_gb: number }[] };
          }>(await client.request("/health"));
          const loaded = health.memory.loaded.find(
            ({ family, name }) => family === probe.family.family && name === probe.variant,
          );
          const [first_s = 0, ...rest] = seconds;
          rows.push({
            model: nameOf(probe),
            ...at,
            first_s,
            seconds: rest,
            weights_gb: loaded?.weight_gb ?? null,
          });
          if (!options.json) context.err(`${nameOf(probe)} done`);
        }
        if (options.json) return context.out(JSON.stringify(rows, null, 2));
        const lines = rows.map(({ model, width, height, first_s, seconds, weights_gb }) => [
          model,
          `${width}x${height}`,
          first_s.toFixed(2),
          median(seconds).toFixed(2),
          `${Math.min(...seconds).toFixed(2)} - ${Math.max(...seconds).toFixed(2)}`,
          weights_gb === null ? "-" : `${weights_gb} GB`,
        ]);
        context.out(table([["Model", "Picture", "First, s", "Then, s", "Spread", "Weights"], ...lines]));
      },
    );
}

const nameOf = ({ family, variant }: Activated) => `${family.family}/${variant}`;

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

function size(text: string): { width: number; height: number } {
  const [, width, height] = /^(\d{2,5})x(\d{2,5})$/.exec(text) ?? [];
  if (!width || !height) throw new InvalidArgumentError("It must look like 1024x768.");
  return { width: Number(width), height: Number(height) };
}

function count(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) throw new InvalidArgumentError("It must be a number from 1 to 99.");
  return Number(text);
}
