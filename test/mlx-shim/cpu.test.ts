import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import {
  type Conv2dOptions,
  clearCache,
  conv2d,
  deconv2d,
  evaluate,
  full,
  gated,
  groupNorm,
  kernelCalls,
  kernels,
  layerNorm,
  linear,
  memory,
  Packed,
  packed,
  resample,
  resetPeak,
  rmsNorm,
  scope,
  sdpa,
  split,
  type Taps,
  Tensor,
  useKernels,
} from "../../ffi/index.ts";
import { strided } from "../ffi/fixtures.ts";
import { libraryPath } from "../ffi/open.ts";
import { dice, optional, present, sets, withinTerms } from "./sets.ts";
import { normal, testsKernels } from "./setup.ts";

setDefaultTimeout(120_000);

const onLinux = process.platform === "linux";

const before = testsKernels();

const values = (x: Tensor) => x.read("float32");

/** The largest difference, as a share of the largest value; not-a-number has to stand where it stands. */
function apart(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let [worst, largest] = [0, 1e-30];
  for (let i = 0; i < actual.length; i++) {
    const [a, b] = [actual[i]!, expected[i]!];
    if (Object.is(a, b) || a === b) {
      if (Number.isFinite(b)) largest = Math.max(largest, Math.abs(b));
      continue;
    }
    if (!Number.isFinite(a - b)) return Number.POSITIVE_INFINITY;
    worst = Math.max(worst, Math.abs(a - b));
    largest = Math.max(largest, Math.abs(b));
  }
  return worst / largest;
}

function under<T>(set: string, body: () => T): T {
  const held = kernels();
  useKernels(set);
  try {
    return body();
  } finally {
    useKernels(held);
  }
}

const covered = (op: keyof ReturnType<typeof kernelCalls>) => kernelCalls()[op].covered;

/** Both ways of computing one thing: by a kernel, seen to have been used, and by MLX. */
function both(set: string, op: keyof ReturnType<typeof kernelCalls>, make: () => Tensor) {
  const count = covered(op);
  const ours = under(set, () => {
    const y = make();
    expect(covered(op)).toBe(count + 1);
    return { shape: y.shape, data: values(y) };
  });
  const theirs = under("off", () => {
    const y = make();
    return { shape: y.shape, data: values(y) };
  });
  expect(ours.shape).toEqual(theirs.shape);
  return { ours: ours.data, theirs: theirs.data };
}

