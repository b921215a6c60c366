import { beforeAll, describe, expect, test } from "bun:test";
import {
  evaluate,
  hasBfloat16,
  kernelCalls,
  linear,
  memory,
  Packed,
  type Products,
  packed,
  quantize,
  quantizedLinear,
  resetPeak,
  scope,
  Tensor,
  useKernels,
} from "../../ffi/index.ts";
import { dice, present, sets, withinTerms } from "./sets.ts";
import { normal, testsKernels } from "./setup.ts";

testsKernels();

const identity = (n: number) =>
  Tensor.from(
    Float32Array.from({ length: n * n }, (_, i) => +(i % (n + 1) === 0)),
    [n, n],
  );

/** A number as bfloat16 has it, ties to even. */
const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);
function rounded(x: number): number {
  float[0] = x;
  bits[0] = (bits[0]! + 0x7fff + ((bits[0]! >>> 16) & 1)) & 0xffff0000;
  return float[0]!;
}

/** relu(x wᵀ + b) · s + r in double precision has to be within rounding, `within` of a sum's usual size, of y. */
function expectProduct(
  y: Tensor,
  [x, w, b, s, r]: readonly [Tensor, Tensor, Tensor, Tensor, Tensor],
  round: (value: number) => number,
  within: number,
): void {
  const [[m, k], n] = [x.shape as [number, number], w.shape[0]!];
  const [made, left, right, bias, scale, residual] = [y, x, w.astype("float32"), b, s, r].map((t) =>
    t.read("float32"),
  ) as Float32Array[];
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      let [sum, squares] = [bias![j]!, bias![j]! ** 2];
      for (let p = 0; p < k; p++) {
        const part = round(left![i * k + p]!) * round(right![j * k + p]!);
        sum += part;
        squares += part * part;
      }
      const wanted = residual![i * n + j]! + scale![j]! * Math.max(sum, 0);
      const size = Math.sqrt(squares) * Math.abs(scale![j]!) + Math.abs(residual![i * n + j]!);
      if (!(Math.abs(made![i * n + j]! - wanted) <= within * size))
        throw new Error(`${m} x ${n} x ${k}: ${made![i * n + j]} instead of ${wanted}`);
    }
}

const types = ["float32", "float16", "bfloat16"] as const;
const kinds: readonly Products[] = ["float32", "bfloat16", "bfloat16ByFloat32"];

