import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  dequantize,
  hasInteger,
  kernelCalls,
  quantize,
  quantizedLinear,
  scope,
  Tensor,
  useKernels,
} from "../../ffi/index.ts";
import { libraryPath } from "../ffi/open.ts";
import { emulated, outcome, pool, sanitized } from "./program.ts";
import { dice, present, sets } from "./sets.ts";
import { normal, testsKernels } from "./setup.ts";

// Compiling takes longer than running.
setDefaultTimeout(600_000);

testsKernels();

const onLinux = process.platform === "linux";
const arm = emulated();

test.if(onLinux && process.arch === "x64")(
  "products with sums of integers are those of double precision, by this processor's instructions and by those written out, under sanitizers",
  () => {
    const units = [
      ["avx2", "avx2integer.cpp", "HAS_AVX2"],
      ["avxvnni", "avxvnni.cpp", "HAS_AVX_VNNI"],
      ["avx512vnni", "avx512vnni.cpp", "HAS_AVX512_VNNI"],
      // AMX's tiles of bytes, written out.
      ["avx512", "amx_integer.cpp", "HAS_TILES"],
    ] as const;
    const here = units.filter(([set]) => present(set));
    const tiles = ["-include", "tools/kernels/tiles.h"];
    const command = [...sanitized, ...tiles, ...here.map(([, , name]) => `-D${name}`)];
    expect(outcome("integer.cpp", [...here.map(([, unit]) => unit), ...pool], { command })).toBe(
      "0 all right",
    );
  },
);

test.if(onLinux && arm !== null)("those of Arm's SDOT and USMMLA are, too, in an emulator", () => {
  expect(outcome("integer.cpp", ["dotprod.cpp", "i8mm.cpp", ...pool], arm!)).toBe("0 all right");
});

describe.each(sets)("with the kernels for %s", (set) => {
  test.each([8, 6, 5, 4, 3, 2] as const)(
    "products of integers with %d bits are within half a step of each number of the row",
    (bits) => {
      useKernels(set);
      const roll = dice(bits);
      for (const groupSize of [32, 64, 128] as const) {
        const [m, n, k] = [roll(49, 120), roll(1, 90), groupSize * roll(1, 6)];
        scope(() => {
          const kind = { bits, groupSize };
          const made = quantize(normal(1, n, k), kind);
          const [x, bias] = [normal(2, m, k), normal(3, n)];
          const before = kernelCalls().quantized_linear;
          const y = quantizedLinear(x, made, kind, bias, "integer").read("float32");
          expect(kernelCalls().quantized_linear.covered).toBe(before.covered + 1);
          const [left, right, offset] = [x, dequantize(made, kind), bias].map((t) => t.read("float32"));
          for (let i = 0; i < m; i++) {
            const row = left!.subarray(i * k, i * k + k);
            const steps = Float64Array.from({ length: k / groupSize }, (_, g) =>
              row
                .subarray(g * groupSize, (g + 1) * groupSize)
                .reduce((most, v) => Math.max(most, Math.abs(v)), 0),
            ).map((most) => most / 127);
            for (let j = 0; j < n; j++) {
              let [sum, bound] = [offset![j]!, 1e-4];
              for (let p = 0; p < k; p++) {
                const weight = right![j * k + p]!;
                sum += row[p]! * weight;
                bound += 0.5001 * steps[Math.floor(p / groupSize)]! * Math.abs(weight);
              }
              if (!(Math.abs(y[i * n + j]! - sum) <= bound))
                throw new Error(`${m} x ${n} x ${k}: ${y[i * n + j]} instead of ${sum}, within ${bound}`);
            }
          }
        });
      }
    },
  );

  test("a few rows, and any where there is no instruction, are multiplied as floats", () => {
    useKernels(set);
    scope(() => {
      const kind = { bits: 8, groupSize: 64 } as const;
      const made = quantize(normal(1, 40, 128), kind);
      for (const rows of hasInteger() ? [48] : [48, 49]) {
        const x = normal(2, rows, 128);
        const integers = quantizedLinear(x, made, kind, null, "integer").read("float32");
        expect(integers).toEqual(quantizedLinear(x, made, kind).read("float32"));
      }
    });
  });

  test("infinities and not-a-number reach their row, and no other", () => {
    useKernels(set);
    scope(() => {
      const kind = { bits: 4, groupSize: 64 } as const;
      const made = quantize(normal(1, 40, 128), kind);
      for (const bad of [Number.NaN, Number.NEGATIVE_INFINITY]) {
        const data = normal(2, 60, 128).read("float32").slice();
        data[128 + 7] = bad;
        const y = quantizedLinear(Tensor.from(data, [60, 128]), made, kind, null, "integer").read("float32");
        for (let i = 0; i < y.length; i++) expect(Number.isFinite(y[i]!)).toBe(i < 40 || i >= 80);
      }
    });
  });
});

describe.if(sets.length > 0)("whatever the number of threads", () => {
  const folder = mkdtempSync(join(tmpdir(), "easel-threads-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, "product.ts");
  writeFileSync(
    program,
    `import { openLibrary, quantize, quantizedLinear, random } from ${JSON.stringify(join(import.meta.dir, "../../ffi/index.ts"))};
    openLibrary(${JSON.stringify(libraryPath)}, { device: "cpu" });
    const normal = (seed, ...shape) => random.normal(shape, random.key(seed));
    for (const bits of [8, 4]) {
      const kind = { bits, groupSize: 64 };
      const y = quantizedLinear(normal(1, 300, 1216), quantize(normal(2, 333, 1216), kind), kind, null, "integer");
      console.log(Bun.hash(y.read("float32")).toString());
    }`,
  );
  test("products of integers are the same to the last bit", () => {
    const made = ["1", "2", "3", "8"].map((threads) => {
      const env = { ...process.env, EASEL_CPU_THREADS: threads };
      const child = Bun.spawnSync([process.execPath, program], { env });
      return `${child.exitCode} ${child.stdout}${child.stderr}`;
    });
    expect(made[0]).toMatch(/^0 \d+\n\d+\n$/);
    expect(new Set(made).size).toBe(1);
  });
});