// On a Mac there are no kernels of ours, which the last test says.
describe.if(onLinux).each(sets)("the kernels for %s", (set) => {
  test("convolve as the definition does in double precision", () => {
    const roll = dice(1);
    for (let round = 0; round < 24; round++) {
      const [batch, height, width] = [roll(1, 2), roll(3, 14), roll(3, 14)];
      const [channels, outputs] = [roll(1, 41), roll(1, 41)];
      const kernel = round % 2 === 0 ? 3 : roll(1, 3);
      const [stride, padding, dilation] =
        round % 4 === 0 ? [1, roll(0, 2), 1] : [roll(1, 3), roll(0, 2), kernel < 3 ? roll(1, 2) : 1];
      scope(() => {
        const x = normal(round, batch, height, width, channels);
        const w = normal(round + 100, outputs, kernel, kernel, channels);
        const bias = normal(round + 200, outputs);
        const { ours, theirs } = both(set, "conv2d", () =>
          conv2d(x, w, { stride, padding, dilation, ...(round % 3 ? { bias } : {}) }),
        );
        const exact = convolved(x, w, round % 3 ? bias : undefined, stride, padding, dilation);
        expect(apart(ours, exact)).toBeLessThan(3e-6);
        expect(apart(ours, theirs)).toBeLessThan(3e-6);
      });
    }
  });

  const convolutions: [what: string, x: number[], w: number[], options: Conv2dOptions][] = [
    ["by Winograd, many channels", [1, 37, 45, 256], [96, 3, 3, 256], { padding: 1 }],
    [
      "by Winograd, more channels than a step, and tiles of them",
      [1, 18, 43, 201],
      [195, 3, 3, 201],
      { padding: 1 },
    ],
    [
      "by Winograd, a batch on tiles, relu before and after",
      [2, 13, 9, 192],
      [224, 3, 3, 192],
      { rectified: true, curve: "relu" },
    ],
    [
      "by Winograd, a block that fills no whole lines of the cache",
      [1, 61, 67, 12],
      [20, 3, 3, 12],
      { padding: 1 },
    ],
    ["by Winograd, no padding, a batch", [3, 26, 11, 40], [24, 3, 3, 40], {}],
    ["with stride two", [2, 31, 22, 64], [72, 3, 3, 64], { padding: 1, stride: 2 }],
    ["of one pixel", [2, 31, 22, 64], [33, 1, 1, 64], {}],
    ["of patches", [1, 56, 70, 3], [48, 14, 14, 3], { stride: 14 }],
    ["of one row and of dilation", [1, 20, 30, 17], [19, 1, 5, 17], { padding: [0, 4], dilation: [1, 2] }],
    ["to one channel", [1, 33, 34, 32], [1, 3, 3, 32], { padding: 1 }],
  ];
  test.each(convolutions)("convolve %s as MLX does, gaps in memory or not", (_, xShape, wShape, options) => {
    scope(() => {
      const [x, w] = [normal(1, ...xShape), normal(2, ...wShape)];
      for (const arrange of [(t: Tensor) => t, strided]) {
        const { ours, theirs } = both(set, "conv2d", () => conv2d(arrange(x), arrange(w), options));
        expect(apart(ours, theirs)).toBeLessThan(withinTerms(set, 6e-6));
      }
    });
  });

  test("convolve rows of a larger map with more padding on one side, and do what surrounds it in the same pass", () => {
    const roll = dice(7);
    for (let round = 0; round < 16; round++) {
      const [channels, outputs, kernel] = [roll(1, 41), roll(1, 41), round % 3 ? 3 : roll(1, 2)];
      const stride = round % 4 === 3 ? 2 : 1;
      const [low, high] = [
        [roll(0, 2), roll(0, 2)],
        [roll(0, 2), roll(0, 2)],
      ] as const;
      scope(() => {
        const map = normal(round, 1, 40, 17, channels + 2);
        const x = round % 2 ? map.slice([0, 9, 0, 1], [1, 30, 17, channels + 1]) : map.slice([0, 9], [1, 30]);
        const depth = x.shape[3]!;
        const w = normal(round + 100, outputs, kernel, kernel, depth);
        const bias = normal(round + 200, outputs);
        const size = (side: number, i: 0 | 1) => Math.floor((side + low[i] + high[i] - kernel) / stride) + 1;
        const whole = normal(round + 300, 1, size(21, 0) + 3, size(17, 1), outputs);
        const residual = whole.slice([0, 2], [1, 2 + size(21, 0)]);
        const curve = (["relu", "silu", "none", "gelu"] as const)[round % 4]!;
        const rectified = round % 5 < 3;
        const { ours, theirs } = both(set, "conv2d", () =>
          conv2d(x, w, { bias, stride, padding: low, paddingHigh: high, rectified, curve, residual }),
        );
        const plain = under("off", () => {
          const bordered = x.pad([0, ...low, 0], [0, ...high, 0]);
          const y = conv2d(rectified ? bordered.maximum(0) : bordered, w, { bias, stride });
          return values((curve === "none" ? y : y[curve]()).add(residual));
        });
        expect(apart(ours, plain)).toBeLessThan(3e-6);
        expect(apart(theirs, plain)).toBeLessThan(1e-6);
      });
    }
  });

  const doublings: [what: string, x: number[], outputs: number, kernel: number][] = [
    ["a few odd pixels", [2, 3, 5, 7], 3, 2],
    ["one row", [1, 1, 9, 33], 5, 3],
    ["one pixel", [1, 1, 1, 4], 1, 4],
    ["more than is made at a time", [1, 70, 61, 40], 66, 4],
    ["many pixels, one to one", [1, 19, 21, 16], 20, 1],
  ];
  test.each(doublings)(
    "make several pixels of each: %s, packed or not, rows of a larger map",
    (_, size, outputs, kernel) => {
      scope(() => {
        const [batch, height, width, channels] = size as [number, number, number, number];
        const map = normal(1, batch, height + 3, width, channels);
        const x = batch === 1 ? map.slice([0, 2], [1, height + 2]) : normal(1, ...size);
        const [w, bias] = [normal(2, kernel * kernel * outputs, channels), normal(3, outputs)];
        const { ours, theirs } = both(set, "deconv2d", () => deconv2d(x, w, kernel, bias));
        expect(apart(ours, theirs)).toBeLessThan(3e-6);
        const kept = under(set, () => packed(w));
        for (const later of ["off", set])
          expect(under(later, () => values(deconv2d(x, kept, kernel, bias)))).toEqual(ours);
        const turned = normal(4, batch, channels, height, width).transpose(0, 2, 3, 1);
        const bare = both(set, "deconv2d", () => deconv2d(turned, w, kernel));
        expect(apart(bare.ours, bare.theirs)).toBeLessThan(3e-6);
      });
    },
  );

  test.each([
    [16, 8],
    [192, 193],
  ])("let infinities and not-a-number through a convolution of %d channels to %d", (channels, outputs) => {
    scope(() => {
      const data = values(normal(1, 1, 20, 20, channels)).slice();
      const w = normal(2, outputs, 3, 3, channels);
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
        data[(9 * 20 + 9) * channels + 3] = bad;
        const x = Tensor.from(data, [1, 20, 20, channels]);
        const { ours, theirs } = both(set, "conv2d", () => conv2d(x, w, { padding: 1 }));
        for (let i = 0; i < ours.length; i++)
          if (!Number.isFinite(theirs[i]!)) expect(Number.isFinite(ours[i]!)).toBe(false);
        expect(Math.abs(ours[0]! - theirs[0]!)).toBeLessThan(withinTerms(set, 5e-4));
      }
    });
  });

  test("attend as MLX does: sizes, shared heads, masks, causal, gaps in memory", () => {
    const roll = dice(2);
    for (let round = 0; round < 24; round++) {
      const kvHeads = roll(1, 2);
      const heads = kvHeads * roll(1, 3);
      const width = [8, 32, 64, 80, 128, 384, 512, roll(1, 99)][round % 8]!;
      const [queries, keys] = [roll(1, 120), roll(1, 3) === 1 ? roll(500, 1100) : roll(1, 99)];
      scope(() => {
        const q = normal(round, 2, heads, queries, width);
        const k = normal(round + 1, 2, kvHeads, keys, width);
        const v = normal(round + 2, 2, kvHeads, keys, width);
        const kind = round % 4;
        const wide = roll(0, 1) === 1;
        const added = normal(round + 3, wide ? heads : 1, queries, keys);
        const mask =
          kind === 1
            ? added
            : kind === 2
              ? added.greater(0.5)
              : kind === 3 && keys >= queries
                ? ("causal" as const)
                : undefined;
        const scale = width ** -0.5;
        const arrange = round % 3 === 0 ? strided : (t: Tensor) => t;
        const { ours, theirs } = both(set, "sdpa", () =>
          sdpa(arrange(q), arrange(k), arrange(v), { scale, mask }),
        );
        expect([round, apart(ours, theirs) < 3e-6]).toEqual([round, true]);
      });
    }
  });

  test("attend as the definition does in double precision, scores large or small", () => {
    scope(() => {
      for (const scale of [0.001, 0.2, 3]) {
        const [q, k, v] = [normal(1, 1, 1, 50, 24), normal(2, 1, 1, 700, 24), normal(3, 1, 1, 700, 24)];
        const ours = under(set, () => values(sdpa(q, k, v, { scale })));
        expect(apart(ours, attended(values(q), values(k), values(v), 50, 700, 24, scale))).toBeLessThan(8e-6);
      }
    });
  });

  test("attend to nothing, to infinities and to not-a-number as MLX does", () => {
    scope(() => {
      const [q, k, v] = [normal(1, 1, 2, 5, 16), normal(2, 1, 2, 700, 16), normal(3, 1, 2, 700, 16)];
      const row = (fill: number) => {
        const mask = new Float32Array(5 * 700);
        mask.fill(fill, 700, 1400);
        mask.fill(Number.NEGATIVE_INFINITY, 2100, 2700);
        return Tensor.from(mask, [5, 700]);
      };
      for (const fill of [Number.NEGATIVE_INFINITY, Number.NaN, -1e30]) {
        const { ours, theirs } = both(set, "sdpa", () => sdpa(q, k, v, { scale: 0.25, mask: row(fill) }));
        expect(apart(ours, theirs)).toBeLessThan(3e-6);
      }
      const none = row(1).equal(0);
      const { ours, theirs } = both(set, "sdpa", () => sdpa(q, k, v, { scale: 0.25, mask: none }));
      expect(apart(ours, theirs)).toBeLessThan(3e-6);
    });
  });

  const odd = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    0,
    -0,
    1e-30,
    -1e-30,
    3e38,
    -3e38,
    88,
    -88,
    100,
    -100,
  ];
  const line = () =>
    Float32Array.from({ length: 40_013 }, (_, i) => (i < 13 ? odd[i]! : (i - 20_000) / 1500));
  const tanhOf = (x: number) => Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3));
  const curves: ["gelu" | "gelu_tanh" | "silu", (x: Tensor) => Tensor, (x: number) => number][] = [
    ["gelu", (x) => x.gelu(), (x) => x * cumulative(x)],
    ["gelu_tanh", (x) => x.geluTanh(), (x) => 0.5 * x * (1 + tanhOf(x))],
    ["silu", (x) => x.silu(), (x) => x / (1 + Math.exp(-x))],
  ];
  test.each(curves)("compute %s as its definition does in double precision", (op, ours, exact) => {
    scope(() => {
      const x = line();
      const y = both(set, op, () => ours(Tensor.from(x, [x.length])));
      for (let i = 0; i < x.length; i++) {
        if (i < 13) {
          // MLX multiplies infinity by zero at the far left, and so does this; what is finite may differ by a rounding to zero.
          if (Number.isFinite(x[i]!)) expect(y.ours[i]! - exact(x[i]!)).toBeCloseTo(0, 5);
          else expect(y.ours[i]).toBe(y.theirs[i]!);
          continue;
        }
        const wrong = Math.abs(y.ours[i]! - exact(x[i]!));
        if (!(wrong <= 4e-7 * Math.max(1, Math.abs(x[i]!))))
          throw new Error(`${op}(${x[i]}) is off by ${wrong}`);
      }
    });
  });

  test("compute rows as MLX does: softmax and the norms, odd lengths, one row, one column", () => {
    const roll = dice(3);
    for (let round = 0; round < 30; round++) {
      const shape = [
        [roll(1, 9), roll(1, 70)],
        [1, roll(1, 3000)],
        [roll(1, 99), 1],
        [2, 3, roll(1, 400)],
      ][round % 4]!;
      const n = shape.at(-1)!;
      scope(() => {
        const x = normal(round, ...shape)
          .mul(3)
          .add(round % 5);
        const [w, b] = [normal(round + 50, n), normal(round + 60, n)];
        const arrange = round % 2 ? strided : (t: Tensor) => t;
        const softmax = both(set, "softmax", () => arrange(x).softmax(-1));
        const norm = both(set, "layer_norm", () =>
          layerNorm(arrange(x), round % 3 ? w : null, round % 3 === 1 ? b : null, 1e-3),
        );
        const rms = both(set, "rms_norm", () => rmsNorm(arrange(x), round % 3 ? arrange(w) : null, 1e-5));
        for (const { ours, theirs } of [softmax, norm, rms]) expect(apart(ours, theirs)).toBeLessThan(4e-6);
      });
    }
  });

  test("compute softmax over infinities and not-a-number as MLX does", () => {
    const { NaN: nan, POSITIVE_INFINITY: up, NEGATIVE_INFINITY: down } = Number;
    scope(() => {
      for (const bad of [nan, up, down, 3e38, -3e38]) {
        for (const place of [0, 21]) {
          const data = new Float32Array(3 * 22).map((_, i) => i % 7);
          data[22 + place] = bad;
          data.fill(down, 44);
          const { ours, theirs } = both(set, "softmax", () => Tensor.from(data, [3, 22]).softmax(-1));
          expect(apart(ours, theirs)).toBeLessThan(1e-6);
        }
      }
    });
  });

  test("normalize groups as MLX does", () => {
    const roll = dice(4);
    for (let round = 0; round < 12; round++) {
      const [groups, each] = [roll(1, 8), roll(1, 9)];
      const channels = groups * each;
      scope(() => {
        const x = normal(round, roll(1, 2), roll(1, 30), roll(1, 40), channels).add(2);
        const [w, b] = [normal(round + 1, channels), normal(round + 2, channels)];
        const { ours, theirs } = both(set, "group_norm", () =>
          groupNorm(round % 2 ? x : strided(x), groups, round % 3 ? w : null, round % 3 ? b : null, 1e-3),
        );
        expect(apart(ours, theirs)).toBeLessThan(5e-6);
      });
    }
  });

  test("resample as the definition does in double precision, and as MLX does", () => {
    const roll = dice(6);
    for (let round = 0; round < 32; round++) {
      const [batch, height, width] = [roll(1, 2), roll(1, 19), roll(1, 23)];
      const channels = [1, 3, 16, 17, 64, roll(1, 99)][round % 6]!;
      const count = [1, 2, 4, roll(1, 7)][round % 4]!;
      const table = (input: number): Taps => {
        const size = roll(1, 40);
        return {
          size,
          count,
          indices: Int32Array.from({ length: size * count }, () => roll(0, input - 1)),
          weights: Float32Array.from({ length: size * count }, () => roll(-9, 9) / 8),
        };
      };
      const down = round % 5 === 3 ? null : table(height);
      const across = round % 5 === 4 ? null : table(width);
      scope(() => {
        const x = normal(round, batch, height, width, channels);
        const arrange = round % 2 ? strided : (t: Tensor) => t;
        const { ours, theirs } = both(set, "resample", () => resample(arrange(x), down, across));
        const exact = resampled(values(x), [batch, height, width, channels], down, across);
        expect(apart(ours, exact)).toBeLessThan(1e-6);
        expect(apart(ours, theirs)).toBeLessThan(1e-6);
      });
    }
  });

  test("let infinities and not-a-number through a resampling, and no further than they weigh", () => {
    const halves = (input: number): Taps => ({
      size: 2 * input,
      count: 2,
      indices: Int32Array.from({ length: 4 * input }, (_, i) => Math.min((i >> 2) + (i & 1), input - 1)),
      weights: Float32Array.from({ length: 4 * input }, (_, i) => [0.75, 0.25, 0.5, 0.5][i % 4]!),
    });
    scope(() => {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const data = values(normal(1, 1, 5, 6, 20)).slice();
        data[(2 * 6 + 3) * 20 + 18] = bad;
        const x = Tensor.from(data, [1, 5, 6, 20]);
        const { ours, theirs } = both(set, "resample", () => resample(x, halves(5), halves(6)));
        expect(apart(ours, theirs)).toBeLessThan(1e-6);
      }
    });
  });

  test("multiply as MLX does: long and short sums, tails, one row, one column", () => {
    const roll = dice(5);
    for (let round = 0; round < 24; round++) {
      const [m, n, k] = [
        [roll(1, 40), roll(1, 200), roll(1, 90)],
        [1, roll(1, 99), roll(1, 3000)],
        [roll(1, 300), 1, roll(900, 2200)],
        [roll(90, 400), roll(60, 300), roll(1, 1100)],
      ][round % 4] as [number, number, number];
      scope(() => {
        const [x, w, b] = [normal(round, m, k), normal(round + 1, n, k), normal(round + 2, n)];
        const arrange = round % 2 ? strided : (t: Tensor) => t;
        const { ours, theirs } = both(set, "linear", () =>
          linear(arrange(x), arrange(w), round % 3 ? b : undefined),
        );
        const length = Math.sqrt(k);
        const exact = multiplied(values(x), values(w), round % 3 ? values(b) : undefined, m, n, k);
        expect(apart(ours, exact)).toBeLessThan(2e-7 * length + 4e-7);
        expect(apart(ours, theirs)).toBeLessThan(2e-7 * length + 4e-7);
      });
    }
  });

  test("end a product with a curve, a scale and a residual as single ops do, packed or not", () => {
    const curves = ["none", "gelu", "geluTanh", "silu", "relu"] as const;
    const roll = dice(7);
    for (let round = 0; round < 20; round++) {
      const [m, n, k] = [
        [1, roll(2, 80), roll(256, 300)][round % 3]!,
        roll(1, 90),
        roll(1, round % 4 ? 90 : 1300),
      ];
      scope(() => {
        const [x, w, b] = [normal(round, m, k), normal(round + 1, n, k), normal(round + 2, n)];
        const scale = round & 1 ? normal(round + 3, n) : undefined;
        const residual = round & 2 ? normal(round + 4, m, n) : undefined;
        const curve = curves[round >> 2]!;
        const ending = { curve, ...(scale && { scale }), ...(residual && { residual }) };
        const { ours, theirs } = both(set, "linear", () => linear(x, w, b, ending));
        expect(apart(ours, theirs)).toBeLessThan(withinTerms(set, 4e-7 * Math.sqrt(k) + 1e-6));
        const kept = under(set, () => packed(w));
        expect(kept).toBeInstanceOf(Packed);
        // Whatever is chosen by then: the kernels that packed it read it.
        for (const later of ["off", "base", set])
          expect(under(later, () => values(linear(x, kept, b, ending)))).toEqual(ours);
      });
    }
  });

  test("multiply a packed matrix with what the kernels do not cover", () => {
    scope(() => {
      const [x, w, b] = [normal(1, 5, 40), normal(2, 30, 40), normal(3, 30)];
      const kept = under(set, () => packed(w)) as Packed;
      const half = under(set, () => linear(x.astype("float16"), kept, b.astype("float16")));
      expect(half.dtype).toBe("float16");
      const plain = under("off", () => values(linear(x, w, b)));
      expect(apart(values(half), plain)).toBeLessThan(2e-3);
      const row = under(set, () => linear(x, kept, b, { residual: normal(4, 1, 30) }));
      const expected = under("off", () => values(linear(x, w, b).add(normal(4, 1, 30))));
      expect(apart(values(row), expected)).toBeLessThan(2e-6);
      expect(() => linear(normal(1, 5, 41), kept)).toThrow("[linear] the weight is packed for 40 inputs");
    });
  });

  test("gate as silu and a product do, halves of one tensor or apart, gaps or none", () => {
    scope(() => {
      for (const [rows, n] of [
        [1, 1],
        [7, 33],
        [50, 64],
        [3, 200],
      ] as const) {
        const x = normal(rows, 2, rows, 2 * n).mul(4);
        const [a, b] = split(x, 2, 2) as [Tensor, Tensor];
        for (const [gate, value] of [
          [a, b],
          [a.contiguous(), b],
          [strided(a), b],
          [a, b.slice([0, 0], [1, 1]).broadcastTo(2, rows, n)],
          [a.transpose(1, 0, 2), b.transpose(1, 0, 2)],
        ] as const) {
          const { ours, theirs } = both(set, "gated", () => gated(gate, value));
          expect(apart(ours, theirs)).toBeLessThan(1e-6);
        }
      }
    });
  });

  test("multiply numbers that lie far apart as the definition does in double precision", () => {
    const [m, n, k] = [270, 90, 333];
    scope(() => {
      // A few channels a thousand times the rest, as in the middle of a vision transformer; then a scale near either end of the range.
      const loud = Tensor.from(
        Float32Array.from({ length: k }, (_, i) => (i % 97 === 5 ? 1000 : 1)),
        [k],
      );
      for (const scale of [1, 1e30, 1e-25]) {
        const [x, w] = [normal(1, m, k).mul(loud).mul(scale), normal(2, n, k)];
        const ours = under(set, () => values(linear(x, w)));
        const exact = multiplied(values(x), values(w), undefined, m, n, k);
        for (let i = 0; i < m; i++) {
          const row = (list: ArrayLike<number>) => Array.from({ length: n }, (_, j) => list[i * n + j]!);
          expect(apart(row(ours), row(exact))).toBeLessThan(3e-6);
        }
      }
    });
  });

  test("multiply infinities, not-a-number and the largest numbers as MLX does", () => {
    const { NaN: nan, POSITIVE_INFINITY: up, NEGATIVE_INFINITY: down } = Number;
    const odd = [nan, up, down, 3.4028234e38, -3.4e38, 0];
    for (const m of [1, 5, 45, 260]) {
      for (const [i, value] of odd.entries()) {
        scope(() => {
          const [x, w] = [normal(1, m, 70).mul(0.1), normal(2, 50, 70).mul(0.1)];
          const put = (t: Tensor, row: number, column: number) => {
            const data = values(t);
            data[row * 70 + column] = value;
            return Tensor.from(data, t.shape);
          };
          const left = both(set, "linear", () => linear(put(x, m - 1, 11 * i), w));
          expect([m, value, apart(left.ours, left.theirs) < 2e-6]).toEqual([m, value, true]);
          const right = both(set, "linear", () => linear(x, put(w, 33, 9 * i)));
          expect([m, value, apart(right.ours, right.theirs) < 2e-6]).toEqual([m, value, true]);
        });
      }
    }
  });

  test("keep what is lazy lazy, and take their memory from MLX", () => {
    scope(() => {
      useKernels(set);
      const [x, w] = [normal(1, 1, 256, 256, 64), normal(2, 64, 3, 3, 64)];
      evaluate(x, w);
      clearCache();
      resetPeak();
      const start = memory().active;
      const y = conv2d(x, w, { padding: 1 });
      expect(memory().active).toBe(start);
      evaluate(y);
      expect(memory().active).toBe(start + y.nbytes);
      // The transformed weight is 0.6 MB; the columns of MLX's own would be 151 MB.
      expect(memory().peak).toBeLessThan(start + y.nbytes + 2e6);
      useKernels(before());
    });
  });
});

