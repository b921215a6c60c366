/**
 * The state of an unfinished download: its bytes, and a file beside them that lists the ranges synced to the disk.
 *
 * The names are our own: other programs expect an `.incomplete` of Hugging Face's cache to have no holes.
 *
 * @module
 */
import { readFileSync, renameSync, statSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { isDiskFull } from "../../errors.ts";
import type { Expected } from "./file.ts";
import { bytesIn, type Range, within } from "./ranges.ts";

export const partialOf = (destination: string) => `${destination}.easel-partial`;
export const lockOf = (destination: string) => `${partialOf(destination)}.lock`;
const stateOf = (destination: string) => `${partialOf(destination)}.json`;

interface State {
  size: number;
  etag: string;
  validator: string | null;
  synced: Range[];
}

/** Ranges that an earlier download of the same file synced. */
export function keptRanges(destination: string, { size, etag, validator = null }: Expected): Range[] {
  try {
    const state = JSON.parse(readFileSync(stateOf(destination), "utf8")) as State;
    if (state.etag !== etag || state.size !== size || state.validator !== validator) return [];
    return within(state.synced, statSync(partialOf(destination)).size);
  } catch {
    return [];
  }
}

/** Bytes of a file that an earlier download brought already. */
export function broughtBytes(destination: string, expected: Expected): number {
  return bytesIn(keptRanges(destination, expected));
}

/** Keeps which ranges are safe. They must be synced before. Says whether there was room to do so. */
export async function keepRanges(
  destination: string,
  { size, etag, validator = null }: Expected,
  synced: Range[],
): Promise<boolean> {
  const path = stateOf(destination);
  const state: State = { size, etag, validator, synced };
  try {
    await writeFile(`${path}.new`, JSON.stringify(state), { flush: true });
    renameSync(`${path}.new`, path);
    return true;
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    return false; // the older knowledge stays, and is still true
  }
}

export async function forgetRanges(destination: string): Promise<void> {
  await rm(stateOf(destination), { force: true });
  await rm(`${stateOf(destination)}.new`, { force: true });
}

export async function forget(destination: string): Promise<void> {
  await rm(partialOf(destination), { force: true });
  await forgetRanges(destination);
}
