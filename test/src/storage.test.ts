import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
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
