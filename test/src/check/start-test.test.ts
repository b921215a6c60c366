import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KernelResult } from "../../../src/check/kernel-check.ts";
import { testAtStart } from "../../../src/check/start-test.ts";
import type { Engine, EngineStats } from "../../../src/engine/engine.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "easel-start-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const good: KernelResult = { name: "product", ok: true, error: 1e-7, tolerance: 1e-5 };
const gpu = { device: "Apple M4", kind: "gpu", architecture: "applegpu_g16g" } as const;

/** An engine of which only the device and the results of its kernels are asked. */
function engineWith(results: readonly KernelResult[], stats: Partial<EngineStats> = gpu) {
  const asked: string[] = [];
  const engine = {
    load: async () => ({ bytes: 0 }),
    run: async (family: string) => {
      asked.push(family);
      return { output: { results }, input: {}, peak: 0 };
    },
    evict: async () => {},
    stats: async () => ({ active: 0, peak: 0, cache: 0, parts: {}, ...stats }) as EngineStats,
  } as unknown as Engine;
  return { engine, asked };
}
const on = (more = {}) => ({
  file: join(folder, "cache/self-test.json"),
  system: "darwin 24.1.0",
  build: "1.0 native-1",
  mend: async () => false,
  ...more,
});

test("a GPU is tested once for each device, system and build", async () => {
  const { engine, asked } = engineWith([good]);
  expect(await testAtStart(engine, on())).toEqual({ kind: "gpu", name: "Apple M4", self_test: "passed" });
  expect(await testAtStart(engine, on())).toMatchObject({ self_test: "passed_before" });
  expect(asked).toHaveLength(1);
  for (const other of [{ system: "darwin 25.0.0" }, { build: "1.1 native-2" }])
    expect(await testAtStart(engine, on(other))).toMatchObject({ self_test: "passed" });
  expect(await testAtStart(engineWith([good], { ...gpu, device: "Apple M1" }).engine, on())).toMatchObject({
    self_test: "passed",
  });
  // the first one is still known
  expect(await testAtStart(engine, on())).toMatchObject({ self_test: "passed_before" });
});

test("a processor is not tested, and nothing is written", async () => {
  const { engine, asked } = engineWith([good], { device: "cpu", kind: "cpu", architecture: "" });
  expect(await testAtStart(engine, on())).toEqual({ kind: "cpu", name: "cpu", self_test: "not_needed" });
  expect(asked).toEqual([]);
  expect(existsSync(on().file)).toBe(false);
});

test("a kernel that does not run ends the start with its name, Metal's words and what to do", async () => {
  const failed = { ...good, name: "sorting", ok: false, error: null, message: "Unable to load kernel sort" };
  const { engine } = engineWith([good, failed]);
  await expect(testAtStart(engine, on())).rejects.toThrow(
    /Apple M4: 1 of 2 kernels failed\n {2}sorting: Unable to load kernel sort\n.*restart the Mac.*\n.*easel doctor/,
  );
  // and the next start tests again
  expect(existsSync(on().file)).toBe(false);
});

test("kernels that fail because their file is damaged ask for another start, after it was unpacked again", async () => {
  const failed = { ...good, ok: false, error: null, message: "Unable to load kernel" };
  await expect(testAtStart(engineWith([failed]).engine, on({ mend: async () => true }))).rejects.toThrow(
    "the native parts were damaged and are unpacked again: start once more",
  );
});

test("wrong numbers end the start; numbers that are a little off are told, and tested again next time", async () => {
  const wrong = { ...good, ok: false, error: Number.POSITIVE_INFINITY };
  await expect(testAtStart(engineWith([wrong]).engine, on())).rejects.toThrow("computes wrong numbers");
  const { engine, asked } = engineWith([{ ...good, ok: false, error: 1e-3 }]);
  const state = await testAtStart(engine, on());
  expect(state.self_test).toBe("imprecise");
  expect(state.imprecise).toEqual(["product: wrong by 1.0e-3 of its largest number; 1.0e-5 may be"]);
  await testAtStart(engine, on());
  expect(asked).toHaveLength(2);
});

test("a list that is damaged counts as none, and one that cannot be kept hinders nothing", async () => {
  const { engine } = engineWith([good]);
  const file = join(folder, "self-test.json");
  writeFileSync(file, "{ damaged");
  expect(await testAtStart(engine, on({ file }))).toMatchObject({ self_test: "passed" });
  expect(JSON.parse(readFileSync(file, "utf8")).passed).toHaveLength(1);
  expect(await testAtStart(engine, on({ file: join(file, "below") }))).toMatchObject({ self_test: "passed" });
});
