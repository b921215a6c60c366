/**
 * The test of a GPU's kernels at start. It runs once for each device, system and build. Passed tests are kept in a small file, so a
 * warm start only reads it.
 *
 * @module
 */

import { mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { writeAtomicSync } from "../disk/write-atomic.ts";
import type { DeviceState, Engine } from "../engine/engine.ts";
import { withRemedy } from "./gpu-remedies.ts";
import { broken, checkKernels, kernelFaults } from "./kernel-check.ts";

export interface TestedOn {
  /** Where passed tests are kept. */
  file: string;
  /** The operating system with its version, and the build of easel with its native parts. */
  system: string;
  build: string;
  /** Unpacks native parts again that are damaged, and says whether any was. */
  mend(): Promise<boolean>;
}

/** Passed tests that are kept. */
const remembered = 8;

/** @throws {Error} for the operator, when a kernel of the GPU does not run or computes something else. */
export async function testAtStart(
  engine: Engine,
  { file, system, build, mend }: TestedOn,
): Promise<DeviceState> {
  const { kind, device: name, architecture, precision } = await engine.stats();
  if (kind === "cpu") return { kind, name, self_test: "not_needed", ...(precision && { precision }) };
  const key = [name, architecture, system, build].join(" | ");
  const passed = readPassed(file);
  if (passed.includes(key)) return { kind, name, self_test: "passed_before" };
  const { results } = await checkKernels(engine);
  const faults = kernelFaults(broken(results));
  if (faults.length > 0) {
    const said = `${name}: ${faults.length} of ${results.length} kernels failed\n  ${faults.join("\n  ")}`;
    if (await mend())
      throw new Error(`${said}\n  the native parts were damaged and are unpacked again: start once more`);
    throw new Error(withRemedy(said));
  }
  const imprecise = kernelFaults(results);
  if (imprecise.length > 0) return { kind, name, self_test: "imprecise", imprecise };
  keepPassed(file, [key, ...passed].slice(0, remembered));
  return { kind, name, self_test: "passed" };
}

function readPassed(file: string): string[] {
  try {
    const passed = JSON.parse(readFileSync(file, "utf8")).passed as unknown;
    return Array.isArray(passed) ? passed.filter((key) => typeof key === "string") : [];
  } catch {
    return [];
  }
}

function keepPassed(file: string, passed: readonly string[]): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeAtomicSync(file, JSON.stringify({ passed }), { durable: false });
  } catch {
    // on a full or read-only disk the next start tests again
  }
}
