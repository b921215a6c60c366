import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildNative } from "../../../scripts/build/native.ts";
import { objectFaults, startupFaults } from "../../../scripts/build/startup.ts";

// The first run may compile the shim.
setDefaultTimeout(600_000);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "easel-startup-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Compiles a source whose middle is compiled for AVX-512. */
function compiled(raised: string, rest: string, kind: "-shared" | "-c"): string {
  const [source, made] = [join(folder, "unit.cpp"), join(folder, "unit.cpp-0.o")];
  writeFileSync(
    source,
    `float source(int);
    typedef float Wide __attribute__((vector_size(64)));
    template <class T> T twice(T x) { return x + x; }
    #pragma GCC push_options
    #pragma GCC target("avx512f")
    ${raised}
    #pragma GCC pop_options
    ${rest}`,
  );
  const flags = ["-std=c++20", "-O2", "-fPIC", "-fvisibility=hidden", "-Wno-psabi", "-s"];
  const command = [process.env.CXX ?? "g++", ...flags, kind, source, "-o", made];
  const { exitCode, stderr } = Bun.spawnSync(command);
  expect([exitCode, stderr.toString()]).toEqual([0, ""]);
  return made;
}

const kernel = "__attribute__((noinline)) void kernel(Wide* x) { *x += source(1); }";
const found = "runs an instruction of some processors when it is opened";

describe.if(process.platform === "linux" && process.arch === "x64")("instructions of some processors", () => {
  test("in a static initialiser are found in the library, and in the object", async () => {
    const raised = "Wide wide = [] { return Wide{} + source(1); }();";
    expect((await startupFaults(compiled(raised, "", "-shared"))).join()).toContain(found);
    expect((await objectFaults(compiled(raised, "", "-c"), true)).join()).toMatch(
      /unit\.cpp uses instructions of some processors in .*, which runs on all/,
    );
  });

  test("in a function that a static initialiser calls are found in the library", async () => {
    const library = compiled(kernel, "Wide wide; bool filled = (kernel(&wide), true);", "-shared");
    expect((await startupFaults(library)).join()).toContain(found);
  });

  test("in functions that something chooses later are as they should be", async () => {
    const rest = "float first = source(7); void (*chosen())(Wide*) { return kernel; }";
    expect(await startupFaults(compiled(kernel, rest, "-shared"))).toEqual([]);
    const object = compiled(kernel, rest, "-c");
    expect(await objectFaults(object, true)).toEqual([]);
    expect((await objectFaults(object, false)).join()).toContain("which runs on all");
  });

  test("in an inline function that another unit shares are found in the object", async () => {
    const raised =
      "__attribute__((noinline, used)) float user(float x) { return twice(x); } template float twice(float);";
    expect((await objectFaults(compiled(raised, "", "-c"), true)).join()).toContain("twice");
  });

  test("are nowhere in the library's own start", async () => {
    const { folder: native, library } = await buildNative();
    expect(await startupFaults(join(native, library))).toEqual([]);
  });
});