describe.each(sets)("with the kernels for %s", (set) => {
  beforeAll(() => useKernels(set));

  test.each(kinds)(
    "products of %s with packed weights of each type are those of double precision",
    (products) => {
      const roll = dice(products.length);
      for (let turn = 0; turn < 18; turn++) {
        const type = types[turn % 3]!;
        const rows = [1, roll(2, 12), roll(13, 300)][Math.floor(turn / 3) % 3]!;
        const [n, k] = [roll(1, 90), turn > 14 ? roll(1000, 2300) : roll(1, 130)];
        scope(() => {
          const x = normal(turn, rows, k);
          const weight = normal(turn + 1, n, k).astype(type);
          const [b, s, r] = [normal(turn + 2, n), normal(turn + 3, n), normal(turn + 4, rows, n)];
          const kept = packed(weight, { products, halves: true });
          expect(kept).toBeInstanceOf(Packed);
          const before = kernelCalls().linear;
          const y = linear(x, kept, b, { curve: "relu", scale: s, residual: r });
          const [round, within] =
            products === "float32" ? [(value: number) => value, withinTerms(set, 1e-5)] : [rounded, 1e-5];
          expectProduct(y, [x, weight, b, s, r], round, within);
          expect(kernelCalls().linear).toEqual({ covered: before.covered + 1, fallback: before.fallback });
        });
      }
    },
  );

  test("a weight in half precision is multiplied exactly as its numbers in float32, and takes half the memory", () => {
    scope(() => {
      const x = normal(1, 40, 257);
      for (const type of ["float16", "bfloat16"] as const) {
        const weight = normal(2, 600, 257).astype(type);
        const half = packed(weight, { halves: true }) as Packed;
        const whole = packed(weight.astype("float32")) as Packed;
        expect(half.nbytes).toBe(whole.nbytes / 2);
        expect(linear(x, half).read("float32")).toEqual(linear(x, whole).read("float32"));
      }
    });
  });

  test("infinities, not-a-number and subnormal numbers of half precision stay what they are", () => {
    scope(() => {
      for (const type of ["float16", "bfloat16"] as const) {
        const special = [
          Number.POSITIVE_INFINITY,
          Number.NEGATIVE_INFINITY,
          Number.NaN,
          2 ** -24,
          65504,
          -(2 ** -15),
        ];
        const weight = Tensor.from(Float32Array.from(special), [special.length, 1]).astype(type);
        const one = Tensor.from(Float32Array.of(1), [1, 1]);
        const made = linear(one, packed(weight, { halves: true })).read("float32");
        expect([...made]).toEqual([...weight.astype("float32").reshape(1, -1).read("float32")]);
      }
    });
  });

  test("products of bfloat16 let infinities and not-a-number through, and to no other row", () => {
    scope(() => {
      for (const products of ["bfloat16", "bfloat16ByFloat32"] as const)
        for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
          const data = new Float32Array(40 * 50).fill(1);
          data[50 + 7] = bad;
          const weight = Tensor.from(new Float32Array(33 * 50).fill(2), [33, 50]);
          const y = linear(Tensor.from(data, [40, 50]), packed(weight, { products })).read("float32");
          for (let i = 0; i < y.length; i++) expect(y[i]).toBe(i >= 33 && i < 66 ? bad : 100);
        }
    });
  });

  test.each([3, 4, 8] as const)(
    "products of bfloat16 with weights of %d bits are those of double precision",
    (width) => {
      scope(() => {
        const kind = { bits: width, groupSize: 64 } as const;
        for (const rows of [5, 49, 130]) {
          const [x, zeros] = [normal(3, rows, 320), normal(4, 90).mul(0)];
          const made = quantize(normal(5, 90, 320), kind);
          // As these kernels unpack it: another last bit would decide some roundings.
          const whole = quantizedLinear(identity(320), made, kind).transpose(1, 0).contiguous();
          for (const products of ["bfloat16", "bfloat16ByFloat32"] as const) {
            const y = quantizedLinear(x, made, kind, zeros, products).relu();
            // Few rows read the weight once, which bounds them, and stay in float32.
            const round = rows > 48 ? rounded : (value: number) => value;
            expectProduct(y, [x, whole, zeros, zeros.add(1), normal(6, rows, 90).mul(0)], round, 1e-5);
          }
        }
      });
    },
  );

  test("a weight in half precision is never widened as a whole", () => {
    scope(() => {
      const [x, weight] = [normal(1, 100, 1024), normal(2, 8192, 1024).astype("float16")];
      const kept = packed(weight, { halves: true }) as Packed;
      evaluate(kept.data, x);
      weight[Symbol.dispose]();
      resetPeak();
      const before = memory().active;
      evaluate(linear(x, kept));
      expect(memory().peak - before).toBeLessThan(100 * 8192 * 4 + 6e6);
    });
  });
});

describe.if(sets.length > 0)("bfloat16", () => {
  test("is the processor's own where its flags say so, and only with the kernels that go with it", () => {
    const own = (set: string) => {
      useKernels(set);
      return hasBfloat16();
    };
    for (const set of sets) {
      const wanted =
        process.arch === "x64" && (set.startsWith("amx") || (set === "avx512" && present("bfloat16")));
      if (process.arch === "x64") expect([set, own(set)]).toEqual([set, wanted]);
    }
    expect(own("off")).toBe(false);
  });
});
