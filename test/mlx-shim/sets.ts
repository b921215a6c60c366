import { readFileSync } from "node:fs";

const flags =
  process.platform === "linux"
    ? (/^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "")
    : "";
const has = (name: string) => flags.split(" ").includes(name);
const wide = ["avx512f", "avx512vl", "avx512dq", "avx512bw"];
const needs = {
  avx2: ["avx2", "fma"],
  avx512: wide,
  bfloat16: [...wide, "avx512_bf16"],
  avxvnni: ["avx2", "fma", "avx_vnni"],
  avx512vnni: [...wide, "avx512_vnni"],
  amx: [...wide, "avx512_bf16", "amx_tile", "amx_bf16"],
  amx_float32: [...wide, "avx512_bf16", "amx_tile", "amx_bf16"],
};
/** Those that not every processor has. */
export const optional = ["avx2", "avx512", "amx_float32", "amx"] as const;
export const present = (set: keyof typeof needs) => needs[set].every(has);

/** The instruction sets that this machine has kernels for; the last is the one that it takes by itself. */
export const sets = process.platform === "linux" ? ["base", ...optional.filter(present)] : [];

/**
 * How far products that an activation or a residual follows, and wide convolutions, may be apart from float32's: ten times as far
 * where a set takes three products of bfloat16 for one (`docs/bench/terms.md`).
 */
export const withinTerms = (set: string, within: number) => (set === "amx" ? 10 * within : within);

/** Whole numbers from a seed, the same on every run. */
export function dice(seed: number): (low: number, high: number) => number {
  let state = seed;
  return (low, high) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return low + Math.floor((state / 2 ** 32) * (high - low + 1));
  };
}
