/**
 * One start and end of the engine, in a separate process. A crash is then a line of the report and not its end.
 *
 * @module
 */
import { basename } from "node:path";
import { budgetOf, gigabyte, type MachineMemory } from "../../engine/residency.ts";
import type { Started } from "../../engine/start.ts";
import { takeSharpFrom } from "../../images/native-parts.ts";
import { loadSharp } from "../../images/sharp.ts";
import { withRemedy } from "../gpu-remedies.ts";
import { checkKernels, type KernelCheck, kernelFaults } from "../kernel-check.ts";
import { selftest } from "../selftest.ts";
import type { Section } from "./report.ts";

/** The JSON that the engine's process prints. */
export interface EngineFacts extends Partial<KernelCheck> {
  device?: string;
  kind?: "cpu" | "gpu";
  architecture?: string;
  workingSet?: number;
  pictures?: string;
  blur?: string;
  /** The folder of the library, when it is not the usual one. */
  variant?: string;
  /** Why it went no further. */
  error?: string;
}

/** Starts the engine, looks at its device, computes every kernel's case and a picture's whole way. */
export async function examineEngine(started: Started): Promise<EngineFacts> {
  const facts: EngineFacts = {};
  try {
    const folder = await started.folder;
    const chosen = await started.chosen;
    if (chosen !== folder) facts.variant = basename(chosen);
    takeSharpFrom(folder);
    const { versions } = loadSharp();
    facts.pictures = `sharp ${versions.sharp}, libvips ${versions.vips}`;
    await started.ready;
    const { device, kind, architecture, workingSet } = await started.engine.stats();
    Object.assign(facts, { device, kind, architecture, workingSet });
    Object.assign(facts, await checkKernels(started.engine));
    facts.blur = await selftest(started.engine);
  } catch (error) {
    facts.error = error instanceof Error ? error.message : String(error);
  }
  return facts;
}

/** How a process ended. */
export interface Ended {
  stdout: string;
  stderr: string;
  code: number | null;
  signal: string | null;
  timedOut: boolean;
}

/** Whether such a process ended well and every kernel passed. */
export function passed(ended: Ended): boolean {
  const { error, results = [] } = readFacts(ended.stdout);
  return ended.code === 0 && error === undefined && results.length > 0 && results.every(({ ok }) => ok);
}

/** The sections of the device and the kernels, from the output of the engine's process. */
export function engineSections(
  ended: Ended,
  memory: MachineMemory,
  limitGb: number | null,
  tf32: string | undefined,
): Section[] {
  const facts = readFacts(ended.stdout);
  const faults: string[] = [];
  if (ended.timedOut) faults.push("the engine did not end within two minutes and was stopped");
  else if (ended.signal)
    faults.push(`the engine's process was ended by ${ended.signal}: ${lastLine(ended.stderr)}`);
  else if (ended.code !== 0)
    faults.push(`the engine's process ended with ${ended.code}: ${lastLine(ended.stderr)}`);
  if (facts.error !== undefined) faults.push(withRemedy(facts.error));
  const results = facts.results ?? [];
  faults.push(...kernelFaults(results).map((line) => `kernel: ${line}`));
  const budget = budgetOf({ ...memory, workingSet: facts.workingSet }, limitGb) / gigabyte;
  const gb = (bytes: number | undefined) =>
    bytes === undefined ? null : `${(bytes / gigabyte).toFixed(1)} GB`;
  return [
    {
      name: "Device",
      facts: {
        device: facts.device ?? null,
        kind: facts.kind ?? null,
        architecture: facts.architecture || null,
        ...(facts.kind === "gpu" && { "working set that Metal recommends": gb(facts.workingSet) }),
        "memory budget of models": `${budget.toFixed(1)} GB`,
        ...(facts.variant !== undefined && { "set of kernels": facts.variant }),
        TF32: tf32 === undefined || tf32 === "0" ? "off" : `MLX_ENABLE_TF32=${tf32}`,
        MLX: facts.mlx ?? null,
        "our kernels": facts.kernels ?? null,
        pictures: facts.pictures ?? null,
        "a picture's whole way": facts.blur ?? null,
        "end of the process": ended.timedOut ? "stopped" : (ended.signal ?? ended.code),
      },
      faults,
    },
    {
      name: "Kernels",
      facts: Object.fromEntries(results.map((result) => [result.name, verdict(result)])),
      faults: [],
    },
  ];
}

const short = (value: number) => (value === 0 ? "0" : value.toExponential(1));

const verdict = ({ ok, error, tolerance, message }: NonNullable<EngineFacts["results"]>[number]) =>
  error === null
    ? `failed: ${message}`
    : `${ok ? "ok" : "WRONG"}, error ${short(error)}, at most ${short(tolerance)}`;

function readFacts(stdout: string): EngineFacts {
  try {
    // the last line: a library may have printed before it
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as EngineFacts;
  } catch {
    return {};
  }
}

const lastLine = (text: string) => text.trim().split("\n").at(-1) || "it said nothing";
