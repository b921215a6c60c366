import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  conv2d,
  groupNorm,
  layerNorm,
  linear,
  packed,
  quantize,
  quantizedLinear,
  scope,
  sdpa,
  type Tensor,
  useKernels,
} from "../../ffi/index.ts";
import { libraryPath } from "../ffi/open.ts";
import { sets } from "./sets.ts";
import { normal, testsKernels } from "./setup.ts";

testsKernels();

const bits = { bits: 8, groupSize: 64 } as const;

/**
 * How far two sets may be apart, as a share of the largest value; and one of them from AMX's usual kernels, where these make a product of
 * three of bfloat16. `docs/bench/kernels.md` says how far each is from the truth.
 */
const cases: Record<string, { within: number; withThree?: number; run: () => Tensor }> = {
  "a long product": {
    within: 3e-6,
    withThree: 2e-5,
    run: () => linear(normal(1, 300, 3072), packed(normal(2, 200, 3072))),
  },
  "a product of few rows": {
    within: 3e-6,
    run: () => linear(normal(1, 3, 3072), packed(normal(2, 200, 3072))),
  },
  "a convolution by Winograd": {
    within: 3e-6,
    run: () => conv2d(normal(1, 1, 41, 45, 64), normal(2, 70, 3, 3, 64), { padding: 1 }),
  },
  "a wide convolution by Winograd": {
    within: 5e-6,
    withThree: 5e-5,
    run: () => conv2d(normal(1, 1, 21, 25, 192), normal(2, 200, 3, 3, 192), { padding: 1 }),
  },
  "any other convolution": {
    within: 2e-6,
    run: () => conv2d(normal(1, 1, 41, 45, 64), normal(2, 70, 3, 3, 64), { stride: 2 }),
  },
  attention: {
    within: 2e-6,
    run: () =>
      sdpa(normal(1, 1, 3, 300, 64), normal(2, 1, 3, 700, 64), normal(3, 1, 3, 700, 64), { scale: 0.125 }),
  },
  "a product with 8 bits": {
    within: 3e-6,
    run: () => quantizedLinear(normal(1, 20, 1024), quantize(normal(2, 200, 1024), bits), bits),
  },
  GELU: { within: 5e-7, run: () => normal(1, 50, 333).gelu() },
  softmax: { within: 1e-6, run: () => normal(1, 50, 333).softmax(-1) },
  "a layer norm": { within: 1e-6, run: () => layerNorm(normal(1, 50, 333), null, null, 1e-5) },
  "a group norm": { within: 1e-6, run: () => groupNorm(normal(1, 1, 30, 30, 64), 8, null, null, 1e-5) },
};

describe.if(sets.length > 1)("forced instruction sets agree", () => {
  test.each(Object.entries(cases))("in %s", (_, { within, withThree = within, run }) => {
    const results = sets.map((set) =>
      scope(() => {
        useKernels(set);
        return run().read("float32");
      }),
    );
    const largest = results[0]!.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    for (const [i, one] of results.entries())
      for (const [j, other] of results.entries()) {
        const apart = one.reduce((most, value, at) => Math.max(most, Math.abs(value - other[at]!)), 0);
        expect(apart / largest).toBeLessThan([sets[i], sets[j]].includes("amx") ? withThree : within);
      }
  });
});

const emulator = Bun.which("qemu-x86_64-static") ?? Bun.which("qemu-x86_64");
const compiler = process.env.CXX ?? "g++";

// Older processors than this machine's, where they can be emulated (`apt install qemu-user-static`).
describe.if(sets.includes("avx2") && emulator !== null)("on an older processor", () => {
  let folder: string;
  let program: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "easel-older-"));
    program = join(folder, "open");
    const source = join(folder, "open.cpp");
    writeFileSync(
      source,
      `#include <dlfcn.h>
      #include <cstdio>
      template <class F> F* named(void* library, const char* name) { return reinterpret_cast<F*>(dlsym(library, name)); }
      int main(int, char** arguments) {
        void* library = dlopen(arguments[1], RTLD_NOW);
        if (!library) return std::puts(dlerror()), 1;
        if (!named<int(const char*, int)>(library, "easel_open")(nullptr, 1)) return std::puts(named<const char*()>(library, "easel_error")()), 2;
        std::puts(named<const char*()>(library, "easel_kernels")());
      }`,
    );
    const { exitCode, stderr } = Bun.spawnSync([compiler, source, "-o", program, "-ldl"]);
    expect([exitCode, stderr.toString()]).toEqual([0, ""]);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const opened = (processor: string, set: string) => {
    const child = Bun.spawnSync([emulator!, "-cpu", processor, program, libraryPath], {
      env: { ...process.env, EASEL_CPU_KERNELS: set },
    });
    return [child.exitCode, child.stdout.toString().trim()];
  };

  test("the library opens, and takes the best that is there", () => {
    expect(opened("Haswell", "")).toEqual([0, "avx2"]);
    expect(opened("Nehalem", "")).toEqual([0, "base"]);
  });

  test("an instruction set that is lacking is refused when it is forced", () => {
    for (const set of ["avx512", "amx", "amx_float32"])
      expect(opened("Haswell", set)).toEqual([
        2,
        `[kernels] this processor or operating system does not support ${set}; available: off, avx2, base`,
      ]);
    expect(opened("Nehalem", "avx2")[1]).toEndWith("does not support avx2; available: off, base");
  });
});
