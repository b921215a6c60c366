import { expect, test } from "bun:test";
import { join } from "node:path";
import { macPeaks, macTable } from "../../../scripts/docs/mac-memory.ts";
import { memoryTable, withTable } from "../../../scripts/docs/memory-table.ts";

const readme = join(import.meta.dir, "../../../README.md");

test("README's tables of memory are what easel plan says; make them again with bun run docs", async () => {
  const page = await Bun.file(readme).text();
  expect(withTable(page, "memory", memoryTable())).toBe(page);
  expect(withTable(page, "mac-memory", macTable(macPeaks()))).toBe(page);
});

test("the table counts gigabytes as the plans do, and says so for each model", () => {
  expect(memoryTable()).toMatch(
    /^\| Qwen-Image, 8 \/ 4 bits +\| 1024×1024 +\| \d+\.\d \/ \d+\.\d GB \| +\d+\.\d \/ \d+\.\d GB +\|$/m,
  );
});

test("a Mac's table names each model at the smallest memory whose working set holds it", () => {
  const table = macTable([
    { model: "a/small", bits: 8, gb: 5.2, short: 5.2 },
    { model: "a/small", bits: 4, gb: 3, short: 3 },
    { model: "a/large", bits: null, gb: 10.8, short: 10.8 },
    { model: "a/huge", bits: 4, gb: 99, short: 99 },
  ]);
  const line = (size: number) => table.split("\n").find((row) => row.startsWith(`| ${size} GB`))!;
  expect(line(8)).toContain("5.3 GB");
  expect(line(8)).toContain("a/small (8 bits, 5.2 GB)");
  expect(line(8)).not.toContain("4 bits");
  // No more of them fit on that one.
  expect(line(16)).toBeUndefined();
  expect(line(24)).toContain("a/large (10.8 GB)");
  expect(table).not.toContain("a/huge");
});

test("a page without a place for the table is refused", () => {
  expect(() => withTable("# easel\n", "memory", "")).toThrow("no place for the table");
});
