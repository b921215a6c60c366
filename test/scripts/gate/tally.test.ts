import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { counts, total } from "../../../scripts/gate/tally.ts";

test("a skipped test counts as neither passed nor failed", () => {
  const xml =
    '<testsuites name="bun test" tests="9" failures="2" skipped="3" time="1"><testsuite tests="1"/></testsuites>';
  expect(counts(xml)).toEqual({ passed: 4, failed: 2 });
});

test("an empty report counts nothing", () => {
  expect(counts("")).toEqual({ passed: 0, failed: 0 });
});

test("the total is the sum of every step", async () => {
  const folder = mkdtempSync(join(tmpdir(), "easel-tally-"));
  try {
    writeFileSync(join(folder, "tests.json"), JSON.stringify({ passed: 7, failed: 0 }));
    writeFileSync(join(folder, "types.json"), JSON.stringify({ passed: 0, failed: 1 }));
    writeFileSync(join(folder, "tests.xml"), "<testsuites/>");
    expect(await total(folder)).toEqual({ passed: 7, failed: 1 });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
