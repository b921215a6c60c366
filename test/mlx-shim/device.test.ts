import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../scripts/build/run.ts";

test("a Metal that fails is reported in its own words and never becomes a CPU", async () => {
  const folder = mkdtempSync(join(tmpdir(), "easel-device-"));
  try {
    const program = join(folder, "device");
    const compiler = process.env.CXX ?? (process.platform === "darwin" ? "clang++" : "g++");
    const source = join(import.meta.dir, "device.cpp");
    await run(
      [compiler, "-std=c++20", "-Wall", "-Wextra", "-Werror", source, "-o", program],
      "a C++ compiler",
    );
    const lines = (await run([program], "")).trim().split("\n");
    expect(lines).toEqual([
      "Metal works, best: gpu",
      "Metal works, cpu: cpu",
      "Metal works, gpu: gpu",
      "Metal throws, best: [open] Metal does not work: Failed to load the default metallib",
      "Metal throws, cpu: [open] Metal does not work: Failed to load the default metallib",
      "Metal throws, gpu: [open] Metal does not work: Failed to load the default metallib",
      "a GPU, best: gpu",
      "a GPU, cpu: cpu",
      "a GPU, gpu: gpu",
      "none, best: cpu",
      "none, cpu: cpu",
      "none, gpu: [open] this machine has no GPU that MLX can use",
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
