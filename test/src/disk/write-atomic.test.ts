import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeAtomic, writeAtomicSync } from "../../../src/disk/write-atomic.ts";
import { canMount, runOnSmallDisk } from "../../small-disk.ts";
import { temporaryFolder } from "../files/folder.ts";

const disk = join(temporaryFolder(), "disk");
const module = JSON.stringify(join(import.meta.dir, "../../../src/disk/write-atomic.ts"));

describe.each([
  ["writeAtomic()", writeAtomic],
  ["writeAtomicSync()", async (...args: Parameters<typeof writeAtomicSync>) => writeAtomicSync(...args)],
])("%s", (_name, write) => {
  test("writes text, bytes and pieces of bytes, for the owner alone unless told otherwise", async () => {
    const folder = temporaryFolder();
    await write(join(folder, "text"), "hello");
    await write(join(folder, "bytes"), new Uint8Array([1, 2]), { mode: 0o644, durable: false });
    await write(join(folder, "pieces"), [new Uint8Array([1]), new Uint8Array(), new Uint8Array([2, 3])]);
    expect(readFileSync(join(folder, "text"), "utf8")).toBe("hello");
    expect([...readFileSync(join(folder, "bytes"))]).toEqual([1, 2]);
    expect([...readFileSync(join(folder, "pieces"))]).toEqual([1, 2, 3]);
    expect(statSync(join(folder, "text")).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "bytes")).mode & 0o777).toBe(0o644);
    expect(readdirSync(folder)).toHaveLength(3);
  });

  test("leaves what was there, and nothing beside it, when it fails", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "taken");
    mkdirSync(join(path, "inside"), { recursive: true });
    await expect(write(path, "new")).rejects.toThrow();
    await expect(write(join(folder, "absent", "file"), "new")).rejects.toThrow("ENOENT");
    expect(readdirSync(folder)).toEqual(["taken"]);
    const file = join(folder, "file");
    writeFileSync(file, "old");
    await write(file, "new");
    expect(readFileSync(file, "utf8")).toBe("new");
  });
});

test.skipIf(!canMount)("a disk that is full keeps the old file and no half of the new one", async () => {
  const seen = await runOnSmallDisk(disk, 1, [
    "-e",
    `import { readdirSync, readFileSync } from "node:fs";
     const { writeAtomic, writeAtomicSync } = await import(${module});
     process.chdir(${JSON.stringify(disk)});
     writeAtomicSync("file", "old");
     const much = new Uint8Array(2e6);
     const codes = [await writeAtomic("file", much).catch(({ code }) => code)];
     try { writeAtomicSync("file", much); } catch ({ code }) { codes.push(code); }
     console.log(JSON.stringify({ codes, content: readFileSync("file", "utf8"), left: readdirSync(".") }));`,
  ]);
  expect(seen).toEqual({ codes: ["ENOSPC", "ENOSPC"], content: "old", left: ["file"] });
});
