/**
 * Products of few bits by each instruction for integers that this processor has.
 *
 * @module
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { includeFlags, kernelFlags } from "../../scripts/build/compile.ts";
import { run } from "../../scripts/build/run.ts";

const root = join(import.meta.dir, "../..");

/** A program that times a product; undefined where the kernels have no such instructions. */
export async function compileSets(): Promise<string | undefined> {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  const program = join(root, "dist/bench-few-bits");
  mkdirSync(join(program, ".."), { recursive: true });
  const units = [
    "avx2integer.cpp",
    "avxvnni.cpp",
    "avx512vnni.cpp",
    "pool.cpp",
    "recording.cpp",
    "topology.cpp",
  ];
  const files = [join(import.meta.dir, "sets.cpp"), ...units.map((name) => join(root, "kernels", name))];
  const flags = ["-O3", "-std=c++20", "-pthread", ...kernelFlags, ...includeFlags];
  await run([process.env.CXX ?? "g++", ...flags, ...files, "-o", program], "a C++ compiler is needed");
  return program;
}

/** Processor seconds by instruction, a number for each round. */
export async function timesOfSets(
  program: string,
  numbers: readonly number[],
): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>();
  for (const line of (await run([program, ...numbers.map(String)], "")).trim().split("\n")) {
    const [set, time] = line.split(" ") as [string, string];
    times.set(set, [...(times.get(set) ?? []), Number(time)]);
  }
  return times;
}
