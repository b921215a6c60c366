/**
 * Commands over the files of a fleet: which bytes are missing, and the files and jobs of a single machine.
 *
 * @module
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Connection } from "../../fleet/connect.ts";
import { silent } from "../../log.ts";
import type { Settings } from "../../settings/settings.ts";
import { type CommandContext, CommandError, exitCodes } from "../context.ts";
import { bytes, table } from "../output/table.ts";

/** The settings that lead to the files. */
export const filesWays = ["files_url", "s3_endpoint", "s3_region", "s3_access_key", "s3_secret_key"] as const;

/** The records and the bytes of the fleet, for as long as a command lasts. */
async function openFiles({ durable }: Connection, settings: Settings) {
  const { openSharedParts } = await import("../../files/shared/open.ts");
  const folder = mkdtempSync(join(tmpdir(), "easel-fleet-"));
  const close = () => rmSync(folder, { recursive: true, force: true });
  try {
    const parts = await openSharedParts({
      client: durable,
      settings,
      cacheFolder: join(folder, "files"),
      now: () => Date.now() / 1000,
      log: silent,
    });
    return { ...parts, [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }
}

export interface MissingFile {
  file_id: string;
  filename: string;
  size: number;
  /** Unix seconds. */
  created_at: number;
}

/** Records whose bytes are not in the place of the files. */
export async function missingFiles(database: Connection, settings: Settings): Promise<MissingFile[]> {
  const { createFileStore } = await import("../../files/create-store.ts");
  using parts = await openFiles(database, settings);
  const missing: MissingFile[] = [];
  for await (const { file_id, filename, size, created_at } of createFileStore(parts).missing())
    missing.push({ file_id, filename, size, created_at });
  return missing;
}

export function missingText(missing: readonly MissingFile[]): string {
  if (missing.length === 0) return "Files: the bytes of every file are there";
  const rows = missing.map((file) => [
    file.file_id,
    file.filename.slice(0, 40),
    bytes(file.size),
    new Date(file.created_at * 1000).toISOString().slice(0, 16).replace("T", " "),
  ]);
  return `${table([["File without bytes", "Name", "Size", "Stored (UTC)"], ...rows])}\nFiles: the bytes of ${missing.length} are missing`;
}

/** Copies a data directory into the fleet. The directory stays as it is. */
export async function importDirectory(
  database: Connection,
  settings: Settings,
  { dataDir, filesRoot }: { dataDir: string; filesRoot: string },
  context: CommandContext,
): Promise<void> {
  const path = join(dataDir, "easel.db");
  if (!statSync(path, { throwIfNoEntry: false })?.isFile())
    throw new CommandError(`${dataDir} is no data directory of easel: it has no easel.db`, exitCodes.usage);
  const [{ lockDirectory, openDatabase }, { importFiles }, { importJobs }] = await Promise.all([
    import("../../database.ts"),
    import("../../files/shared/import.ts"),
    import("../../jobs/store/import.ts"),
  ]);
  const unlock = lockDirectory(dataDir);
  try {
    using source = openDatabase(path);
    using parts = await openFiles(database, settings);
    const files = await importFiles(source, filesRoot, parts);
    const jobs = await importJobs(source, database.durable);
    context.out(`Files: ${files.copied} copied, ${files.there} were in the fleet already.`);
    context.out(`Ended jobs: ${jobs.copied} copied, ${jobs.there} were in the fleet already.`);
    for (const id of files.broken) context.out(`Not copied: the bytes of ${id} are missing or damaged`);
    for (const id of jobs.live)
      context.out(`Not copied: ${id} has not ended; start easel with this data directory to let it end`);
  } finally {
    unlock();
  }
}
