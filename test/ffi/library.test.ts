import { beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  clearCache,
  device,
  evaluate,
  full,
  liveHandles,
  memory,
  ones,
  openLibrary,
  resetPeak,
  scope,
  setLimit,
  type Tensor,
  version,
} from "../../ffi/index.ts";
import { c, symbols } from "../../ffi/library.ts";
import { libraryPath, openForTests } from "./open.ts";

beforeAll(openForTests);

const index = join(import.meta.dir, "../../ffi/index.ts");

/** Runs a program that has opened nothing yet. */
function fresh(
  program: string,
  env: Record<string, string> = {},
): { exitCode: number; stdout: string; stderr: string } {
  const child = Bun.spawnSync([process.execPath, "-e", program], { env: { ...process.env, ...env } });
  return { exitCode: child.exitCode, stdout: child.stdout.toString(), stderr: child.stderr.toString() };
}

const replaced = [
  ...["cblas_dgemm", "cblas_sgemm"],
  ..."11clear_cacheEv 15get_peak_memoryEv 15set_cache_limitEm 16get_cache_memoryEv 17get_active_memoryEv 17reset_peak_memoryEv 9allocator9allocatorEv"
    .split(" ")
    .map((name) => `_ZN3mlx4core${name}`),
];

describe("the table of symbols", () => {
  const types: Record<string, string> = {
    int32_t: "i32",
    int64_t: "i64_fast",
    uint64_t: "u64",
    double: "f64",
    "const char*": "cstring",
    "const void*": "ptr",
    "void*": "ptr",
    "const int32_t*": "ptr",
    "const float*": "ptr",
    "easel_array* const*": "ptr",
    "easel_array*": "ptr",
    "easel_list*": "ptr",
    "easel_file*": "ptr",
    "easel_saver*": "ptr",
    void: "void",
  };
  const header = readFileSync(join(import.meta.dir, "../../mlx-shim/shim.h"), "utf8");
  const declared = Object.fromEntries(
    [...header.matchAll(/^EASEL_API (.+?)(\w+)\((.*)\);$/gm)].map(([, returns, name, list]) => [
      name!,
      {
        args: list!
          .split(", ")
          .filter(Boolean)
          .map((arg) => types[arg.replace(/ ?\w+$/, "")] ?? `unknown: ${arg}`),
        returns: types[returns!.trim()] ?? `unknown: ${returns}`,
      },
    ]),
  );

  test("says of every function what the header says, and nothing else", () => {
    expect(header.match(/^EASEL_API/gm)!.length).toBe(Object.keys(declared).length);
    expect(symbols).toEqual(declared as never);
  });

  test("has no function with more integer arguments than both ABIs pass in registers", () => {
    for (const [name, { args }] of Object.entries(symbols)) {
      const integers = (args as readonly string[]).filter((type) => type !== "f64");
      expect([name, integers.length <= 8]).toEqual([name, true]);
      expect([name, args.length - integers.length <= 4]).toEqual([name, true]);
    }
  });

  test("gives calls their types, so that a wrong one does not compile", () => {
    const wrong = () => {
      // @ts-expect-error an argument is missing
      c.easel_dim(null);
      // @ts-expect-error there is one too many
      c.easel_free(null, 1);
      // @ts-expect-error a text is no number
      c.easel_memory("active");
      // @ts-expect-error no such function
      c.easel_nothing();
    };
    expect(wrong).toBeFunction();
  });

  test.if(process.platform === "linux")(
    "is all that the library exports, besides what it replaces for MLX: products and memory",
    () => {
      const { stdout, exitCode } = Bun.spawnSync(["nm", "-D", "--defined-only", libraryPath]);
      expect(exitCode).toBe(0);
      const exported = [...stdout.toString().matchAll(/ [A-Z] (\S+)$/gm)].map((match) => match[1]!);
      expect(exported.sort()).toEqual([...Object.keys(symbols), ...replaced].sort());
    },
  );
});

