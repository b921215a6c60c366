import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "..");

test("every promise of SECURITY.md names a test that exists", () => {
  const rows = readFileSync(join(root, "SECURITY.md"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| ") && !/^\| (promise|-)/.test(line));
  expect(rows.length).toBeGreaterThan(30);
  const broken = rows.filter((row) => {
    const [, file, name] = /\| `((?:test\/contract\/[^`]+|[^`]+\.test)\.ts)` "([^"]+)"\s+\|$/.exec(row) ?? [];
    if (!file || !name || !existsSync(join(root, file))) return true;
    const source = readFileSync(join(root, file), "utf8");
    return !new RegExp(
      `\\b(test|describe)(\\.each\\([\\s\\S]*?\\))?\\(\\s*"${name.replace(/[.*+?^$()|[\]\\{}]/g, "\\$&")}"`,
    ).test(source);
  });
  expect(broken).toEqual([]);
});
