import { expect, test } from "bun:test";
import { join } from "node:path";
import { memoryTable, withMemoryTable } from "../../../scripts/docs/memory-table.ts";

const readme = join(import.meta.dir, "../../../README.md");

test("README's table of memory is what easel plan says; make it again with bun run docs", async () => {
  const page = await Bun.file(readme).text();
  expect(withMemoryTable(page)).toBe(page);
});

test("the table counts gigabytes as the plans do, and says so for each model", () => {
  expect(memoryTable()).toMatch(/^\| Qwen-Image, 8 \/ 4 bits +\| 1024×1024 +\| \d+\.\d \/ \d+\.\d GB \|$/m);
});

test("a page without a place for the table is refused", () => {
  expect(() => withMemoryTable("# easel\n")).toThrow("no place for the table");
});
