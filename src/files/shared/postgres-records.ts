/**
 * File records in PostgreSQL. The job store inserts them, too: in a transaction, or as a part of a statement of its own.
 *
 * @module
 */
import type { SQL } from "bun";
import { Refusal } from "../../errors.ts";
import type { Client } from "../../fleet/connect.ts";
import { takeTurn } from "../../fleet/turns.ts";
import type { Records } from "../create-store.ts";
import type { FileRecord } from "../file.ts";
import { rememberedRemovals } from "../records.ts";
import { type FilePage, type FileQuery, fileIdPattern, type Retention } from "../store.ts";

type Row = Omit<FileRecord, "size" | "meta"> & { size: string; meta: string };

const recordOf = ({ size, meta, ...row }: Row): FileRecord => ({
  ...row,
  size: Number(size),
  meta: JSON.parse(meta),
});

/** Ids that are read at a time. */
const page = 1000;

export const postgresRecords = (client: Client): Records => ({
  insert: async (record) => void (await client.run((sql) => insertFiles(sql, [record]))),
  insertOnce: (record, key) => client.begin((sql) => insertOnce(sql, record, key)),
  forgetKeys: (age) => client.run((sql) => forgetKeys(sql, age)),
  find: (id) => client.run((sql) => findFile(sql, id)),
  list: (query) => client.run((sql) => listFiles(sql, query)),
  remove: (id) => client.begin(async (sql) => (await removeFiles(sql, [id])).length > 0),
  prune: (limits) => pruneFiles(client, limits),
  totals: () => client.run(fileTotals),
  ids: () => fileIds(client),
  takeTurn: (upkeep, seconds) => client.run((sql) => takeTurn(sql, `files_${upkeep}`, seconds)),
});

/** Inserts records, whose bytes must be durable: if the condition holds, which may name other parts of the statement. */
export function insertFiles(
  sql: SQL,
  records: readonly FileRecord[],
  condition = sql`true`,
): SQL.Query<unknown> {
  const each = (of: (record: FileRecord) => string) => sql.array(records.map(of), "text");
  const numbers = (of: (record: FileRecord) => number, type: "bigint" | "float8") =>
    sql.array(records.map(of), type);
  return sql`
    INSERT INTO files (file_id, filename, content_type, size, sha256, created_at, meta)
    SELECT * FROM unnest(${each(({ file_id }) => file_id)}, ${each(({ filename }) => filename)},
      ${each(({ content_type }) => content_type)}, ${numbers(({ size }) => size, "bigint")}, ${each(({ sha256 }) => sha256)},
      ${numbers(({ created_at }) => created_at, "float8")}, ${each(({ meta }) => JSON.stringify(meta))})
    WHERE ${condition}`;
}

const keyPrefix = "file_of_";

/** Inserts the first record of a key. Gives the id of that one. */
async function insertOnce(sql: SQL, record: FileRecord, key: string): Promise<string> {
  const name = keyPrefix + key;
  const rows = await sql`
    INSERT INTO settings (name, value) VALUES (${name}, ${record.file_id} || ' ' || easel_now()::text)
    ON CONFLICT (name) DO NOTHING RETURNING name`;
  if (rows.length > 0) {
    await insertFiles(sql, [record]);
    return record.file_id;
  }
  const [first] = await sql<{ id: string }[]>`
    SELECT split_part(value, ' ', 1) AS id FROM settings WHERE name = ${name}`;
  return first!.id;
}

async function forgetKeys(sql: SQL, age: number): Promise<void> {
  await sql`
    DELETE FROM settings WHERE CASE WHEN starts_with(name, ${keyPrefix})
      THEN split_part(value, ' ', 2)::float8 < easel_now() - ${age}::float8 END`;
}

async function findFile(sql: SQL, id: string): Promise<FileRecord | undefined> {
  if (!fileIdPattern.test(id)) return undefined;
  const [row] = await sql<Row[]>`
    SELECT file_id, filename, content_type, size, sha256, created_at, meta FROM files WHERE file_id = ${id}`;
  return row && recordOf(row);
}

async function listFiles(sql: SQL, { limit = 1000, after }: FileQuery): Promise<FilePage> {
  const before = after === undefined ? "9223372036854775807" : await placeOf(sql, after);
  const rows = await sql<Row[]>`
    SELECT file_id, filename, content_type, size, sha256, created_at, meta
    FROM files WHERE seq < ${before}::bigint ORDER BY seq DESC LIMIT ${limit + 1}`;
  return { data: rows.slice(0, limit).map(recordOf), has_more: rows.length > limit };
}

