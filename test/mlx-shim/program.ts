import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { includeFlags, kernelFlags } from "../../scripts/build/compile.ts";

const root = join(import.meta.dir, "../..");
const compiler = process.env.CXX ?? "g++";

/** For programs that run here. */
export const sanitized = [compiler, "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/** The units of the threads, which all kernels need. */
export const pool = ["pool.cpp", "recording.cpp", "topology.cpp"] as const;

/** For arm64, with what runs such programs; null where one of them is not here. */
export function emulated(): { command: string[]; runner: string[] } | null {
  const cross = Bun.which("aarch64-linux-gnu-g++");
  const emulator = Bun.which("qemu-aarch64-static") ?? Bun.which("qemu-aarch64");
  return cross && emulator ? { command: [cross, "-static"], runner: [emulator, "-cpu", "max"] } : null;
}

export interface How {
  command?: readonly string[];
  runner?: readonly string[];
  /** One run for each number of threads; none: as many as there are processors. */
  threads?: readonly (number | undefined)[];
}

/**
 * Compiles a program of this folder with some kernels, runs it, and tells its exit status and what it printed: all that it printed where
 * runs differ.
 */
export function outcome(
  program: string,
  units: readonly string[],
  { command = sanitized, runner = [], threads = [undefined] }: How = {},
): string {
  const folder = mkdtempSync(join(tmpdir(), "easel-kernels-"));
  try {
    const made = join(folder, "program");
    const sources = [`test/mlx-shim/${program}`, ...units.map((name) => `kernels/${name}`)];
    const usual = ["-std=c++20", "-O1", "-g", "-Wall", "-Wextra", "-Werror", ...kernelFlags, ...includeFlags];
    const files = sources.map((name) => join(root, name));
    const [compiler, ...flags] = command;
    const whole = [compiler!, ...usual, ...flags, ...files, "-pthread", "-o", made];
    const built = Bun.spawnSync(whole, { cwd: root });
    if (built.exitCode !== 0) return built.stderr.toString();
    const ends = threads.map((count) => {
      const env = { ...process.env, ...(count !== undefined && { EASEL_CPU_THREADS: `${count}` }) };
      const ran = Bun.spawnSync([...runner, made], { env });
      return `${ran.exitCode} ${ran.stdout}${ran.stderr}`.trim();
    });
    return [...new Set(ends)].join("\n");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
