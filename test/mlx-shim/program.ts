import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { includeFlags, kernelFlags } from "../../scripts/build/compile.ts";

const root = join(import.meta.dir, "../..");
const compiler = process.env.CXX ?? "g++";

/** For programs that run here. */
export const sanitized = [compiler, "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/** For arm64, with what runs such programs; null where one of them is not here. */
export function emulated(): { command: string[]; runner: string[] } | null {
  const cross = Bun.which("aarch64-linux-gnu-g++");
  const emulator = Bun.which("qemu-aarch64-static") ?? Bun.which("qemu-aarch64");
  return cross && emulator ? { command: [cross, "-static"], runner: [emulator, "-cpu", "max"] } : null;
}

/** Compiles a program of this folder with some kernels, runs it, and tells its exit status and what it printed. */
export function outcome(
  program: string,
  units: readonly string[],
  { command = sanitized, runner = [] }: { command?: readonly string[]; runner?: readonly string[] } = {},
): string {
  const folder = mkdtempSync(join(tmpdir(), "easel-kernels-"));
  try {
    const made = join(folder, "program");
    const sources = [`test/mlx-shim/${program}`, ...units.map((name) => `kernels/${name}`)];
    const usual = ["-std=c++20", "-O1", "-g", "-Wall", "-Wextra", "-Werror", ...kernelFlags, ...includeFlags];
    const files = sources.map((name) => join(root, name));
    const built = Bun.spawnSync([...command, ...usual, ...files, "-pthread", "-o", made]);
    if (built.exitCode !== 0) return built.stderr.toString();
    const ran = Bun.spawnSync([...runner, made]);
    return `${ran.exitCode} ${ran.stdout}${ran.stderr}`.trim();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