async function placeOf(sql: SQL, id: string): Promise<string> {
  const [row] = fileIdPattern.test(id)
    ? await sql<{ seq: string }[]>`
        SELECT seq FROM files WHERE file_id = ${id}
        UNION ALL SELECT seq FROM removed_files WHERE file_id = ${id}`
    : [];
  if (!row) throw new Refusal("invalid_parameter", "after is not the id of a known file");
  return row.seq;
}

/** Removes records and remembers their places. Gives the ids that were there. */
async function removeFiles(sql: SQL, ids: readonly string[]): Promise<string[]> {
  const rows = await sql<{ file_id: string }[]>`
    WITH gone AS (DELETE FROM files WHERE file_id = ANY(${sql.array([...ids], "text")}) RETURNING seq, file_id)
    INSERT INTO removed_files SELECT seq, file_id FROM gone RETURNING file_id`;
  await sql`DELETE FROM removed_files WHERE seq <= (SELECT max(seq) FROM removed_files) - ${rememberedRemovals}::bigint`;
  return rows.map(({ file_id }) => file_id);
}

/** Removes the oldest records, a batch at a time, so that no lock is held for long. */
async function pruneFiles(client: Client, { before = 0, maxBytes, inUse }: Retention): Promise<string[]> {
  const used = await inUse();
  const removed: string[] = [];
  const { bytes } = await client.run(fileTotals);
  let surplus = maxBytes === undefined ? 0 : bytes - maxBytes;
  let after = "0";
  for (;;) {
    const rows = await client.run(
      (sql) => sql<Oldest[]>`
      SELECT seq, file_id, size, created_at FROM files WHERE seq > ${after}::bigint ORDER BY seq LIMIT ${page}`,
    );
    const chosen: string[] = [];
    for (const { seq, file_id, size, created_at } of rows) {
      after = seq;
      if (used.has(file_id) || (created_at >= before && surplus <= 0)) continue;
      chosen.push(file_id);
      surplus -= Number(size);
    }
    if (chosen.length > 0) removed.push(...(await client.begin((sql) => removeUnused(sql, chosen))));
    if (rows.length < page || (chosen.length === 0 && surplus <= 0)) return removed;
  }
}

type Oldest = Pick<Row, "file_id" | "size" | "created_at"> & { seq: string };

/** Removes those records that no live job names, not even one that is committed meanwhile. */
async function removeUnused(sql: SQL, ids: readonly string[]): Promise<string[]> {
  const idsOf = (rows: { file_id: string }[]) =>
    sql.array(
      rows.map(({ file_id }) => file_id),
      "text",
    );
  // A job that is being made locks its files first: they are skipped here, or it finds them gone.
  const locked = await sql<{ file_id: string }[]>`
    SELECT file_id FROM files WHERE file_id = ANY(${sql.array([...ids], "text")}) FOR UPDATE SKIP LOCKED`;
  const free = await sql<{ file_id: string }[]>`
    SELECT f.file_id FROM files f WHERE f.file_id = ANY(${idsOf(locked)})
    AND NOT EXISTS (SELECT FROM job_files j WHERE j.file_id = f.file_id)`;
  return removeFiles(
    sql,
    free.map(({ file_id }) => file_id),
  );
}

async function fileTotals(sql: SQL): Promise<{ count: number; bytes: number }> {
  const [row] = await sql<{ count: string; bytes: string }[]>`
    SELECT count(*) AS count, coalesce(sum(size), 0) AS bytes FROM files`;
  return { count: Number(row!.count), bytes: Number(row!.bytes) };
}

/** Every collation orders ids alike: they differ in digits and small letters only. */
async function* fileIds(client: Client): AsyncGenerator<string> {
  let after = "";
  for (;;) {
    const rows = await client.run(
      (sql) => sql<{ file_id: string }[]>`
      SELECT file_id FROM files WHERE file_id > ${after} ORDER BY file_id LIMIT ${page}`,
    );
    for (const { file_id } of rows) yield file_id;
    if (rows.length < page) return;
    after = rows.at(-1)!.file_id;
  }
}
