import { describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { lockDirectory, openDatabase } from "../../src/database.ts";
import { openLocalStore } from "../../src/files/local.ts";
import { createJobStore } from "../../src/jobs/store/sqlite.ts";
import { repair } from "../../src/repair.ts";
import { temporaryFolder } from "./files/folder.ts";
import { arrival } from "./jobs/arrival.ts";

const count = 300;
const png = new Uint8Array(Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"));

/** A data directory with many jobs, and three files of which one has a name that only its record knows. */
async function filled() {
  const dataDir = temporaryFolder();
  const root = join(dataDir, "files");
  const path = join(dataDir, "easel.db");
  const database = openDatabase(path);
  const files = await openLocalStore({ database, root });
  const ids = [
    (await files.store(png, { filename: "my picture.png" })).file_id,
    (await files.store(new TextEncoder().encode("hello"), {})).file_id,
    (await files.store(new Uint8Array(300_000), {})).file_id,
  ];
  const store = createJobStore(database, { keepFile: () => {} });
  for (let n = 0; n < count; n++) await store.create(arrival("fake", { n, text: "x".repeat(500) }));
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
  return { dataDir, root, path, ids };
}

async function opened(dataDir: string, root: string) {
  const database = openDatabase(join(dataDir, "easel.db"));
  const files = await openLocalStore({ database, root });
  const swept = await files.sweep(0);
  const store = createJobStore(database, { keepFile: () => {} });
  const { data } = await store.list();
  const records = (await files.list()).data;
  const paths = await Promise.all(records.map((record) => files.local(record)));
  const intact = records.every(({ sha256 }, at) => {
    const hash = new Bun.CryptoHasher("sha256").update(readFileSync(paths[at]!)).digest("hex");
    return hash === sha256;
  });
  database.close();
  return { swept, jobs: data.length, records, intact };
}

const overwrite = (path: string, from: number, to: number) => {
  const bytes = readFileSync(path);
  bytes.fill(0x5a, from, to);
  writeFileSync(path, bytes);
};

describe("a database that is damaged", () => {
  test.each([
    ["overwritten from its first byte", (path: string) => overwrite(path, 0, 8192), 0],
    ["no database at all", (path: string) => writeFileSync(path, "<html>not found</html>".repeat(100)), 0],
    ["cut short", (path: string) => truncateSync(path, Math.floor(statSync(path).size / 8192) * 4096), 1],
    [
      "overwritten in its middle",
      (path: string) => {
        const { size } = statSync(path);
        overwrite(path, Math.floor(size / 8192) * 4096, Math.floor(size / 8192) * 4096 + 20_480);
      },
      1,
    ],
  ])("because it is %s is put aside, and all files stay", async (_how, damage, readable) => {
    const { dataDir, root, path, ids } = await filled();
    damage(path);
    const damagedBytes = readFileSync(path);
    const done = await repair(dataDir, root, Date.UTC(2026, 10, 29, 12, 0, 5));
    expect(done.found).toBe("a damaged database");
    expect(done.aside).toBe(`${path}.damaged-20261129T120005Z`);
    expect(readFileSync(done.aside!)).toEqual(damagedBytes);
    if (readable === 0) expect(done).toMatchObject({ jobs: 0, files: 0, adopted: 3 });
    else {
      expect(done.jobs).toBeGreaterThan(0);
      expect(done.files + done.adopted).toBe(3);
    }
    const now = await opened(dataDir, root);
    expect(now).toMatchObject({ swept: { removed: 0, missing: [] }, jobs: done.jobs, intact: true });
    expect(now.records.map(({ file_id }) => file_id).sort()).toEqual(ids.toSorted());
    const picture = now.records.find(({ file_id }) => file_id === ids[0])!;
    expect(picture.content_type).toBe("image/png");
    expect(["my picture.png", `recovered-${ids[0]!.slice(5, 13)}.png`]).toContain(picture.filename);
  });

  test("is named when it cannot be opened, with the command that helps", async () => {
    const { path } = await filled();
    overwrite(path, 0, 8192);
    expect(() => openDatabase(path)).toThrow(path);
    expect(() => openDatabase(path)).toThrow("easel repair");
  });
});

describe("files whose database is lost", () => {
  test.each([
    ["deleted", (path: string) => rmSync(path)],
    ["emptied", (path: string) => truncateSync(path, 0)],
  ])("because it was %s are refused with the way out, and taken over", async (_how, lose) => {
    const { dataDir, root, path, ids } = await filled();
    lose(path);
    await expect(openLocalStore({ database: openDatabase(path), root })).rejects.toThrow("easel repair");
    expect(await repair(dataDir, root)).toMatchObject({
      found: "no database for the files",
      aside: null,
      adopted: 3,
    });
    const now = await opened(dataDir, root);
    expect(now).toMatchObject({ swept: { removed: 0, missing: [] }, jobs: 0, intact: true });
    expect(now.records.map(({ file_id }) => file_id).sort()).toEqual(ids.toSorted());
  });
});

test("a whole database is left as it is, and so is what a crash left beside it", async () => {
  const { dataDir, root, path } = await filled();
  const before = readFileSync(path);
  const orphan = join(root, "blobs", `file_${"0".repeat(32)}`);
  writeFileSync(orphan, "staged");
  expect(await repair(dataDir, root)).toMatchObject({ found: "a whole database", aside: null, adopted: 0 });
  expect(readFileSync(path)).toEqual(before);
  expect(existsSync(orphan)).toBe(true);
  expect(readdirSync(dataDir).filter((name) => name.includes("damaged"))).toEqual([]);
});

test("a directory that a server uses is left alone", async () => {
  const { dataDir, root, path } = await filled();
  overwrite(path, 0, 8192);
  const unlock = lockDirectory(dataDir);
  await expect(repair(dataDir, root)).rejects.toThrow("Another easel server");
  unlock();
});

test("a folder and a link among the stored files are named and left alone, and the store opens", async () => {
  const { dataDir, root, path } = await filled();
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
  const folder = join(root, "blobs", `file_${"c".repeat(32)}`);
  const link = join(root, "blobs", `file_${"d".repeat(32)}`);
  mkdirSync(folder);
  symlinkSync(import.meta.path, link);
  const { adopted, skipped } = await repair(dataDir, root);
  expect(adopted).toBe(3);
  expect(skipped.toSorted()).toEqual([folder, link]);
  expect((await opened(dataDir, root)).records).toHaveLength(3);
  expect([existsSync(folder), existsSync(link)]).toEqual([true, true]);
});
