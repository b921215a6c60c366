import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verdict } from "../../../src/cli/check.ts";
import { probePicture } from "../../../src/cli/probe.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "easel-check-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("verdict() keeps the first result and holds later ones against it", () => {
  const file = join(folder, "cache/checks.json");
  const cells = Array.from({ length: 64 }, (_, i) => 3 * i);
  expect(verdict(file, "a/b", cells)).toContain("kept");
  expect(existsSync(file)).toBe(true);
  expect(
    verdict(
      file,
      "a/b",
      cells.map((value) => value + 2),
    ),
  ).toContain("earlier check");
  expect(() => verdict(file, "a/b", cells.toReversed())).toThrow("differs by 189 of 255 grey levels");
  expect(verdict(file, "a/c", cells.toReversed())).toContain("kept");
  writeFileSync(file, "{ damaged");
  expect(verdict(file, "a/b", cells)).toContain("kept");
});

test("verdict() refuses a result of one single colour", () => {
  const file = join(folder, "checks.json");
  expect(() => verdict(file, "a/b", new Array<number>(64).fill(7))).toThrow("one single colour");
  expect(existsSync(file)).toBe(false);
});

test("probePicture() is the same picture every time", async () => {
  const bytes = async () => Buffer.from(await (await probePicture(40, 30)).arrayBuffer());
  expect((await bytes()).equals(await bytes())).toBe(true);
});
