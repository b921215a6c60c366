import { closeSync, lstatSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Download } from "../capabilities/capability.ts";

const everyFile = ["**/*.{safetensors,json,txt,pt,pth}"];

/** The verdict on a model's files. */
export interface Weights {
  /** Of all files together. */
  hash: string;
  files: number;
  bytes: number;
  /** Whether each file has the hash that its publisher gave it. False without a published hash. */
  verified: boolean;
}

/**
 * Reads every byte of a model's files. In Hugging Face's cache a file lies under the hash that was published for it; a download from
 * elsewhere states its own. `downloads` are those that brought the paths, in their order; empty for the user's own files.
 *
 * @throws When a file has not the hash that was published for it.
 */
export async function weightsOf(
  paths: readonly string[],
  downloads: readonly Download[],
  signal: AbortSignal,
): Promise<Weights> {
  const together = new Bun.CryptoHasher("sha256");
  const found = { files: 0, bytes: 0, verified: true };
  for (const [i, path] of paths.entries()) {
    const download = downloads[i];
    const wanted = download?.kind === "huggingface" ? download.files : everyFile;
    const stated = download?.kind === "url" ? download.sha256 : undefined;
    const names = statSync(path).isDirectory()
      ? wanted
          .flatMap((pattern) => [
            ...new Bun.Glob(pattern).scanSync({ cwd: path, followSymlinks: true, onlyFiles: false }),
          ])
          .filter((name) => statSync(join(path, name)).isFile())
      : [""];
    for (const name of [...new Set(names)].sort()) {
      const file = join(path, name);
      const blob = lstatSync(file).isSymbolicLink() ? basename(realpathSync(file)) : "";
      const hash = await hashOf(file, /^[0-9a-f]{40}$/.test(blob), signal);
      const published = stated ?? (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(blob) ? blob : undefined);
      if (published !== undefined && hash !== published)
        throw new Error(
          `${name || basename(path)} does not have its published hash: easel deactivate the model and activate it anew`,
        );
      found.verified &&= published !== undefined;
      found.files++;
      found.bytes += statSync(file).size;
      together.update(`${name} ${hash}\n`);
    }
  }
  return { ...found, hash: together.digest("hex") };
}

/** SHA-256, or the SHA-1 that git gives a small file. */
async function hashOf(path: string, git: boolean, signal: AbortSignal): Promise<string> {
  const hasher = new Bun.CryptoHasher(git ? "sha1" : "sha256");
  if (git) hasher.update(`blob ${statSync(path).size}\0`);
  const buffer = new Uint8Array(256 * 1024);
  const file = openSync(path, "r");
  try {
    for (let turn = 1; ; turn++) {
      const read = readSync(file, buffer);
      if (read === 0) return hasher.digest("hex");
      hasher.update(buffer.subarray(0, read));
      if (turn % 64 === 0) await setImmediate();
      signal.throwIfAborted();
    }
  } finally {
    closeSync(file);
  }
}
