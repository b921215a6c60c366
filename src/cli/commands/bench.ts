import { type Command, InvalidArgumentError, Option } from "commander";
import { nativeFolder } from "../../../ffi/native.ts";
import { type Activated, activated, runProbe } from "../../check/probe.ts";
import { takeSharpFrom } from "../../images/native-parts.ts";
import { anyServer, type Client, json } from "../client.ts";
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

interface Failed {
  model: string;
  error: string;
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
        const failed: Failed[] = [];
        for (const probe of probes) {
          const { side } = probe.family.probe;
          const at = side === undefined ? options.size : { width: side, height: side };
          try {
            rows.push(await measured(client, probe, at, options.runs, context.signal));
            if (!options.json) context.err(`${nameOf(probe)} done`);
          } catch (error) {
            context.signal.throwIfAborted();
            // A server that is gone fails every model alike, and /health says so here.
            await client.request("/health");
            failed.push({ model: nameOf(probe), error: (error as Error).message });
            if (!options.json) context.err(`${nameOf(probe)} failed: ${(error as Error).message}`);
          }
        }
        if (options.json) context.out(JSON.stringify([...rows, ...failed], null, 2));
        else if (rows.length > 0) context.out(printed(rows));
        if (failed.length > 0)
          throw new CommandError(`Not measured: ${failed.map(({ model }) => model).join(", ")}`);
      },
    );
}

async function measured(
  client: Client,
  probe: Activated,
  at: { width: number; height: number },
  runs: number,
  signal: AbortSignal,
): Promise<Measured> {
  const seconds: number[] = [];
  for (let i = 0; i <= runs; i++) {
    const job = await runProbe(client, probe, at, signal);
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
  return { model: nameOf(probe), ...at, first_s, seconds: rest, weights_gb: loaded?.weight_gb ?? null };
}

function printed(rows: readonly Measured[]): string {
  const lines = rows.map(({ model, width, height, first_s, seconds, weights_gb }) => [
    model,
    `${width}x${height}`,
    first_s.toFixed(2),
    median(seconds).toFixed(2),
    `${Math.min(...seconds).toFixed(2)} - ${Math.max(...seconds).toFixed(2)}`,
    weights_gb === null ? "-" : `${weights_gb} GB`,
  ]);
  return table([["Model", "Picture", "First, s", "Then, s", "Spread", "Weights"], ...lines]);
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
