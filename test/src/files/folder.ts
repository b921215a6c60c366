import { afterAll } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../../src/database.ts";
import { type LocalStoreOptions, openLocalStore } from "../../../src/files/local.ts";

/** A folder that goes away when the file's tests are over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "easel-files-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A store in a folder of its own. `left()` names every file under it that holds bytes. */
export async function temporaryStore(options: Partial<LocalStoreOptions> = {}, folder = temporaryFolder()) {
  const root = options.root ?? join(folder, "files");
  const database = options.database ?? openDatabase(join(folder, "easel.db"));
  const store = await openLocalStore({ database, ...options, root });
  return { store, database, root, left: () => filesUnder(root) };
}

export const filesUnder = (root: string): string[] =>
  ["blobs", "incoming"]
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))
    .sort();
