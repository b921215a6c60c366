import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockDirectory, openDatabase } from "../../src/database.ts";

const folder = () => {
  const path = mkdtempSync(join(tmpdir(), "easel-database-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
};

test("openDatabase() makes the file for its owner alone, in WAL mode, with every commit on the disk", () => {
  using dir = folder();
  const path = join(dir.path, "sub", "easel.db");
  const database = openDatabase(path);
  expect(database.query("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
  expect(database.query("PRAGMA synchronous").get()).toEqual({ synchronous: 2 });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  database.close();
});

test("openDatabase() brings the schema up once and keeps what is in it", () => {
  using dir = folder();
  const path = join(dir.path, "easel.db");
  const first = openDatabase(path);
  first.run("INSERT INTO removed_jobs (seq, id, pruned) VALUES (1, 'job_1', 1)");
  first.close();
  const second = openDatabase(path);
  expect(second.query("SELECT id FROM removed_jobs").all()).toEqual([{ id: "job_1" }]);
  second.close();
});

test("openDatabase() refuses a file of a newer version and leaves it alone", () => {
  using dir = folder();
  const path = join(dir.path, "easel.db");
  const database = openDatabase(path);
  database.run("PRAGMA user_version = 9999");
  database.close();
  expect(() => openDatabase(path)).toThrow("newer version");
});

test("openDatabase() names a folder that stands in the database's place", () => {
  using dir = folder();
  const path = join(dir.path, "easel.db");
  mkdirSync(path);
  expect(() => openDatabase(path)).toThrow(`${path} is a folder, but the database should be a file there`);
});

test("lockDirectory() refuses a second server and gives way once the first is gone", () => {
  using dir = folder();
  const unlock = lockDirectory(dir.path);
  expect(() => lockDirectory(dir.path)).toThrow("Another easel server uses this data directory");
  unlock();
  lockDirectory(dir.path)();
});

test("lockDirectory() says what is wrong with a data directory that cannot be one", () => {
  using dir = folder();
  const file = join(dir.path, "file");
  writeFileSync(file, "");
  for (const path of [file, join(file, "below")])
    expect(() => lockDirectory(path)).toThrow(`data_dir ${path} is not a folder`);
});

test("lockDirectory() is given back by a process that is killed", async () => {
  using dir = folder();
  const child = Bun.spawn(
    [
      process.execPath,
      "-e",
      `const { lockDirectory } = await import(${JSON.stringify(join(import.meta.dir, "../../src/database.ts"))});
       lockDirectory(${JSON.stringify(dir.path)}); console.log("held"); setInterval(() => {}, 1000);`,
    ],
    { stdout: "pipe" },
  );
  const reader = child.stdout.getReader();
  await reader.read();
  expect(() => lockDirectory(dir.path)).toThrow("Another easel server");
  child.kill("SIGKILL");
  await child.exited;
  lockDirectory(dir.path)();
});