describe.if(onLinux)("what a kernel does not cover", () => {
  test("tables that ask for what is not there are refused", () => {
    scope(() => {
      const taps = (...indices: number[]) => ({
        size: indices.length,
        count: 1,
        indices: Int32Array.from(indices),
        weights: indices,
      });
      const x = normal(1, 1, 3, 4, 5);
      expect(() => resample(x, taps(0, 3), null)).toThrow("[resample] a table asks for 3 of an axis of 3");
      expect(() => resample(x, null, taps(-1))).toThrow("[resample]");
      expect(() => resample(x, taps(), null)).toThrow("[resample] a table is empty");
      expect(() => resample(x.reshape(3, 20), taps(0), null)).toThrow("[resample] needs");
    });
  });

  test("is refused with MLX's own words when it makes no sense", () => {
    scope(() => {
      expect(() => linear(full([2, 3], 1), full([4, 5], 1))).toThrow();
      expect(() => conv2d(full([1, 5, 5, 4], 1), full([8, 3, 3, 3], 1))).toThrow("[conv]");
      expect(() => layerNorm(full([2, 3], 1), full([4], 1), null, 1e-5)).toThrow("[layer_norm]");
    });
  });

  test("counts nothing while they are off", () => {
    scope(() => {
      const counted = kernelCalls();
      under("off", () => values(normal(1, 40).gelu()));
      expect(kernelCalls()).toEqual(counted);
    });
  });
});

