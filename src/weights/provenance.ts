/**
 * Identity of a file from its path, size and time, without reading it. Cached results name the files that they were made from.
 *
 * @module
 */
import { realpathSync, statSync } from "node:fs";
import { basename } from "node:path";

/** A file of Hugging Face's cache is known by its repository, revision and hash, any other by its size and time. */
export type Provenance =
  | { file: string; size: number; repository: string; revision: string; hash: string }
  | { file: string; size: number; modified: number };

const snapshot = /[/\\]models--([^/\\]+)[/\\]snapshots[/\\]([0-9a-f]{6,64})[/\\]/;
const blob = /[/\\]blobs[/\\]([0-9a-f]{40,64})$/;

export function provenanceOf(path: string): Provenance {
  const { size, mtimeMs } = statSync(path);
  const file = basename(path);
  const [, repository, revision] = snapshot.exec(path) ?? [];
  const [, hash] = blob.exec(realpathSync(path)) ?? [];
  return repository !== undefined && revision !== undefined && hash !== undefined
    ? { file, size, repository: repository.replaceAll("--", "/"), revision, hash }
    : { file, size, modified: mtimeMs };
}
