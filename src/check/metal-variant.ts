/**
 * A binary for a Mac may carry MLX's kernels twice: for macOS 14, and for macOS 26.2 with the matrix units of newer GPUs. The newer ones
 * are used where the system is new enough and they passed a test in a process of its own, once for each machine, system and build.
 *
 * @module
 */

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeAtomicSync } from "../disk/write-atomic.ts";

/** The folder of the newer kernels beside the usual ones, named by the system that they need. */
export const newerMetal = "metal-26.2";
const needs = [26, 2] as const;

export interface MetalChoice {
  /** The version of macOS, such as "26.3". The loader would not check it. */
  system(): string | null;
  /** A folder to use without asking further: its name, or "usual". */
  forced?: string | undefined;
  /** Validity of the verdict: machine, system and build. */
  key: string;
  /** Where verdicts are kept. */
  file: string;
  /** Whether the kernels of a folder pass their test, run in another process. */
  passes(variant: string): Promise<boolean>;
}

/** The folder of the native parts, or the one in it whose kernels are to be used. */
export async function metalFolder(folder: string, choice: MetalChoice): Promise<string> {
  const newer = join(folder, newerMetal);
  if (!existsSync(newer)) return folder;
  if (choice.forced !== undefined) return choice.forced === newerMetal ? newer : folder;
  if (!isNewEnough(choice.system())) return folder;
  const known = readVerdicts(choice.file);
  const passed = known[choice.key] ?? (await choice.passes(newerMetal));
  if (known[choice.key] === undefined) keepVerdict(choice.file, { ...known, [choice.key]: passed });
  return passed ? newer : folder;
}

function isNewEnough(system: string | null): boolean {
  const [major = 0, minor = 0] = (system ?? "").split(".").map(Number);
  return major > needs[0] || (major === needs[0] && minor >= needs[1]);
}

function readVerdicts(file: string): Record<string, boolean> {
  try {
    const verdicts = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    return Object.fromEntries(
      Object.entries(verdicts).filter((entry): entry is [string, boolean] => typeof entry[1] === "boolean"),
    );
  } catch {
    return {};
  }
}

/** What cannot be kept is tested again at the next start. */
function keepVerdict(file: string, verdicts: Record<string, boolean>): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeAtomicSync(file, JSON.stringify(verdicts), { durable: false });
  } catch {
    // tested again at the next start
  }
}