const index = join(import.meta.dir, "../../ffi/index.ts");

/** Opens the library in a process of its own and prints what the program says. */
function fresh(env: Record<string, string>, program: string) {
  const text = `import * as e from ${JSON.stringify(index)};
    try { e.openLibrary(${JSON.stringify(libraryPath)}, { device: "cpu" }); ${program} } catch (error) { console.log(error.message) }`;
  const child = Bun.spawnSync([process.execPath, "-e", text], { env: { ...process.env, ...env } });
  return child.stdout.toString().trim();
}

describe.if(onLinux)("EASEL_CPU_KERNELS", () => {
  const chosen = (name: string) => fresh({ EASEL_CPU_KERNELS: name }, "console.log(e.kernels())");

  test("unset, the best that the processor has is used", () => {
    expect(chosen("")).toBe(sets.at(-1)!);
  });

  test("turns them off, or forces one", () => {
    for (const name of ["off", ...sets]) expect(chosen(name)).toBe(name);
  });

  test("is refused when it names what the processor does not have, or nothing known", () => {
    for (const set of optional)
      if (!present(set))
        expect(chosen(set)).toContain(`[kernels] this processor or operating system does not support ${set}`);
    expect(chosen("avx1024")).toStartWith("[kernels] EASEL_CPU_KERNELS must be one of off");
  });
});

