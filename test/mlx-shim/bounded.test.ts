import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  arange,
  type Conv2dOptions,
  clearCache,
  conv2d,
  convGeneral,
  evaluate,
  full,
  kernels,
  matmul,
  memory,
  random,
  resetPeak,
  scope,
  sdpa,
  type Tensor,
  useKernels,
  where,
} from "../../ffi/index.ts";
import { error } from "../ffi/fixtures.ts";
import { openForTests } from "../ffi/open.ts";

setDefaultTimeout(60_000);
// Pieces are for MLX's own ops: a kernel of ours takes the place of both.
let before = "";
beforeAll(() => {
  openForTests();
  before = kernels();
  useKernels("off");
});
afterAll(() => useKernels(before));

/** Bytes that a result took at most, beyond its inputs and itself. */
function temporary(make: () => Tensor): { y: Tensor; bytes: number } {
  clearCache();
  resetPeak();
  const before = memory().active;
  const y = make();
  evaluate(y);
  return { y, bytes: memory().peak - before - y.nbytes };
}

const normal = (seed: number, ...shape: number[]) => random.normal(shape, random.key(seed));

describe("a convolution whose columns would not fit into one piece", () => {
  // Each has 80 to 200 MB of columns; a piece has 64 MB. convGeneral takes them whole.
  const cases: [what: string, x: number[], w: number[], options: Conv2dOptions][] = [
    ["padded by one", [1, 201, 203, 64], [8, 3, 3, 64], { padding: 1 }],
    ["without padding", [1, 201, 203, 64], [8, 3, 3, 64], {}],
    ["with stride two", [2, 301, 203, 64], [8, 3, 3, 64], { padding: 1, stride: 2 }],
    ["dilated, with much padding", [1, 190, 203, 64], [8, 3, 3, 64], { padding: [30, 1], dilation: [15, 2] }],
    ["in groups", [1, 201, 203, 64], [8, 3, 3, 32], { padding: 1, groups: 2 }],
    ["of five rows and one column", [1, 301, 211, 64], [8, 5, 1, 64], { padding: [2, 0] }],
  ];
  test.each(cases)("%s equals the whole", (_, xShape, wShape, options) => {
    scope(() => {
      const [x, w] = [normal(1, ...xShape), normal(2, ...wShape)];
      const two = (value: Conv2dOptions["padding"], otherwise: number) =>
        typeof value === "number" ? [value, value] : (value ?? [otherwise, otherwise]);
      const padding = two(options.padding, 0);
      const whole = convGeneral(x, w, {
        stride: two(options.stride, 1),
        paddingLow: padding,
        paddingHigh: padding,
        dilation: two(options.dilation, 1),
        groups: options.groups ?? 1,
      });
      const pieces = conv2d(x, w, options);
      expect(pieces.shape).toEqual(whole.shape);
      expect(error(pieces, whole)).toBeLessThanOrEqual(1e-6);
    });
  });

  test("takes memory for two pieces, where the columns would be 354 MB", () => {
    scope(() => {
      const [x, w] = [normal(1, 1, 320, 240, 128), normal(2, 16, 3, 3, 128)];
      evaluate(x, w);
      expect(temporary(() => conv2d(x, w, { padding: 1 })).bytes).toBeLessThan(150e6);
    });
  });

  test("still says what is wrong with its arguments", () => {
    scope(() => {
      const x = full([1, 400, 400, 64], 1);
      expect(() => conv2d(x, full([8, 3, 3, 32], 1))).toThrow("[conv]");
      expect(() => conv2d(x, full([8, 1, 1, 32], 1))).toThrow("[conv]");
      expect(() => conv2d(x, full([8, 3, 3], 1))).toThrow("[conv]");
      expect(() => conv2d(x, full([8, 3, 3, 64], 1), { stride: 0 })).toThrow("strides must be at least 1");
      expect(() => conv2d(x, full([8, 3, 3, 64], 1), { padding: -300 })).toThrow("[conv]");
    });
  });
});

describe("attention whose scores would not fit into one piece", () => {
  const [heads, queries, keys, width] = [2, 2900, 3100, 8];
  const scale = 3 * width ** -0.5;

  /** The definition, all scores at once. */
  function reference(q: Tensor, k: Tensor, v: Tensor, mask?: Tensor): Tensor {
    const times = q.shape[1]! / k.shape[1]!;
    let scores = matmul(q.mul(scale), k.repeat(times, 1).transpose(0, 1, 3, 2));
    if (mask?.dtype === "bool") scores = where(mask, scores, full([1], Number.NEGATIVE_INFINITY));
    else if (mask) scores = scores.add(mask);
    return matmul(scores.softmax(), v.repeat(times, 1));
  }

  function check(kvHeads: number, mask: Tensor | "causal" | undefined, same: Tensor | undefined): void {
    const q = normal(1, 1, heads, queries, width);
    const [k, v] = [normal(2, 1, kvHeads, keys, width), normal(3, 1, kvHeads, keys, width)];
    expect(error(sdpa(q, k, v, { scale, mask }), reference(q, k, v, same))).toBeLessThanOrEqual(2e-6);
  }
  /** Which keys each query sees when the last query sees all. */
  const causal = () =>
    arange(keys)
      .reshape(1, keys)
      .less(
        arange(queries)
          .add(keys - queries + 1)
          .reshape(queries, 1),
      );

  test("equals its definition", () => scope(() => check(heads, undefined, undefined)));
  test("equals it with fewer heads of keys", () => scope(() => check(1, undefined, undefined)));
  test("equals it when causal", () => scope(() => check(heads, "causal", causal())));
  test("equals it with a mask for each query", () => scope(() => check(heads, causal(), causal())));
  test("equals it with a mask for each head", () =>
    scope(() => {
      const mask = normal(4, 1, heads, queries, keys);
      check(heads, mask, mask);
    }));
  test("equals it with a mask that all queries share", () =>
    scope(() => {
      const mask = normal(4, 1, 1, 1, keys);
      check(heads, mask, mask);
    }));

  test("takes memory for a few pieces, where the scores would be 432 MB", () => {
    scope(() => {
      const [q, k, v] = [normal(1, 1, 3, 6000, 8), normal(2, 1, 3, 6000, 8), normal(3, 1, 3, 6000, 8)];
      evaluate(q, k, v);
      expect(temporary(() => sdpa(q, k, v, { scale: 1 })).bytes).toBeLessThan(200e6);
    });
  });
});
