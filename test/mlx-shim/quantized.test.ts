import { beforeAll, describe, expect, test } from "bun:test";
import {
  clearCache,
  dequantize,
  evaluate,
  kernelCalls,
  memory,
  type Quantization,
  quantize,
  quantizedLinear,
  resetPeak,
  scope,
  Tensor,
  useKernels,
} from "../../ffi/index.ts";
import { strided } from "../ffi/fixtures.ts";
import { dice, sets } from "./sets.ts";
import { normal, testsKernels } from "./setup.ts";

testsKernels();

const every = ([2, 3, 4, 5, 6, 8] as const).flatMap((bits) =>
  ([32, 64, 128] as const).map((groupSize) => ({ bits, groupSize })),
);

/** x wᵀ + b in double precision, and how large a rounding error may be. */
function exactly(x: Float32Array, w: Float32Array, b: Float32Array | undefined, m: number, n: number) {
  const k = w.length / n;
  const [sums, sizes] = [new Float64Array(m * n), new Float64Array(m * n)];
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      let [sum, squares] = [b?.[j] ?? 0, (b?.[j] ?? 0) ** 2];
      for (let p = 0; p < k; p++) {
        const part = x[i * k + p]! * w[j * k + p]!;
        sum += part;
        squares += part * part;
      }
      sums[i * n + j] = sum;
      sizes[i * n + j] = Math.sqrt(squares);
    }
  return { sums, sizes };
}

describe.each(sets)("products with quantized weights, with the kernels for %s", (set) => {
  beforeAll(() => useKernels(set));

  test.each(every)("are those of double precision at $bits bits in groups of $groupSize", (kind) => {
    const roll = dice(kind.bits * kind.groupSize);
    for (const rows of [1, roll(2, 8), roll(9, 24), roll(25, 90)]) {
      const [n, k] = [roll(1, 90), kind.groupSize * roll(1, 8)];
      scope(() => {
        const packed = quantize(normal(rows, n, k), kind);
        const x = normal(rows + 1, rows, k);
        const b = rows % 2 ? normal(rows + 2, n) : null;
        const count = kernelCalls().quantized_linear.covered;
        const y = quantizedLinear(rows % 3 ? x : strided(x), packed, kind, b).read("float32");
        expect(kernelCalls().quantized_linear.covered).toBe(count + 1);
        const whole = dequantize(packed, kind).read("float32");
        const { sums, sizes } = exactly(x.read("float32"), whole, b?.read("float32"), rows, n);
        for (let i = 0; i < y.length; i++)
          if (!(Math.abs(y[i]! - sums[i]!) <= 6e-6 * sizes[i]!))
            throw new Error(`${rows} x ${n} x ${k}: ${y[i]} instead of ${sums[i]}`);
      });
    }
  });

  test("take scales of half precision, a batch, and rows that are gone over in parts", () => {
    scope(() => {
      const kind = { bits: 4, groupSize: 64 } as const;
      const made = quantize(normal(1, 1500, 1024), kind);
      const packed = {
        ...made,
        scales: made.scales.astype("bfloat16"),
        biases: made.biases.astype("bfloat16"),
      };
      const x = normal(2, 2, 15, 1024);
      const y = quantizedLinear(x, packed, kind);
      expect(y.shape).toEqual([2, 15, 1500]);
      const widened = {
        ...made,
        scales: packed.scales.astype("float32"),
        biases: packed.biases.astype("float32"),
      };
      const whole = dequantize(widened, kind).read("float32");
      const { sums, sizes } = exactly(x.read("float32"), whole, undefined, 30, 1500);
      const values = y.read("float32");
      for (let i = 0; i < values.length; i++)
        expect(Math.abs(values[i]! - sums[i]!)).toBeLessThan(6e-6 * sizes[i]!);
    });
  });

  test("let infinities and not-a-number through, and to no other row", () => {
    scope(() => {
      const kind = { bits: 8, groupSize: 64 } as const;
      const packed = quantize(normal(1, 40, 128), kind);
      for (const rows of [3, 30, 60]) {
        for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
          const data = normal(2, rows, 128).read("float32").slice();
          data[128 + 7] = bad;
          const y = quantizedLinear(Tensor.from(data, [rows, 128]), packed, kind).read("float32");
          for (let i = 0; i < y.length; i++) expect(Number.isFinite(y[i]!)).toBe(i < 40 || i >= 80);
        }
      }
    });
  });

  test("never hold the whole matrix", () => {
    scope(() => {
      const kind = { bits: 4, groupSize: 64 } as const;
      const packed = quantize(normal(1, 8192, 2048), kind);
      const x = normal(2, 100, 2048);
      evaluate(x, packed.weight, packed.scales, packed.biases);
      clearCache();
      for (const rows of [1, 100]) {
        const some = x.slice([0, 0], [rows, 2048]).contiguous();
        evaluate(some);
        resetPeak();
        const start = memory().active;
        const y = quantizedLinear(some, packed, kind);
        evaluate(y);
        // the matrix is 67 MB in float32
        expect(memory().peak - start - y.nbytes).toBeLessThan(rows === 1 ? 1e6 : 20e6);
      }
    });
  });

  test("are left to MLX, and counted, where the input is of half precision", () => {
    scope(() => {
      const kind: Quantization = { bits: 4 };
      const packed = quantize(normal(1, 16, 128), kind);
      const x = normal(2, 3, 128);
      const count = kernelCalls().quantized_linear;
      const y = quantizedLinear(x.astype("bfloat16"), packed, kind).astype("float32").read("float32");
      expect(kernelCalls().quantized_linear).toEqual({
        covered: count.covered,
        fallback: count.fallback + 1,
      });
      const z = quantizedLinear(x, packed, kind).read("float32");
      for (let i = 0; i < y.length; i++) expect(Math.abs(y[i]! - z[i]!)).toBeLessThan(0.5);
    });
  });
});
