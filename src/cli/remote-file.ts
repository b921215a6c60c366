/**
 * Files of a server: sent, saved, removed.
 *
 * @module
 */

import { mkdirSync, realpathSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { writeAtomicSync } from "../disk/write-atomic.ts";
import { type Client, json, refusal } from "./client.ts";
import { CommandError } from "./context.ts";

/** The path that means standard input or standard output. */
export const standardStream = "-";

/** Sends a file, or standard input, and returns its id. */
export async function upload(client: Client, path: string): Promise<string> {
  const body = new FormData();
  if (path === standardStream) body.append("file", await standardInput(), "stdin");
  else {
    const file = Bun.file(path);
    if (!(await file.exists())) throw new CommandError(`There is no file ${path}`);
    body.append("file", file, basename(path));
  }
  const record = await json<{ file_id: string }>(await client.request("/v1/files", { method: "POST", body }));
  return record.file_id;
}

async function standardInput(): Promise<Blob> {
  const bytes = await Bun.stdin.bytes();
  if (bytes.length === 0) throw new CommandError("Standard input is empty");
  return new Blob([bytes]);
}

/** Writes a stored file under a temporary name first, so that an interruption leaves no partial picture. */
export async function saveFile(client: Client, fileId: string, path: string): Promise<void> {
  const response = await client.request(`/v1/files/${fileId}/download`);
  if (!response.ok) throw new CommandError(await refusal(response));
  const bytes = await response.bytes();
  if (path === standardStream) return writeToOutput(bytes);
  try {
    mkdirSync(dirname(path), { recursive: true });
    const there = statSync(path, { throwIfNoEntry: false });
    // A device or a pipe takes the bytes itself; a rename would replace it.
    if (there && !there.isFile()) return await writeFile(path, bytes);
    const target = there ? realpathSync(path) : path;
    writeAtomicSync(target, bytes, { mode: 0o666, durable: false });
  } catch (error) {
    throw new CommandError(`Cannot write ${path}: ${(error as Error).message}`);
  }
}

/** Removes files from the server. A file that is gone already is no error. */
export async function discard(client: Client, ids: readonly string[]): Promise<void> {
  const signal = AbortSignal.timeout(5000);
  for (const id of ids) await client.request(`/v1/files/${id}`, { method: "DELETE", signal }).catch(() => {});
}

async function writeToOutput(bytes: Uint8Array): Promise<void> {
  try {
    await Bun.write(Bun.stdout, bytes);
  } catch (error) {
    // A reader that closed the pipe has read enough.
    if ((error as NodeJS.ErrnoException).code === "EPIPE") return;
    throw new CommandError(`Cannot write standard output: ${(error as Error).message}`);
  }
}