test.if(onLinux)("results do not depend on the number of threads, to the last bit", () => {
  const program = `
    const n = (seed, ...shape) => e.random.normal(shape, e.random.key(seed));
    const table = { size: 3, count: 2, indices: Int32Array.of(0, 9, 30, 31, 49, 48), weights: [0.1, 0.9, 0.3, 0.7, 0.5, 0.5] };
    const ys = [
      e.conv2d(n(1, 1, 45, 61, 40), n(2, 70, 3, 3, 40), { padding: 1 }),
      e.conv2d(n(1, 1, 45, 61, 40), n(2, 70, 3, 3, 40), { padding: 1, stride: 2 }),
      e.conv2d(n(1, 1, 25, 31, 200), n(2, 210, 3, 3, 200), { padding: 1, rectified: true, curve: "relu" }),
      e.deconv2d(n(1, 1, 45, 61, 40), n(2, 4 * 70, 40), 2, n(8, 70)),
      e.sdpa(n(3, 1, 3, 217, 64), n(4, 1, 3, 999, 64), n(5, 1, 3, 999, 64), { scale: 0.1 }),
      e.sdpa(n(3, 1, 2, 217, 40), n(4, 1, 1, 999, 40), n(5, 1, 1, 999, 40), { scale: 0.1, mask: "causal" }),
      e.linear(n(6, 333, 1500), n(7, 190, 1500), n(8, 190)),
      e.linear(n(6, 5, 150), n(7, 190, 150), n(8, 190)),
      e.matmul(n(6, 40, 200), n(7, 200, 500)),
      e.groupNorm(n(9, 1, 70, 50, 32), 8, null, null, 1e-5),
      e.layerNorm(n(9, 700, 333), null, null, 1e-5),
      n(9, 700, 333).softmax(-1), n(9, 700, 333).gelu(),
      e.resample(n(9, 1, 70, 50, 32), table, table),
    ];
    console.log(ys.map((y) => Bun.hash(new Uint8Array(y.read().buffer)).toString(36)).join(" "));`;
  for (const set of [...new Set([sets[0]!, sets.at(-1)!])]) {
    const made = ["1", "2", "3", "8", "16", "64"].map((count) =>
      fresh({ EASEL_CPU_THREADS: count, EASEL_CPU_KERNELS: set }, program),
    );
    expect(made[0]).toMatch(/^\w+( \w+){13}$/);
    expect(new Set(made).size).toBe(1);
  }
  // Where threads are pinned makes no difference either.
  const pinned = ["on", "off"].map((pin) => fresh({ EASEL_CPU_THREADS: "3", EASEL_CPU_PIN: pin }, program));
  expect(pinned[1]).toBe(pinned[0]!);
});