describe("opening the library", () => {
  test("comes before anything else", () => {
    const { stdout } = fresh(
      `import { ones } from ${JSON.stringify(index)}; try { ones([1]) } catch (e) { console.log(e.name, e.message) }`,
    );
    expect(stdout).toBe("NativeError openLibrary() has not been called on this thread\n");
  });

  test("again is allowed for the same file only", () => {
    openForTests();
    expect(() => openLibrary(`${libraryPath}.other`)).toThrow(
      "another library is open on this thread already",
    );
  });

  test("fails clearly for a file that is absent, or is no library, or is another one", async () => {
    const folder = await mkdtemp(join(tmpdir(), "library-"));
    writeFileSync(join(folder, "text.so"), "not a library");
    const other = join(libraryPath, "..", "libmlx.so");
    for (const path of [join(folder, "absent.so"), join(folder, "text.so"), other]) {
      const { stdout } = fresh(
        `import { openLibrary } from ${JSON.stringify(index)};
         try { openLibrary(${JSON.stringify(path)}) } catch (e) { console.log(e.name, e.message, e.cause !== undefined) }`,
      );
      expect(stdout).toBe("NativeError the native library cannot be loaded true\n");
    }
  });

  test.if(process.platform === "linux")("for a GPU fails where there is none", () => {
    const { stdout } = fresh(
      `import { openLibrary } from ${JSON.stringify(index)};
       try { openLibrary(${JSON.stringify(libraryPath)}, { device: "gpu" }) } catch (e) { console.log(e.message) }`,
    );
    expect(stdout).toContain("[open] this machine has no GPU that MLX can use");
  });

  test("turns TF32 off, unless the environment says otherwise", () => {
    const libc = process.platform === "darwin" ? "libSystem.B.dylib" : "libc.so.6";
    // the C library's own variables: process.env is a copy from the start
    const program = `import { dlopen } from "bun:ffi";
      import { openLibrary } from ${JSON.stringify(index)};
      openLibrary(${JSON.stringify(libraryPath)}, { device: "cpu" });
      const { getenv } = dlopen(${JSON.stringify(libc)}, { getenv: { args: ["cstring"], returns: "cstring" } }).symbols;
      console.log(String(getenv("MLX_ENABLE_TF32")));`;
    expect(fresh(program).stdout).toBe("0\n");
    expect(fresh(program, { MLX_ENABLE_TF32: "1" }).stdout).toBe("1\n");
  });

  test("works in a worker, beside the main thread", async () => {
    const source = `
      import { arange, openLibrary, scope } from ${JSON.stringify(index)};
      openLibrary(${JSON.stringify(libraryPath)}, { device: "cpu" });
      postMessage(scope(() => arange(10, "float32").square().sum().item()));`;
    const file = join(await mkdtemp(join(tmpdir(), "library-")), "worker.ts");
    writeFileSync(file, source);
    const worker = new Worker(file);
    const answer = await new Promise((resolve, reject) => {
      worker.onmessage = (event) => resolve(event.data);
      worker.onerror = reject;
    });
    expect(answer).toBe(285);
    using x = ones([3]);
    expect(x.sum().item()).toBe(3);
    worker.terminate();
  });

  test("leaves a process that ends with 0, with tensors alive", () => {
    const { exitCode, stderr } = fresh(
      `import { matmul, ones, evalAsync, openLibrary } from ${JSON.stringify(index)};
       openLibrary(${JSON.stringify(libraryPath)}, { device: "cpu" });
       const x = ones([800, 800]); evalAsync(matmul(x, x)); process.exit(0);`,
    );
    expect([exitCode, stderr]).toEqual([0, ""]);
  });
});

test("neither an exception of C++ nor anything else thrown there passes the border", () => {
  expect(c.easel_throw(0)).toBe(0);
  expect(c.easel_error()).toBe("[throw] thrown on purpose");
  expect(c.easel_throw(7)).toBe(0);
  expect(c.easel_error()).toBe("an exception that is no std::exception");
});

