import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { CheckpointError } from "./checkpoint-error.ts";

/** The files of a model, and the folders where its configs may lie. */
export interface WeightFiles {
  label: string;
  files: readonly string[];
  folders: readonly string[];
}

const isFolder = (path: string) => existsSync(path) && statSync(path).isDirectory();
const torchFile = /\.(pt|pth|bin)$/;
const ggufFile = /\.gguf$/;

/** Finds the weights in published layouts: an index with its shards, one safetensors file, or one torch file. */
export function findWeights(paths: readonly string[]): WeightFiles {
  for (const path of paths) {
    const files = isFolder(path) ? inFolder(path) : existsSync(path) ? inFile(path) : [];
    if (files.length === 0) continue;
    return {
      label: basename(files.length === 1 ? files[0]! : path),
      files,
      folders: [...new Set([isFolder(path) ? path : dirname(path), ...paths.filter(isFolder)])],
    };
  }
  const wanted = paths.map((path) => basename(path)).join(", ") || "the model";
  throw new CheckpointError(wanted, "no weights are there (.safetensors, .gguf, .pt, .pth)");
}

function inFile(path: string): string[] {
  if (path.endsWith(".safetensors.index.json")) return shards(path);
  return path.endsWith(".safetensors") || ggufFile.test(path) || torchFile.test(path) ? [path] : [];
}

function inFolder(folder: string): string[] {
  const names = readdirSync(folder).sort();
  const index = names.filter((name) => name.endsWith(".safetensors.index.json"));
  const safetensors = names.filter((name) => name.endsWith(".safetensors"));
  const usual = ["model.safetensors", "diffusion_pytorch_model.safetensors"].find((name) =>
    names.includes(name),
  );
  if (usual !== undefined) return [join(folder, usual)];
  if (index.length === 1) return shards(join(folder, index[0]!));
  const single =
    [safetensors, names.filter((name) => ggufFile.test(name))].find((found) => found.length > 0) ??
    names.filter((name) => torchFile.test(name));
  if (single.length > 1)
    throw new CheckpointError(
      basename(folder),
      `several files could be the weights: ${single.slice(0, 6).join(", ")}`,
    );
  return single.map((name) => join(folder, name));
}

/** The files that an index names. A name that leads out of the folder is refused. */
function shards(index: string): string[] {
  const fail = (reason: string): never => {
    throw new CheckpointError(basename(index), reason);
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(index, "utf8"));
  } catch {
    fail("expected a JSON object");
  }
  const map = (parsed as { weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== "object" || map === null) fail("it has no weight_map");
  const names = [...new Set(Object.values(map as Record<string, unknown>))];
  return names.map((name) => {
    if (typeof name !== "string" || basename(name) !== name || !name.endsWith(".safetensors"))
      return fail("it may only name .safetensors files beside it");
    const path = join(dirname(index), name);
    return existsSync(path) ? path : fail(`the shard ${name.slice(0, 100)} is missing`);
  });
}

/**
 * Where a part of a pipeline lies: its folder in the model's, or that folder itself. A transformer may also be the one file at the top
 * of a folder that has no other, as authors and ComfyUI publish it.
 */
export function partPlace(paths: readonly string[], part: string): string | undefined {
  const folder = paths
    .flatMap((path) => [join(path, part), ...(basename(path) === part ? [path] : [])])
    .find(isFolder);
  if (folder !== undefined || part !== "transformer") return folder;
  return paths.map((path) => topFiles(path)).find((files) => files.length === 1)?.[0];
}

/** The files at the top of a model's folder that could be its transformer. */
export const topFiles = (path: string): string[] =>
  isFolder(path)
    ? readdirSync(path)
        .filter((name) => name.endsWith(".safetensors") || ggufFile.test(name))
        .map((name) => join(path, name))
    : [];
