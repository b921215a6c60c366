/**
 * What the processor makes at most.
 *
 * @module
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../scripts/build/run.ts";

/** Products with their additions in a second, by instruction set, with so many threads. */
export async function peak(threads: string): Promise<Record<string, number>> {
  const folder = join(import.meta.dir, "../../dist");
  const program = join(folder, "bench-peak");
  mkdirSync(folder, { recursive: true });
  const flags = ["-O2", "-std=c++20", "-pthread", "-ffp-contract=fast", "-Wno-psabi"];
  await run(
    [process.env.CXX ?? "g++", ...flags, join(import.meta.dir, "peak.cpp"), "-o", program],
    "a C++ compiler is needed",
  );
  const lines = (await run([program, threads], "")).trim().split("\n");
  return Object.fromEntries(lines.map((line) => line.split(" ")).map(([set, rate]) => [set, Number(rate)]));
}
