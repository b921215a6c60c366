import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  lutimesSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { partialName, sweepPartials } from "../../../src/disk/cache-folder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "easel-cache-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const days = (count: number) => new Date(Date.now() - count * 24 * 3600_000);

test("a file that is being written stays, whatever the age of what its link points to", () => {
  const target = join(folder, "device");
  writeFileSync(target, "");
  utimesSync(target, days(9), days(9));
  symlinkSync(target, join(folder, partialName("linked")));
  writeFileSync(join(folder, partialName("plain")), "");
  expect(sweepPartials(folder)).toEqual([]);
});

test("a file goes when its process has ended, or when it is more than a day old", () => {
  writeFileSync(join(folder, ".ended.99999999.part"), "");
  const old = join(folder, partialName("old"));
  writeFileSync(old, "");
  utimesSync(old, days(2), days(2));
  const link = join(folder, partialName("link"));
  symlinkSync("/dev/null", link);
  lutimesSync(link, days(2), days(2));
  writeFileSync(join(folder, "whole.text"), "");
  sweepPartials(folder);
  expect(readdirSync(folder)).toEqual(["whole.text"]);
});
