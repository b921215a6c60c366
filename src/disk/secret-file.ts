import { mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { writeAtomicSync } from "./write-atomic.ts";

/**
 * A secret that is made at the first start and kept in a file that only its owner can read. A file of fewer than `least` bytes is
 * incomplete, and the secret is made anew.
 */
export function keptSecret(path: string, least: number, make: () => string | Uint8Array): Buffer {
  const kept = contentOf(path);
  if (kept && kept.length >= least) return kept;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeAtomicSync(path, make());
  return readFileSync(path);
}

function contentOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return undefined;
  }
}
