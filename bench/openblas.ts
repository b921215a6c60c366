/**
 * OpenBLAS for the Python side of a benchmark: the wheel of MLX brings the reference BLAS, which is many times slower, and a
 * comparison with that would say nothing. Fetched by pinned hash, with a library before it that has the names that MLX asks for.
 *
 * @module
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "../scripts/build/run.ts";

const names = ["cblas_sgemm", "cblas_dgemm"];

/** The library to preload into a process that uses MLX's wheel. */
export async function openBlas(): Promise<string> {
  const folder = join(import.meta.dir, "../.cache/bench-openblas");
  const library = join(folder, "libblas-for-mlx.so");
  if (existsSync(library)) return library;
  const staging = `${folder}.${process.pid}`;
  mkdirSync(staging, { recursive: true });
  try {
    const missing = "python3 with pip is needed: `apt install python3 python3-pip`";
    const requirements = join(import.meta.dir, "requirements-openblas.txt");
    const fetch = "python3 -m pip download --quiet --no-deps --require-hashes --only-binary=:all:".split(" ");
    await run([...fetch, "--dest", staging, "-r", requirements], missing);
    const wheel = readdirSync(staging).find((name) => name.endsWith(".whl"))!;
    await run(["python3", "-m", "zipfile", "-e", join(staging, wheel), staging], missing);
    rmSync(join(staging, wheel));
    const jump = process.arch === "arm64" ? "b" : "jmp";
    const assembly = join(staging, "names.S");
    await Bun.write(
      assembly,
      `.text\n${names.map((name) => `.globl ${name}\n.type ${name}, %function\n${name}: ${jump} scipy_${name}${process.arch === "arm64" ? "" : "@PLT"}\n`).join("")}.section .note.GNU-stack, "", %progbits\n`,
    );
    await run(
      [
        ...[process.env.CXX ?? "g++", "-shared", assembly, `-L${join(staging, "scipy_openblas32/lib")}`],
        ...["-l:libscipy_openblas.so", "-Wl,-rpath,$ORIGIN/scipy_openblas32/lib"],
        ...["-o", join(staging, "libblas-for-mlx.so")],
      ],
      "a C++ compiler is needed: `apt install g++`",
    );
    renameSync(staging, folder);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  return library;
}