test.if(!onLinux)("there are no kernels of ours beside Metal", () => {
  expect(kernels()).toBe("off");
});

/** The normal distribution's cumulative value: a series, and beyond it a continued fraction. */
function cumulative(x: number): number {
  const a = Math.abs(x);
  const density = Math.exp((-a * a) / 2) / Math.sqrt(2 * Math.PI);
  let tail: number;
  if (a < 3) {
    let [term, sum] = [a, a];
    for (let k = 1; k < 90; k++) sum += term *= (a * a) / (2 * k + 1);
    tail = 0.5 - density * sum;
  } else {
    let fraction = a;
    for (let k = 90; k > 0; k--) fraction = a + k / fraction;
    tail = density / fraction;
  }
  return x < 0 ? tail : 1 - tail;
}

function multiplied(
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  b: ArrayLike<number> | undefined,
  m: number,
  n: number,
  k: number,
) {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      let sum = b ? b[j]! : 0;
      for (let p = 0; p < k; p++) sum += x[i * k + p]! * w[j * k + p]!;
      out[i * n + j] = sum;
    }
  return out;
}

function attended(
  q: ArrayLike<number>,
  k: ArrayLike<number>,
  v: ArrayLike<number>,
  queries: number,
  keys: number,
  width: number,
  scale: number,
) {
  const out = new Float64Array(queries * width);
  for (let i = 0; i < queries; i++) {
    const scores = Float64Array.from({ length: keys }, (_, j) => {
      let sum = 0;
      for (let c = 0; c < width; c++) sum += q[i * width + c]! * k[j * width + c]!;
      return sum * scale;
    });
    const most = Math.max(...scores);
    const powers = scores.map((s) => Math.exp(s - most));
    const total = powers.reduce((sum, p) => sum + p, 0);
    for (let j = 0; j < keys; j++)
      for (let c = 0; c < width; c++) out[i * width + c]! += (powers[j]! / total) * v[j * width + c]!;
  }
  return out;
}

