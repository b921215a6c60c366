/**
 * Copies the files of a single machine into a fleet, under their ids. Repeated, it goes on where it stopped.
 *
 * @module
 */
import type { Database } from "bun:sqlite";
import { join } from "node:path";
import { Refusal } from "../../errors.ts";
import type { Bytes } from "../bytes.ts";
import type { Records } from "../create-store.ts";
import { recordsOf } from "../records.ts";

export interface ImportedFiles {
  copied: number;
  /** Files that were in the fleet already. */
  there: number;
  /** Ids of files whose bytes are missing or are not those of their record. */
  broken: string[];
}

/** @param root The folder of the files. */
export async function importFiles(
  database: Database,
  root: string,
  { records, bytes }: { records: Records; bytes: Bytes },
): Promise<ImportedFiles> {
  const imported: ImportedFiles = { copied: 0, there: 0, broken: [] };
  for (const record of recordsOf(database)) {
    if (await records.find(record.file_id)) {
      imported.there++;
      continue;
    }
    try {
      await bytes.adopt(record, join(root, "blobs", record.file_id));
    } catch (error) {
      const code = error instanceof Refusal ? error.code : (error as NodeJS.ErrnoException).code;
      if (code !== "file_damaged" && code !== "ENOENT") throw error;
      imported.broken.push(record.file_id);
      continue;
    }
    await records.insert(record);
    imported.copied++;
  }
  return imported;
}
