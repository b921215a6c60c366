/**
 * Pictures, one after the other, through one server. A picture that fails is named, and the rest are done.
 *
 * @module
 */
import { statSync } from "node:fs";
import type { Command } from "commander";
import type { Job } from "../jobs/job.ts";
import { anyServer, type Client } from "./client.ts";
import { type CommandContext, CommandError, exitCodes } from "./context.ts";
import { whole } from "./option-values.ts";
import { jobBar } from "./output/progress.ts";
import type { Input } from "./picture-paths.ts";
import { discard, saveFile, standardStream, upload } from "./remote-file.ts";
import { JobFailed, runJob } from "./remote-job.ts";

export interface BatchOptions {
  output?: string;
  quantize?: number;
  model?: string;
  keep?: boolean;
  json?: boolean;
  quiet?: boolean;
}

/** The options of every command that makes pictures. */
export function batchOptions(command: Command): Command {
  return command
    .option(
      "-o, --output <path>",
      "where the picture goes: a file, a folder, or - for standard output (default: a new name in this folder)",
    )
    .option("--model <name>", "which model")
    .option("--quantize <bits>", "bits of the weights: 3, 4, 5, 6 or 8", whole)
    .option("--keep", "keep the input and the result in the server's store, if one is running")
    .option("--json", "print the job as JSON")
    .option("-q, --quiet", "show no progress");
}

/** Context of a command for one picture. */
export interface Work {
  /** Sends a file and returns a reference to it. */
  upload(path: string): Promise<{ type: "file_id"; file_id: string }>;
  /** Runs a job. Values that are undefined are left to the server. */
  run(path: string, body: Record<string, unknown>): Promise<Job>;
  save(fileId: unknown, path: string): Promise<void>;
  /** Leaves a file in the store until the next picture is done. */
  keepForNext(fileId: string): void;
}

/** Runs `work` for each input and prints where its files are: `outputs` has a list of places for each input. */
export async function runBatch(
  context: CommandContext,
  inputs: readonly Input[],
  outputs: readonly (readonly string[])[],
  options: BatchOptions,
  work: (each: Work, input: Input, index: number) => Promise<Job>,
): Promise<void> {
  if (options.json && outputs.flat().includes(standardStream))
    throw new CommandError("--json and -o - both want standard output", exitCodes.usage);
  await using client = await anyServer(context);
  const kept: string[] = [];
  try {
    await eachPicture({ context, client, inputs, outputs, options, kept }, work);
  } finally {
    if (client.remote && !options.keep) await discard(client, kept);
  }
}

interface Batch {
  context: CommandContext;
  client: Client;
  inputs: readonly Input[];
  outputs: readonly (readonly string[])[];
  options: BatchOptions;
  /** Files in the store that the next picture needs. */
  kept: string[];
}

async function eachPicture(
  { context, client, inputs, outputs, options, kept }: Batch,
  work: (each: Work, input: Input, index: number) => Promise<Job>,
): Promise<void> {
  let failed = 0;
  for (const [i, input] of inputs.entries()) {
    const prefix = inputs.length > 1 ? `${i + 1}/${inputs.length} ${input.label}  ` : "";
    try {
      const job = await runOne(context, client, options, prefix, kept, (each) => work(each, input, i));
      if (!options.json && !options.quiet) for (const note of notesOf(job)) context.err(`note: ${note}`);
      if (options.json) context.out(JSON.stringify(job));
      // A device or a pipe took the picture itself.
      else
        for (const output of outputs[i]!)
          if (statSync(output, { throwIfNoEntry: false })?.isFile()) context.out(output);
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof JobFailed)) throw error;
      // A prompt has no path; one that fails needs no name.
      const message = input.path === "" ? error.message : `${input.label}: ${error.message}`;
      if (inputs.length === 1) throw new JobFailed(message);
      context.err(`Error: ${message}`);
      failed++;
    }
  }
  if (failed > 0) throw new CommandError(`${failed} of ${inputs.length} pictures failed`);
}

/** What the result says of options that had no effect. */
function notesOf({ result }: Job): readonly string[] {
  const { notes } = (result ?? {}) as { notes?: readonly string[] };
  return notes ?? [];
}

async function runOne(
  context: CommandContext,
  client: Client,
  options: BatchOptions,
  prefix: string,
  kept: string[],
  work: (each: Work) => Promise<Job>,
): Promise<Job> {
  const bar = options.quiet || options.json ? undefined : jobBar(context, prefix);
  const before = kept.splice(0);
  const stored = [...before];
  try {
    return await work({
      upload: async (path) => {
        const file_id = await upload(client, path);
        stored.push(file_id);
        return { type: "file_id", file_id };
      },
      run: async (path, body) => {
        const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
        const job = await runJob(client, path, given, (step) => bar?.step(step), context.signal);
        stored.push(...job.artifacts);
        return job;
      },
      save: (fileId, path) => saveFile(client, String(fileId), path),
      keepForNext: (fileId) => void kept.push(fileId),
    });
  } catch (error) {
    // The next picture follows the one before this.
    kept.push(...before);
    throw error;
  } finally {
    bar?.clear();
    // A server inside this process takes its store with it.
    if (client.remote && !options.keep)
      await discard(
        client,
        stored.filter((id) => !kept.includes(id)),
      );
  }
}