function resampled(
  x: ArrayLike<number>,
  [batch, height, width, channels]: [number, number, number, number],
  down: Taps | null,
  across: Taps | null,
) {
  const axis = (taps: Taps | null, length: number) =>
    Array.from({ length: taps?.size ?? length }, (_, i) =>
      taps
        ? Array.from({ length: taps.count }, (_, k) => {
            const at = i * taps.count + k;
            return [taps.indices[at]!, taps.weights[at]!] as const;
          })
        : [[i, 1] as const],
    );
  const out: number[] = [];
  for (let b = 0; b < batch; b++)
    for (const rows of axis(down, height))
      for (const columns of axis(across, width))
        for (let c = 0; c < channels; c++) {
          let sum = 0;
          for (const [y, u] of rows)
            for (const [z, v] of columns) sum += u * v * x[((b * height + y) * width + z) * channels + c]!;
          out.push(sum);
        }
  return out;
}

function convolved(
  x: Tensor,
  w: Tensor,
  bias: Tensor | undefined,
  stride: number,
  padding: number,
  dilation: number,
) {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const [outputs, kernel] = w.shape as [number, number];
  const span = (length: number) =>
    Math.floor((length + 2 * padding - (kernel - 1) * dilation - 1) / stride) + 1;
  const [outH, outW] = [span(height), span(width)];
  const [from, by, add] = [values(x), values(w), bias ? values(bias) : undefined];
  const out = new Float64Array(batch * outH * outW * outputs);
  let at = 0;
  for (let b = 0; b < batch; b++)
    for (let y = 0; y < outH; y++)
      for (let z = 0; z < outW; z++)
        for (let o = 0; o < outputs; o++) {
          let sum = add ? add[o]! : 0;
          for (let i = 0; i < kernel; i++)
            for (let j = 0; j < kernel; j++) {
              const [row, column] = [
                y * stride - padding + i * dilation,
                z * stride - padding + j * dilation,
              ];
              if (row < 0 || row >= height || column < 0 || column >= width) continue;
              const [p, q] = [
                ((b * height + row) * width + column) * channels,
                ((o * kernel + i) * kernel + j) * channels,
              ];
              for (let c = 0; c < channels; c++) sum += from[p + c]! * by[q + c]!;
            }
          out[at++] = sum;
        }
  return out;
}
