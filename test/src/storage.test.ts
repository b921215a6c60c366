import { expect, test } from "bun:test";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withRoom } from "../../src/database.ts";
import { createLog } from "../../src/log.ts";
import { openStorage } from "../../src/storage.ts";
import { temporaryFolder } from "./files/folder.ts";

const log = createLog({ level: "error", format: "text", secrets: [], write: () => {} });

test("a data directory that was removed is named as the reason at once, not a full disk", async () => {
  const folder = join(temporaryFolder(), "data");
  const storage = openStorage(folder, folder, log);
  try {
    expect(storage.problem()).toBeNull();
    rmSync(folder, { recursive: true });
    expect(storage.problem()).toBe("the data directory was removed");
    expect((await storage.failed).message).toContain(folder);
  } finally {
    storage.close();
  }
});

const full = () => Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL" });

test("a step that opens a data directory on a full disk gets the reserve's room and is tried again", () => {
  const folder = temporaryFolder();
  const reserve = join(folder, "easel.reserve");
  writeFileSync(reserve, "x");
  const open = () => {
    if (existsSync(reserve)) throw full();
    return "open";
  };
  expect(withRoom(folder, open)).toBe("open");
});

test("a disk that stays full is an error that names the folder and what to do", () => {
  const folder = temporaryFolder();
  const open = () => {
    throw full();
  };
  expect(() => withRoom(folder, open)).toThrow(`data_dir ${folder}: free some space there`);
});
