/**
 * File records in SQLite. The functions are synchronous, so that the job store can call them inside its own transaction.
 *
 * @module
 */
import type { Database } from "bun:sqlite";
import { Refusal } from "../errors.ts";
import type { FileRecord } from "./file.ts";
import { type FilePage, type FileQuery, fileIdPattern } from "./store.ts";

type Row = Omit<FileRecord, "meta"> & { meta: string };

const columns = "file_id, filename, content_type, size, sha256, created_at, meta";
const recordOf = (row: Row): FileRecord => ({ ...row, meta: JSON.parse(row.meta) });

/** How many removed files are remembered. A list cannot continue after an older one. */
const rememberedRemovals = 1_000_000;

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

export function findFile(database: Database, id: string): FileRecord | undefined {
  if (!fileIdPattern.test(id)) return undefined;
  const row = database.query<Row, [string]>(`SELECT ${columns} FROM files WHERE file_id = ?`).get(id);
  return row ? recordOf(row) : undefined;
}

/** True when it was there. */
export function removeFile(database: Database, id: string): boolean {
  return database.transaction(() => {
    database.query("INSERT INTO removed_files SELECT seq, file_id FROM files WHERE file_id = ?").run(id);
    database
      .query("DELETE FROM removed_files WHERE seq <= (SELECT max(seq) FROM removed_files) - ?")
      .run(rememberedRemovals);
    return database.query("DELETE FROM files WHERE file_id = ?").run(id).changes > 0;
  })();
}

export function listFiles(database: Database, { limit = 1000, after }: FileQuery): FilePage {
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

export function fileTotals(database: Database): { count: number; bytes: number } {
  return database
    .query<{ count: number; bytes: number }, []>(
      "SELECT count(*) AS count, coalesce(sum(size), 0) AS bytes FROM files",
    )
    .get()!;
}

/** Oldest first, for retention. */
export function* oldestFiles(
  database: Database,
): Generator<Pick<FileRecord, "file_id" | "size" | "created_at">> {
  yield* database
    .query<Pick<FileRecord, "file_id" | "size" | "created_at">, []>(
      "SELECT file_id, size, created_at FROM files ORDER BY seq",
    )
    .iterate();
}

export function fileIds(database: Database): Set<string> {
  return new Set(
    database
      .query<{ file_id: string }, []>("SELECT file_id FROM files")
      .all()
      .map((row) => row.file_id),
  );
}

/** Names the database that a folder of blobs belongs to. */
export function identityOf(database: Database): string {
  return database.query<{ id: string }, []>("SELECT id FROM files_identity").get()!.id;
}