test("the device, the memory and the limits can be asked and set", () => {
  expect(version()).toBe("0.32.4");
  expect(device()).toMatchObject({ kind: "cpu" });
  expect(device().name).not.toBe("");
  const before = liveHandles();
  using x = ones([512, 512]);
  x.read();
  expect(liveHandles()).toBe(before + 1);
  expect(memory().active).toBeGreaterThanOrEqual(1024 * 1024);
  expect(memory().peak).toBeGreaterThanOrEqual(memory().active);
  resetPeak();
  expect(memory().peak).toBeLessThanOrEqual(memory().active);
  const limit = setLimit("cache", 12345);
  expect(setLimit("cache", limit)).toBe(12345);
  expect(() => setLimit("memory", -1)).toThrow("[set_limit] a limit is not negative");
});

test.if(process.platform === "linux")(
  "large arrays use again what others left, with numbers of their own",
  () => {
    clearCache();
    expect(memory().cache).toBe(0);
    const bytes = (length: number) => 4 * length;
    const size = 5_000_000;
    const make = (value: number, length: number) => {
      const x = full([length], value);
      evaluate(x);
      return x;
    };
    make(1, size)[Symbol.dispose]();
    const kept = memory().cache;
    expect(kept).toBeGreaterThanOrEqual(bytes(size));
    expect(kept).toBeLessThan(bytes(size) + 8192);
    // a little smaller: the same block; much smaller: whole huge pages of it
    const active = memory().active;
    const near = make(2, size - 100_000);
    expect(memory().cache).toBe(0);
    expect(memory().active).toBe(active + bytes(size - 100_000));
    expect(near.sum().item()).toBe(2 * (size - 100_000));
    near[Symbol.dispose]();
    const far = make(3, size / 2);
    expect(memory().cache).toBe(kept - 5 * 2 ** 21);
    expect(far.sum().item()).toBe(3 * (size / 2));
    far[Symbol.dispose]();
    // larger than any block that is kept: of all of them
    const larger = make(1, size);
    expect(memory().cache).toBe(kept - 9 * 2 ** 21);
    expect(larger.sum().item()).toBe(size);
    larger[Symbol.dispose]();
    clearCache();
    expect(memory().cache).toBe(0);
    const limit = setLimit("cache", 0);
    make(4, size)[Symbol.dispose]();
    expect(memory().cache).toBe(0);
    setLimit("cache", limit);
  },
);

test.if(process.platform === "linux")("arrays that take over the pages of others never share one", () => {
  let state = 1;
  const random = () => {
    state = (state * 48271) % 0x7fffffff;
    return state / 0x7fffffff;
  };
  const checked = ({ x, value }: { x: Tensor; value: number }) => {
    scope(() => expect([x.min().item(), x.max().item()]).toEqual([value, value]));
    x[Symbol.dispose]();
  };
  let alive: { x: Tensor; value: number }[] = [];
  for (let value = 1; value <= 300; value++) {
    const x = full([Math.ceil(20_000 * 120 ** random())], value);
    evaluate(x);
    const [stays, goes] = [[] as typeof alive, [] as typeof alive];
    for (const one of alive) (alive.length < 12 || random() < 0.8 ? stays : goes).push(one);
    goes.forEach(checked);
    alive = [...stays, { x, value }];
  }
  alive.forEach(checked);
  clearCache();
});

test.if(process.platform === "linux")(
  "what is kept for the next arrays stays near the most that was in use",
  () => {
    clearCache();
    resetPeak();
    const { active } = memory();
    // sizes that fit no block that is kept
    for (let length = 1_000_000; length < 9_000_000; length = Math.ceil(length * 1.2)) {
      const x = full([length], 1);
      evaluate(x);
      x[Symbol.dispose]();
    }
    expect(memory().cache).toBeLessThanOrEqual(memory().peak - active + 2 ** 26);
    clearCache();
  },
);
