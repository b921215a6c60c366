import { expect, test } from "bun:test";
import { table } from "../../../../src/cli/output/table.ts";

test("columns are as wide as their widest cell", () => {
  expect(
    table([
      ["Name", "Size"],
      ["a long name", "1 kB"],
    ]),
  ).toBe("Name         Size\na long name  1 kB");
});

test("a name cannot break its line, command the terminal or turn the text around", () => {
  const rows = ["new\nline", "red\u001b[31m", "bell\u0007", "gpj\u202e.exe", "next\u2028line"];
  const lines = table([["Name"], ...rows.map((name) => [name])]).split("\n");
  expect(lines).toEqual([
    "Name",
    "new\\u000aline",
    "red\\u001b[31m",
    "bell\\u0007",
    "gpj\\u202e.exe",
    "next\\u2028line",
  ]);
  expect(table([["Adapter"], ["Größe ✓ 絵"]])).toBe("Adapter\nGröße ✓ 絵");
});
