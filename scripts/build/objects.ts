/**
 * Compiles sources of C++ one by one, as many at once as there are processors, and keeps the objects: what is compiled again is only
 * what a change can reach.
 *
 * @module
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import { run } from "./run.ts";

export interface Compiler {
  /** The program and its arguments, without input and output. */
  command: readonly string[];
  /** Where `#include "…"` looks after the folder of the file that says it. */
  include: string;
  /** What else the objects depend on, by a name that changes with it. */
  besides: string;
  /** The error when there is no compiler. */
  missing: string;
}

/** The units' objects, in their order, in a folder of the cache that holds nothing else. */
export async function objects(
  units: readonly string[],
  compiler: Compiler,
  cache: string,
): Promise<string[]> {
  const { command, missing, besides } = compiler;
  // Two compilers of one name may be there one after the other.
  const version = await run([command[0]!, "--version"], missing);
  mkdirSync(cache, { recursive: true });
  const made = await each(units, async (unit) => {
    const texts = [...reached(unit, compiler.include)].sort().map((path) => readFileSync(path, "utf8"));
    const stamp = new Bun.CryptoHasher("sha256").update([version, besides, ...command, ...texts].join("\0"));
    const object = join(cache, `${basename(unit)}-${stamp.digest("hex").slice(0, 24)}.o`);
    if (!existsSync(object)) await whole(object, (as) => run([...command, "-c", unit, "-o", as], missing));
    return object;
  });
  keepOnly(cache, made);
  return made;
}

/** The unit and every file of ours that it may include, whatever the preprocessor decides. The compiler's own and MLX's are not ours. */
export function reached(unit: string, include: string, seen = new Set<string>()): Set<string> {
  if (seen.has(unit)) return seen;
  seen.add(unit);
  for (const [, name] of readFileSync(unit, "utf8").matchAll(/^[ \t]*#[ \t]*include[ \t]*"([^"]+)"/gm))
    for (const folder of [dirname(unit), include]) {
      const path = join(folder, name!);
      if (existsSync(path)) reached(path, include, seen);
    }
  return seen;
}

/** Makes a file under another name first, so that it is never there in part. */
export async function whole(path: string, make: (as: string) => Promise<unknown>): Promise<void> {
  const staging = `${path}.${process.pid}`;
  try {
    await make(staging);
    renameSync(staging, path);
  } finally {
    rmSync(staging, { force: true });
  }
}

/** Removes the rest of earlier builds, but not files that another process is writing. */
export function keepOnly(folder: string, paths: readonly string[]): void {
  const wanted = new Set(paths.map((path) => basename(path)));
  for (const name of readdirSync(folder))
    if (!wanted.has(name) && !/\.\d+$/.test(name)) rmSync(join(folder, name), { force: true });
}

/** As many at once as there are processors. The first that fails is thrown when all that began have ended. */
async function each<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const waiting = [...items.entries()];
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift())
      try {
        results[next[0]] = await work(next[1]);
      } catch (error) {
        waiting.length = 0;
        throw error;
      }
  };
  const ended = await Promise.allSettled(Array.from({ length: availableParallelism() }, worker));
  for (const one of ended) if (one.status === "rejected") throw one.reason;
  return results;
}
