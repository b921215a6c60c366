/**
 * File records in SQLite. The functions are synchronous, so that the job store can call them inside its own transaction.
 *
 * @module
 */
import type { Database } from "bun:sqlite";
import type { Spend } from "../disk/reserve.ts";
import { Refusal } from "../errors.ts";
import type { Records } from "./create-store.ts";
import type { FileRecord } from "./file.ts";
import { type FilePage, type FileQuery, fileIdPattern, type Retention } from "./store.ts";

type Row = Omit<FileRecord, "meta"> & { meta: string };

const columns = "file_id, filename, content_type, size, sha256, created_at, meta";
const recordOf = (row: Row): FileRecord => ({ ...row, meta: JSON.parse(row.meta) });

/** How many removed files are remembered. A list cannot continue after an older one. */
export const rememberedRemovals = 1_000_000;

/** The records as the file store uses them. `spend` is how deletions reach a full disk. */
export const sqliteRecords = (database: Database, spend: Spend, turns = turnsOfOne()): Records => ({
  takeTurn: turns,
  insert: async (record) => insertFile(database, record),
  find: async (id) => findFile(database, id),
  list: async (query) => listFiles(database, query),
  remove: async (id) => spend(() => removeFile(database, id)),
  prune: (limits) => pruneFiles(database, spend, limits),
  totals: async () => fileTotals(database),
  async *ids() {
    yield* fileIds(database);
  },
});

/** The turns of a process that shares its files with no other. */
function turnsOfOne(): Records["takeTurn"] {
  const last = new Map<string, number>();
  return async (upkeep, seconds) => {
    const now = performance.now() / 1000;
    if (now - (last.get(upkeep) ?? Number.NEGATIVE_INFINITY) < seconds) return false;
    last.set(upkeep, now);
    return true;
  };
}

/** Whether a row that was saved from a damaged database is a record. */
export function isFileRow(row: Record<string, unknown>): boolean {
  try {
    JSON.parse(String(row.meta));
    return fileIdPattern.test(String(row.file_id));
  } catch {
    return false;
  }
}

/** Inserts a record, whose bytes must be durable. */
export function insertFile(database: Database, record: FileRecord): void {
  database
    .query(
      `INSERT INTO files (${columns}) VALUES ($file_id, $filename, $content_type, $size, $sha256, $created_at, $meta)`,
    )
    .run({ ...record, meta: JSON.stringify(record.meta) });
}

function findFile(database: Database, id: string): FileRecord | undefined {
  if (!fileIdPattern.test(id)) return undefined;
  const row = database.query<Row, [string]>(`SELECT ${columns} FROM files WHERE file_id = ?`).get(id);
  return row ? recordOf(row) : undefined;
}

/** True when it was there. */
function removeFile(database: Database, id: string): boolean {
  return database.transaction(() => {
    database.query("INSERT INTO removed_files SELECT seq, file_id FROM files WHERE file_id = ?").run(id);
    database
      .query("DELETE FROM removed_files WHERE seq <= (SELECT max(seq) FROM removed_files) - ?")
      .run(rememberedRemovals);
    return database.query("DELETE FROM files WHERE file_id = ?").run(id).changes > 0;
  })();
}

function listFiles(database: Database, { limit = 1000, after }: FileQuery): FilePage {
  const rows = database
    .query<Row, [number, number]>(`SELECT ${columns} FROM files WHERE seq < ? ORDER BY seq DESC LIMIT ?`)
    .all(after === undefined ? Number.MAX_SAFE_INTEGER : placeOf(database, after), limit + 1);
  return { data: rows.slice(0, limit).map(recordOf), has_more: rows.length > limit };
}

function placeOf(database: Database, id: string): number {
  const row = fileIdPattern.test(id)
    ? database
        .query<{ seq: number }, { id: string }>(
          "SELECT seq FROM files WHERE file_id = $id UNION ALL SELECT seq FROM removed_files WHERE file_id = $id",
        )
        .get({ id })
    : null;
  if (!row) throw new Refusal("invalid_parameter", "after is not the id of a known file");
  return row.seq;
}

async function pruneFiles(
  database: Database,
  spend: Spend,
  { before = 0, maxBytes = Number.POSITIVE_INFINITY, inUse }: Retention,
): Promise<string[]> {
  const used = await inUse();
  // No await from here to the last removed record: a job that is committed meanwhile could need a file chosen here.
  let { bytes } = fileTotals(database);
  const chosen: string[] = [];
  for (const { file_id, size, created_at } of oldestFiles(database)) {
    if (used.has(file_id) || (created_at >= before && bytes <= maxBytes)) continue;
    chosen.push(file_id);
    bytes -= size;
  }
  const removeRecords = database.transaction(() => {
    for (const id of chosen) removeFile(database, id);
  });
  spend(removeRecords);
  return chosen;
}

function fileTotals(database: Database): { count: number; bytes: number } {
  return database
    .query<{ count: number; bytes: number }, []>(
      "SELECT count(*) AS count, coalesce(sum(size), 0) AS bytes FROM files",
    )
    .get()!;
}

/** Oldest first, for retention. */
function* oldestFiles(database: Database): Generator<Pick<FileRecord, "file_id" | "size" | "created_at">> {
  yield* database
    .query<Pick<FileRecord, "file_id" | "size" | "created_at">, []>(
      "SELECT file_id, size, created_at FROM files ORDER BY seq",
    )
    .iterate();
}

/** Every record, the oldest first. */
export function* recordsOf(database: Database): Generator<FileRecord> {
  for (const row of database.query<Row, []>(`SELECT ${columns} FROM files ORDER BY seq`).iterate())
    yield recordOf(row);
}

/** In order. */
export function fileIds(database: Database): Set<string> {
  return new Set(
    database
      .query<{ file_id: string }, []>("SELECT file_id FROM files ORDER BY file_id")
      .all()
      .map((row) => row.file_id),
  );
}

/** Names the database that a folder of blobs belongs to. */
export function identityOf(database: Database): string {
  return database.query<{ id: string }, []>("SELECT id FROM files_identity").get()!.id;
}
