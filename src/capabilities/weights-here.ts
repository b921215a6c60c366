/**
 * The models whose files are on this machine, each with a mark that tells weights apart between machines.
 *
 * @module
 */
import { statSync } from "node:fs";
import { Glob } from "bun";
import { provenanceOf } from "../weights/provenance.ts";
import type { Capability, CheckContext } from "./capability.ts";

/** By `family/variant`. */
export function weightsHere(
  families: readonly Capability[],
  context: Pick<CheckContext, "activation">,
): Record<string, string> {
  const here: Record<string, string> = {};
  for (const { family, variants } of families)
    for (const { name } of variants) {
      const activation = context.activation(family, name);
      if ("source" in activation) here[`${family}/${name}`] = markOf(activation.source.paths);
    }
  return here;
}

/** A time says nothing on another machine, so files are told apart by hash where it is known, else by size. */
function markOf(paths: readonly string[]): string {
  const hash = new Bun.CryptoHasher("sha256");
  for (const path of paths.flatMap(filesAt)) {
    const { file, size, ...more } = provenanceOf(path);
    hash.update(JSON.stringify([file, size, "hash" in more ? more.hash : null]));
  }
  return hash.digest("hex").slice(0, 16);
}

function filesAt(path: string): string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path];
  const weights = new Glob("**/*.{safetensors,pt,pth,ckpt,bin}");
  return [...weights.scanSync({ cwd: path, absolute: true, followSymlinks: true })].sort();
}
