/**
 * Makes `dist/easel`: fetches MLX by pinned hashes, compiles the shim, packs the native parts, and compiles all of it with Bun into
 * one executable. What has not changed is not made again.
 *
 *     bun build.ts [--target linux-x64|linux-arm64|darwin-arm64] [--newer-metal]
 *
 * With a target, nothing of this machine goes into the file, Bun's own executable included, and it is called `dist/easel-<target>`.
 *
 * `--newer-metal` adds MLX's kernels for macOS 26.2 to a binary for a Mac, which takes them there when they pass a test; off until a
 * Mac has run it.
 *
 * @module
 */
import { existsSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundle, packed, parts } from "./scripts/build/bundle.ts";
import { crossPackages, crossRuntime } from "./scripts/build/cross.ts";
import { buildNative, buildNewerMetal, host, type Target } from "./scripts/build/native.ts";

export const targets: readonly Target[] = ["linux-x64", "linux-arm64", "darwin-arm64"];

/** Builds for this machine, or for a target. */
export async function build(named?: Target, { newer = false } = {}): Promise<string> {
  const target = named ?? host;
  if (newer && target !== "darwin-arm64") throw new Error("--newer-metal is for darwin-arm64");
  const native = await buildNative(target);
  const modules = named ? await crossPackages(named) : join(import.meta.dir, "node_modules");
  const archive = join(import.meta.dir, "dist/parts", target, "native.tar.zst");
  const later = newer ? await buildNewerMetal(native) : undefined;
  await packed(parts(target, native.folder, modules, later), archive);
  const outfile = join(import.meta.dir, named ? `dist/easel-${named}` : "dist/easel");
  try {
    await bundle({ target, archive, outfile, runtime: named && (await crossRuntime(named)) });
  } catch (error) {
    rmSync(outfile, { force: true });
    throw error;
  }
  return outfile;
}

function targetOf(name: string): Target {
  const target = targets.find((known) => known === name);
  if (!target) throw new Error(`unknown target "${name}"; known: ${targets.join(", ")}`);
  return target;
}

if (import.meta.main) {
  try {
    const { values } = parseArgs({
      options: { target: { type: "string" }, "newer-metal": { type: "boolean", default: false } },
    });
    if (!existsSync(join(import.meta.dir, "node_modules")))
      throw new Error("the packages are not installed: run `bun install --frozen-lockfile`");
    const started = performance.now();
    const outfile = await build(values.target === undefined ? undefined : targetOf(values.target), {
      newer: values["newer-metal"],
    });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${outfile}: ${(statSync(outfile).size / 1e6).toFixed(1)} MB in ${seconds} s`);
  } catch (error) {
    console.error(`build: ${error instanceof Error ? error.message : error}`);
    process.exit(1);
  }
}
