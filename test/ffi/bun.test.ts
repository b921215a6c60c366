/**
 * What ffi/ relies on in Bun, and the traps it steps around. An upgrade of Bun is judged by these: where a trap test fails, Bun
 * has become better, and the way around may go.
 */
import { dlopen, type FFIFunction, JSCallback } from "bun:ffi";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const source = `
#include <cstdint>
#include <thread>
#include <vector>
extern "C" {
void fill(double* out, double value) { out[0] = value; }
int64_t eleven(int32_t a, int32_t b, int32_t c, int32_t d, int32_t e, int32_t f, int32_t g, int32_t h, int32_t i, int32_t j, int32_t k) {
  const int32_t all[] = {a, b, c, d, e, f, g, h, i, j, k};
  int64_t sum = 0, weight = 1;
  for (int32_t value : all) sum += value * weight++;
  return sum;
}
double eight(void* a, int64_t b, void* c, int64_t d, double e, int64_t f, double g, int64_t h, int32_t i, int32_t j) {
  return (a != nullptr) + 2.0 * b + 3.0 * (c == nullptr) + 4.0 * d + 5 * e + 6.0 * f + 7 * g + 8.0 * h + 9.0 * i + 10.0 * j;
}
int64_t large() { return (int64_t{1} << 53) - 1; }
void* nothing() { return nullptr; }
const char* echo(const char* text) { return text; }
int64_t length(const void*, int64_t n) { return n; }
void hammer(void (*call)(int32_t, int32_t), int32_t threads, int32_t times) {
  std::thread([=] {
    std::vector<std::thread> all;
    for (int32_t t = 0; t < threads; t++) all.emplace_back([=] { for (int32_t i = 0; i < times; i++) call(t, i); });
    for (auto& thread : all) thread.join();
    call(-1, 0);
  }).detach();
}
}`;

const table = {
  fill: { args: ["ptr", "f64"], returns: "void" },
  eleven: { args: Array(11).fill("i32"), returns: "i64_fast" },
  eight: {
    args: ["ptr", "i64_fast", "ptr", "i64_fast", "f64", "i64_fast", "f64", "i64_fast", "i32", "i32"],
    returns: "f64",
  },
  large: { args: [], returns: "i64_fast" },
  nothing: { args: [], returns: "ptr" },
  echo: { args: ["cstring"], returns: "cstring" },
  length: { args: ["ptr", "i64_fast"], returns: "i64_fast" },
  hammer: { args: ["function", "i32", "i32"], returns: "void" },
};

const folder = mkdtempSync(join(tmpdir(), "bun-ffi-"));
afterAll(() => rmSync(folder, { recursive: true }));

let call: Record<keyof typeof table, (...args: unknown[]) => unknown>;
beforeAll(() => {
  const library = join(folder, "traps.so");
  writeFileSync(join(folder, "traps.cpp"), source);
  const compiler = process.env.CXX ?? (process.platform === "darwin" ? "clang++" : "g++");
  const { exitCode, stderr } = Bun.spawnSync([
    ...[compiler, "-std=c++20", "-O1", "-shared", "-fPIC", "-pthread"],
    ...[join(folder, "traps.cpp"), "-o", library],
  ]);
  if (exitCode !== 0) throw new Error(stderr.toString());
  call = dlopen(library, table as unknown as Record<string, FFIFunction>).symbols as unknown as typeof call;
});

describe("views", () => {
  /** Writes natively and reads in JavaScript a million times, in a process of its own; says how many reads saw an old value. */
  function stale(out: string, passed: string): number {
    const program = join(folder, "stale.ts");
    writeFileSync(
      program,
      `import { dlopen, ptr } from "bun:ffi";
      const { symbols } = dlopen(${JSON.stringify(join(folder, "traps.so"))}, { fill: { args: ["ptr", "f64"], returns: "void" } });
      const out = ${out};
      const passed = ${passed};
      let wrong = 0;
      function once(i: number) { symbols.fill(passed, i); return out[0] === i; }
      for (let i = 0; i < 1_000_000; i++) if (!once(i)) wrong++;
      console.log(wrong);`,
    );
    const { stdout, stderr } = Bun.spawnSync([process.execPath, program]);
    if (!stdout.length) throw new Error(stderr.toString());
    return Number(stdout);
  }

  test("passed themselves are always read right", () => {
    expect(stale("new Float64Array(1)", "out")).toBe(0);
    expect(stale("new Float64Array(new ArrayBuffer(8))", "out")).toBe(0);
  });

  test("whose address is kept are the trap: the storage moves when the loop is optimised", () => {
    expect(stale("new Float64Array(1)", "ptr(out)")).toBeGreaterThan(0);
  });

  test("that are empty may be passed", () => {
    expect(call.length(new Uint8Array(0), 0)).toBe(0);
  });
});

describe("arguments", () => {
  test("eleven integers arrive in order, on x64", () => {
    // Apple's arm64 packs those that do not fit into registers, and Bun does not: the reason for the limit of eight.
    if (process.arch === "x64") expect(call.eleven(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)).toBe(506);
  });

  test("eight integers and two doubles between them arrive in order", () => {
    const view = new Uint8Array(1);
    expect(call.eight(view, 2, null, 4, 0.5, 6, 0.25, 8, 9, 10)).toBe(
      1 + 4 + 3 + 16 + 2.5 + 36 + 1.75 + 64 + 81 + 100,
    );
  });

  test("that are missing become 0, silently, if they are narrow: why the calls' types come from the table", () => {
    expect(call.eleven(1, 2, 3)).toBe(14);
  });

  test("texts go and come back, unicode too, and end at a NUL", () => {
    expect(call.echo("Größe 画")).toBe("Größe 画");
    expect(call.echo("cut\0off")).toBe("cut");
    expect(call.echo("")).toBe("");
  });
});

describe("results", () => {
  test("fast integers are numbers below 2^53", () => {
    expect(call.large()).toBe(Number.MAX_SAFE_INTEGER);
  });

  test("a null pointer is null", () => {
    expect(call.nothing()).toBeNull();
  });
});

test("callbacks from eight threads all arrive, in order for each thread", async () => {
  const [threads, times] = [8, 10_000];
  const last = new Array<number>(threads).fill(-1);
  let disorder = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const callback = new JSCallback(
    (thread: number, i: number) => {
      if (thread < 0) return resolve();
      if (i !== last[thread]! + 1) disorder++;
      last[thread] = i;
      if (i % 3000 === 0) Bun.gc(true);
    },
    { args: ["i32", "i32"], returns: "void", threadsafe: true },
  );
  call.hammer(callback.ptr, threads, times);
  await promise;
  expect([disorder, last]).toEqual([0, new Array(threads).fill(times - 1)]);
  callback.close();
});

test("a request that takes longer than the idle timeout is cut, unless its timeout is lifted", async () => {
  using server = Bun.serve({
    port: 0,
    idleTimeout: 1,
    async fetch(request, self) {
      if (request.url.endsWith("/lifted")) self.timeout(request, 0);
      await Bun.sleep(9000);
      return new Response("late");
    },
  });
  const [lifted, cut] = await Promise.allSettled([
    fetch(new URL("/lifted", server.url)).then((response) => response.text()),
    fetch(new URL("/cut", server.url)).then((response) => response.text()),
  ]);
  expect(lifted).toEqual({ status: "fulfilled", value: "late" });
  expect(cut.status).toBe("rejected");
}, 30_000);
