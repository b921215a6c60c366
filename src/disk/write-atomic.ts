import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { partialName } from "./cache-folder.ts";
import { syncFolder } from "./sync-folder.ts";

export interface AtomicWrite {
  mode?: number;
  /** False where a loss of power may take the file: its bytes are not flushed. */
  durable?: boolean;
}

/** Writes a file whole or not at all: beside its place, then moved there. A failure leaves what was there before. */
export function writeAtomic(
  path: string,
  content: string | Uint8Array,
  { mode = 0o600, durable = true }: AtomicWrite = {},
): void {
  const partial = join(dirname(path), partialName(basename(path)));
  try {
    const file = openSync(partial, "w", mode);
    try {
      writeAll(file, typeof content === "string" ? Buffer.from(content) : content);
      if (durable) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
  if (durable) syncFolder(dirname(path));
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.byteLength; ) at += writeSync(file, bytes, at);
}
