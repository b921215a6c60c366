import { afterEach, beforeEach, expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type MetalChoice, metalFolder, newerMetal } from "../../../src/check/metal-variant.ts";

const root = join(import.meta.dir, "../../..");
let folder: string;
let asked: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "easel-metal-"));
  asked = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const newer = () => join(folder, newerMetal);
const choice = (more: Partial<MetalChoice> = {}, passes = true): MetalChoice => ({
  system: () => "26.3",
  key: "Apple M5 | darwin 25.3.0 | 1.0",
  file: join(folder, "cache/metal-variant.json"),
  passes: async (variant) => {
    asked.push(variant);
    return passes;
  },
  ...more,
});

test("a binary with one set of kernels has nothing to choose", async () => {
  expect(await metalFolder(folder, choice({ forced: newerMetal }))).toBe(folder);
  expect(asked).toEqual([]);
});

test("the newer kernels are used where the system is new enough and they pass, tested once", async () => {
  mkdirSync(newer());
  for (const system of ["14.7.1", "15.6", "26.0", "26.1.2", "", null])
    expect(await metalFolder(folder, choice({ system: () => system }))).toBe(folder);
  expect(asked).toEqual([]);
  for (const system of ["26.2", "26.10", "27.0"])
    expect(await metalFolder(folder, choice({ system: () => system }))).toBe(newer());
  expect(asked).toEqual([newerMetal]);
});

test("kernels that fail are left alone, until machine, system or build change", async () => {
  mkdirSync(newer());
  expect(await metalFolder(folder, choice({}, false))).toBe(folder);
  expect(await metalFolder(folder, choice({}, true))).toBe(folder);
  expect(asked).toHaveLength(1);
  expect(await metalFolder(folder, choice({ key: "Apple M5 | darwin 25.4.0 | 1.0" }))).toBe(newer());
});

test("the variable decides without a test, and damaged verdicts count as none", async () => {
  mkdirSync(newer());
  expect(await metalFolder(folder, choice({ forced: newerMetal, system: () => "15.0" }))).toBe(newer());
  expect(await metalFolder(folder, choice({ forced: "usual" }))).toBe(folder);
  mkdirSync(join(folder, "cache"));
  writeFileSync(choice().file, '{"Apple M5 | darwin 25.3.0 | 1.0": "yes"');
  expect(await metalFolder(folder, choice())).toBe(newer());
  expect(asked).toEqual([newerMetal]);
});

test("the engine opens the library of the chosen folder, and doctor names it", async () => {
  const native = join(folder, "native");
  cpSync(join(root, "dist/native"), native, { recursive: true });
  cpSync(join(root, "dist/native"), join(native, newerMetal), { recursive: true });
  const doctor = async (variant: string) => {
    const child = Bun.spawn([process.execPath, join(root, "src/main.ts"), "doctor", "--engine-part"], {
      env: { ...process.env, HOME: folder, EASEL_NATIVE_DIR: native, EASEL_METAL_VARIANT: variant },
      stdout: "pipe",
    });
    return JSON.parse(await new Response(child.stdout).text());
  };
  const found = await doctor(newerMetal);
  expect(found).toMatchObject({ variant: newerMetal, kind: expect.any(String) });
  expect(found.results.every(({ ok }: { ok: boolean }) => ok)).toBe(true);
  expect(await doctor("usual")).not.toHaveProperty("variant");
  expect(existsSync(join(folder, ".cache/easel/metal-variant.json"))).toBe(false);
});
