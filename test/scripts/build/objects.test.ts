import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { objects } from "../../../scripts/build/objects.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "easel-objects-"));
  mkdirSync(join(folder, "deep"));
  write("one.cpp", '#include "deep/table.inc"\nint one() { return FIRST; }');
  write("two.cpp", "int two() { return 2; }");
  // found beside the one that asks for it, as compilers do
  write("deep/table.inc", '  #  include "values.h"');
  write("deep/values.h", "#define FIRST 1");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const compiler = process.env.CXX ?? (process.platform === "darwin" ? "clang++" : "g++");
const made = (more: string[] = [], besides = "") =>
  objects(
    [join(folder, "one.cpp"), join(folder, "two.cpp")],
    { command: [compiler, ...more], include: folder, besides, missing: "no compiler" },
    join(folder, "cache"),
  );
const kept = () => readdirSync(join(folder, "cache")).sort();

test("what no change can reach is not compiled again", async () => {
  const before = await made();
  expect(await made()).toEqual(before);
  write("deep/values.h", "#define FIRST 11");
  const after = await made();
  expect(after[0]).not.toBe(before[0]!);
  expect(after[1]).toBe(before[1]!);
  expect(kept()).toEqual(after.map((path) => path.split("/").at(-1)!).sort());
});

test("other flags, or another of what lies outside, compile everything again", async () => {
  const all = [await made(), await made(["-O1"]), await made([], "another")].flat();
  expect(new Set(all).size).toBe(6);
});

test("a unit that does not compile is told with the compiler's words and leaves nothing in part", async () => {
  const [one] = await made();
  write("two.cpp", "int two() { return nothing; }");
  await expect(made()).rejects.toThrow("nothing");
  await made().catch(() => {});
  expect(kept()).toContain(one!.split("/").at(-1)!);
  expect(kept().filter((name) => !name.endsWith(".o"))).toEqual([]);
});

test("without a compiler the build says what to install", async () => {
  const none = { command: ["no-such-compiler"], include: folder, besides: "", missing: "install one" };
  await expect(objects([join(folder, "two.cpp")], none, join(folder, "cache"))).rejects.toThrow(
    "install one",
  );
});
