/**
 * Writes files whole or not at all: beside their place, then moved there. A failure leaves what was there before.
 *
 * @module
 */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { partialName } from "./cache-folder.ts";
import { syncFolder } from "./sync-folder.ts";

export interface AtomicWrite {
  mode?: number;
  /** False where a loss of power may take the file: its bytes are not flushed. */
  durable?: boolean;
}

type Content = string | Uint8Array | readonly Uint8Array[];

export async function writeAtomic(
  path: string,
  content: Content,
  { mode = 0o600, durable = true }: AtomicWrite = {},
): Promise<void> {
  const partial = partialOf(path);
  try {
    await using file = await open(partial, "w", mode);
    for (const bytes of piecesOf(content)) await writeAll(file, bytes);
    if (durable) await file.sync();
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => {});
    throw error;
  }
  if (durable) syncFolder(dirname(path));
}

/** In one go, so that a signal finds either nothing or the whole file. */
export function writeAtomicSync(
  path: string,
  content: Content,
  { mode = 0o600, durable = true }: AtomicWrite = {},
): void {
  const partial = partialOf(path);
  try {
    const file = openSync(partial, "w", mode);
    try {
      for (const bytes of piecesOf(content))
        for (let at = 0; at < bytes.byteLength; ) at += writeSync(file, bytes, at);
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

const partialOf = (path: string) => join(dirname(path), partialName(basename(path)));

function piecesOf(content: Content): readonly Uint8Array[] {
  if (typeof content === "string") return [Buffer.from(content)];
  return content instanceof Uint8Array ? [content] : content;
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) at += (await file.write(bytes, at)).bytesWritten;
}
