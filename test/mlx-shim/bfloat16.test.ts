import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { includeFlags, kernelFlags } from "../../scripts/build/compile.ts";

// Compiling takes longer than running.
setDefaultTimeout(600_000);

const root = join(import.meta.dir, "../..");
const compiler = process.env.CXX ?? "g++";

/** Compiles bfloat16.cpp with some kernels, and runs it. */
function outcome(
  command: readonly string[],
  units: readonly string[],
  runner: readonly string[] = [],
): string {
  const folder = mkdtempSync(join(tmpdir(), "easel-bfloat16-"));
  try {
    const program = join(folder, "bfloat16");
    const sources = ["test/mlx-shim/bfloat16.cpp", ...units].map((name) => join(root, name));
    const usual = ["-std=c++20", "-O1", "-g", "-Wall", "-Wextra", "-Werror", ...kernelFlags, ...includeFlags];
    const built = Bun.spawnSync([...command, ...usual, ...sources, "-pthread", "-o", program]);
    if (built.exitCode !== 0) return built.stderr.toString();
    const ran = Bun.spawnSync([...runner, program]);
    return `${ran.exitCode} ${ran.stdout}${ran.stderr}`.trim();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const onLinux = process.platform === "linux";

test.if(onLinux && process.arch === "x64")(
  "the products of AVX512_BF16 and AMX are those of double precision, with their instructions written out, under sanitizers",
  () => {
    const sanitized = [compiler, "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    expect(outcome(sanitized, ["kernels/pool.cpp"])).toBe("0 all right");
  },
);

const cross = Bun.which("aarch64-linux-gnu-g++");
const emulator = Bun.which("qemu-aarch64-static") ?? Bun.which("qemu-aarch64");

test.if(onLinux && cross !== null && emulator !== null)(
  "the products of Arm's BFMMLA are those of double precision, in an emulator",
  () => {
    const units = ["kernels/bfmmla.cpp", "kernels/pool.cpp"];
    expect(outcome([cross!, "-static"], units, [emulator!, "-cpu", "max"])).toBe("0 all right");
  },
);
