/**
 * README's table of what fits on Macs, made from the plans of a Mac and from what Metal recommends at least.
 *
 * @module
 */
import { join } from "node:path";
import { likelyWorkingSet } from "../../src/engine/memory.ts";
import { gigabyte } from "../../src/engine/residency.ts";
import { markdownTable, type Peak } from "./memory-table.ts";

/** The plans of a Mac, which counts two bytes a number: from another process, whose platform is a Mac's before anything is loaded. */
export function macPeaks(): Peak[] {
  const module = JSON.stringify(join(import.meta.dir, "memory-table.ts"));
  const program = `Object.defineProperty(process, "platform", { value: "darwin" });
    const { peaks } = await import(${module});
    console.log(JSON.stringify(peaks()));`;
  const { stdout, stderr, exitCode } = Bun.spawnSync([process.execPath, "-e", program]);
  if (exitCode !== 0) throw new Error(stderr.toString());
  return JSON.parse(stdout.toString()) as Peak[];
}

const sizes = [8, 16, 24, 32];

/** Of each size of memory: the models that fit there and not on the size before, with as many bits as fit, and their largest phase. */
export function macTable(peaks: readonly Peak[]): string {
  const sets = sizes.map((size) => likelyWorkingSet(size * gigabyte, "darwin")! / gigabyte);
  const all = sizes.map((size, i) => {
    const fits = peaks
      .filter(({ short }) => short <= sets[i]! && short > (sets[i - 1] ?? 0))
      .map((peak) => ({ ...peak, gb: peak.gb <= sets[i]! ? peak.gb : peak.short }));
    const best = fits.filter(
      ({ model, gb }) => !fits.some((other) => other.model === model && other.gb > gb),
    );
    return [`${size} GB`, `${sets[i]!.toFixed(1)} GB`, best.map(words).join(", ")];
  });
  const cells = all.filter(([, , models]) => models !== "");
  return markdownTable(["Mac with", "Metal recommends, at least", "fits, with its largest phase"], cells);
}

const words = ({ model, bits, gb }: Peak) =>
  `${model} (${bits === null ? "" : `${bits} bits, `}${gb.toFixed(1)} GB)`;
