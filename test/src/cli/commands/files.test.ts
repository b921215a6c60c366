import { expect, test } from "bun:test";
import { namesOf } from "../../../../src/cli/commands/files.ts";

test("a stored file is saved under a visible name that every system takes", () => {
  const cases: [filename: string, stem: string, extension: string][] = [
    ["street.jpg", "street", ".jpg"],
    ["two words.tar.gz", "two words.tar", ".gz"],
    ["README", "README", ""],
    [".bashrc", "bashrc", ""],
    ["..hidden.png", "hidden", ".png"],
    ["../../.ssh/config", "config", ""],
    ["...", "file_1", ""],
    ["", "file_1", ""],
    ["a".repeat(400), "a".repeat(200), ""],
    [`${"a".repeat(400)}.png`, "a".repeat(200), ".png"],
    [`a.${"b".repeat(400)}`, `a.${"b".repeat(198)}`, ""],
    ["é".repeat(300), "é".repeat(100), ""],
    [`a${"é".repeat(300)}.png`, `a${"é".repeat(99)}`, ".png"],
  ];
  for (const [filename, stem, extension] of cases)
    expect([filename, namesOf(filename, "file_1")]).toEqual([filename, { stem, extension }]);
});
