import { beforeAll, describe, expect, test } from "bun:test";
import {
  addmm,
  arange,
  concat,
  conv2d,
  convGeneral,
  deconv2d,
  full,
  groupNorm,
  layerNorm,
  linear,
  liveHandles,
  matmul,
  ones,
  random,
  rmsNorm,
  scope,
  sdpa,
  split,
  stack,
  Tensor,
  where,
  zeros,
} from "../../ffi/index.ts";
import { error, openFixtures, strided } from "./fixtures.ts";
import { openForTests } from "./open.ts";

beforeAll(openForTests);

type Inputs = (name: string) => Tensor;
type Case = (f: Inputs) => Tensor;
const attention = { scale: 16 ** -0.5 };

const groups: Record<string, Record<string, Case>> = {
  elementwise: {
    neg: (f) => f("x").neg(),
    abs: (f) => f("x").abs(),
    square: (f) => f("x").square(),
    exp: (f) => f("x").exp(),
    sin: (f) => f("x").sin(),
    cos: (f) => f("x").cos(),
    tanh: (f) => f("x").tanh(),
    erf: (f) => f("x").erf(),
    sigmoid: (f) => f("x").sigmoid(),
    silu: (f) => f("x").silu(),
    gelu: (f) => f("x").gelu(),
    geluTanh: (f) => f("x").geluTanh(),
    relu: (f) => f("x").relu(),
    floor: (f) => f("x").floor(),
    ceil: (f) => f("x").ceil(),
    sqrt: (f) => f("x").sqrt(),
    rsqrt: (f) => f("x").rsqrt(),
    reciprocal: (f) => f("x").reciprocal(),
    log: (f) => f("x").log(),
    round: (f) => f("x").round(),
    clip: (f) => f("x").clip(-0.5, 0.75),
    isnan: (f) => f("x").isnan(),
    isfinite: (f) => f("x").isfinite(),
    add: (f) => f("x").add(f("y")),
    addRow: (f) => f("x").add(f("y")),
    addNumber: (f) => f("x").add(0.75),
    sub: (f) => f("x").sub(f("y")),
    subRow: (f) => f("x").sub(f("y")),
    subNumber: (f) => f("x").sub(0.75),
    mul: (f) => f("x").mul(f("y")),
    mulRow: (f) => f("x").mul(f("y")),
    mulNumber: (f) => f("x").mul(0.75),
    div: (f) => f("x").div(f("y")),
    divRow: (f) => f("x").div(f("y")),
    divNumber: (f) => f("x").div(0.75),
    maximum: (f) => f("x").maximum(f("y")),
    maximumRow: (f) => f("x").maximum(f("y")),
    maximumNumber: (f) => f("x").maximum(0.75),
    minimum: (f) => f("x").minimum(f("y")),
    minimumRow: (f) => f("x").minimum(f("y")),
    minimumNumber: (f) => f("x").minimum(0.75),
    pow: (f) => f("x").pow(f("y")),
    powNumber: (f) => f("x").pow(1.7),
    equal: (f) => f("x").equal(f("y")),
    equalNumber: (f) => f("x").equal(1),
    greater: (f) => f("x").greater(f("y")),
    greaterNumber: (f) => f("x").greater(1),
    less: (f) => f("x").less(f("y")),
    lessNumber: (f) => f("x").less(1),
    and: (f) => f("x").and(f("y")),
    or: (f) => f("x").or(f("y")),
    not: (f) => f("x").not(),
    where: (f) => where(f("c"), f("x"), f("y")),
  },
  reductions: {
    ...reduction("sum"),
    ...reduction("mean"),
    ...reduction("prod"),
    ...reduction("max"),
    ...reduction("min"),
    ...reduction("variance"),
    allLast: (f) => f("x").all(-1),
    anyFirst: (f) => f("x").any(0, true),
    argmax: (f) => f("x").argmax(1),
    argmin: (f) => f("x").argmin(),
    sort: (f) => f("x").sort(1),
    argsort: (f) => f("x").argsort(),
    cumsum: (f) => f("x").cumsum(1),
    softmaxLast: (f) => f("x").softmax(),
    softmaxFirst: (f) => f("x").softmax(0),
  },
  shapes: {
    reshape: (f) => f("x").reshape(3, -1),
    transpose: (f) => f("x").transpose(2, 0, 1),
    transposeAll: (f) => f("x").transpose(),
    expandDims: (f) => f("x").expandDims(1, 4),
    squeeze: (f) => f("x").squeeze(1),
    broadcastTo: (f) => f("x").broadcastTo(2, 4, 5),
    flip: (f) => f("x").flip(1, 2),
    slice: (f) => f("x").slice([0, 1, 0], [1, 3, 5], [1, 1, 2]),
    sliceNegative: (f) => f("x").slice([0, 0, -3], [2, 3, -1]),
    sliceBackwards: (f) => f("x").slice([0, 0, 4], [2, 3, 0], [1, 1, -2]),
    withSlice: (f) => f("x").withSlice(f("y"), [0, 1, 0], [2, 3, 4], [1, 1, 2]),
    at: (f) => f("x").at(1),
    atLast: (f) => f("x").at(-2, -1),
    take: (f) => f("x").take(f("i"), 1),
    takeAlong: (f) => f("x").takeAlong(f("i"), 1),
    putAlong: (f) => f("x").putAlong(f("i"), f("y"), 2),
    padConstant: (f) => f("x").pad([0, 1, 3], [0, 2, 0], "constant", 1.5),
    padEdge: (f) => f("x").pad([0, 1, 3], [0, 2, 0], "edge"),
    repeat: (f) => f("x").repeat(3, 1),
    tile: (f) => f("x").tile(2, 1, 3),
    concat: (f) => concat([f("x"), f("y")], 1),
    stack: (f) => stack([f("x"), f("y")], 1),
  },
  networks: {
    linear: (f) => linear(f("x"), f("w"), f("b")),
    linearPlain: (f) => linear(f("x"), f("w")),
    matmul: (f) => matmul(f("x"), f("y")),
    addmm: (f) => addmm(f("c"), f("x"), f("y"), { alpha: 0.5, beta: 2 }),
    conv: (f) => conv2d(f("x"), f("w"), { bias: f("b"), padding: 1 }),
    convPoint: (f) => conv2d(f("x"), f("w"), { bias: f("b") }),
    convPatch: (f) => conv2d(f("x"), f("w"), { bias: f("b"), stride: 4 }),
    convStride: (f) => conv2d(f("x"), f("w"), { bias: f("b"), stride: [2, 1], padding: [1, 2] }),
    convDilated: (f) => conv2d(f("x"), f("w"), { bias: f("b"), padding: 2, dilation: 2 }),
    convGroups: (f) => conv2d(f("x"), f("w"), { bias: f("b"), padding: 1, groups: 2 }),
    convDepthwise: (f) => conv2d(f("x"), f("w"), { bias: f("b"), padding: 1, groups: 6 }),
    convVolume: (f) => convGeneral(f("x"), f("w"), { paddingLow: [2, 1, 1], paddingHigh: [0, 1, 1] }),
    convTransposed: (f) =>
      convGeneral(f("x"), f("w"), { inputDilation: [2, 2], paddingLow: [2, 2], paddingHigh: [2, 2] }),
    sdpa: (f) => sdpa(f("q"), f("k"), f("v"), attention),
    sdpaMask: (f) => sdpa(f("q"), f("k"), f("v"), { ...attention, mask: f("mask") }),
    sdpaBool: (f) => sdpa(f("q"), f("k"), f("v"), { ...attention, mask: f("mask") }),
    sdpaCausal: (f) => sdpa(f("q"), f("k"), f("v"), { ...attention, mask: "causal" }),
    sdpaGrouped: (f) => sdpa(f("q"), f("k"), f("v"), attention),
    layerNorm: (f) => layerNorm(f("x"), f("w"), f("b"), 1e-5),
    layerNormPlain: (f) => layerNorm(f("x"), null, null, 1e-6),
    rmsNorm: (f) => rmsNorm(f("x"), f("w"), 1e-6),
    rmsNormPlain: (f) => rmsNorm(f("x"), null, 1e-6),
    groupNorm: (f) => groupNorm(f("x"), 4, f("w"), f("b"), 1e-6),
  },
};

function reduction(name: "sum" | "mean" | "prod" | "max" | "min" | "variance"): Record<string, Case> {
  return {
    [`${name}All`]: (f) => f("x")[name](),
    [`${name}Last`]: (f) => f("x")[name](-1),
    [`${name}Two`]: (f) => f("x")[name]([0, 2], true),
  };
}

for (const [group, cases] of Object.entries(groups)) {
  describe(`${group} give what NumPy and PyTorch give`, () => {
    test("and every case of the reference is tried", () => {
      using file = openFixtures(group);
      const names = new Set([...file.tensors.keys()].map((name) => name.split("/")[0]));
      expect([...names].sort()).toEqual(Object.keys(cases).sort());
    });

    test.each(Object.keys(cases))("%s", (name) => {
      using file = openFixtures(group);
      const before = liveHandles();
      for (const layout of [(x: Tensor) => x, strided]) {
        scope(() => {
          const actual = cases[name]!((input) => layout(file.take(`${name}/${input}`)));
          const expected = file.take(`${name}/out`);
          expect(actual.shape).toEqual(expected.shape);
          expect(actual.dtype).toBe(expected.dtype);
          expect(error(actual, expected)).toBeLessThanOrEqual(1e-6);
        });
      }
      expect(liveHandles()).toBe(before);
    });
  });
}

const normal = (seed: number, ...shape: number[]) => random.normal(shape, random.key(seed));

// On a GPU the wider one goes by MLX's Winograd, of whose tiles 38 rows fill six; a row of the border begins the next.
test.each([
  [38, 128, 128],
  [9, 7, 5],
])(
  "a convolution of %d rows does what surrounds it as single ops do, on any device",
  (rows, inputs, outputs) => {
    scope(() => {
      const [x, w, bias] = [
        normal(1, 1, rows, 128, inputs),
        normal(2, outputs, 3, 3, inputs),
        normal(3, outputs),
      ];
      for (const [low, high] of [
        [
          [0, 1],
          [1, 1],
        ],
        [
          [1, 1],
          [0, 1],
        ],
        [
          [0, 0],
          [2, 1],
        ],
      ] as const) {
        const plain = conv2d(x.relu().pad([0, ...low, 0], [0, ...high, 0]), w)
          .add(bias)
          .relu();
        const residual = normal(4, ...plain.shape);
        const made = conv2d(x, w, {
          bias,
          padding: low,
          paddingHigh: high,
          rectified: true,
          curve: "relu",
          residual,
        });
        expect(made.shape).toEqual(plain.shape);
        expect(error(made, plain.add(residual))).toBeLessThanOrEqual(1e-5);
      }
    });
  },
);

test("a transposed convolution places what its matrix makes, on any device", () => {
  scope(() => {
    const [x, w, bias] = [normal(1, 2, 5, 6, 7), normal(2, 3 * 3 * 4, 7), normal(3, 4)];
    const pixels = linear(x, w).reshape(2, 5, 6, 3, 3, 4).transpose(0, 1, 3, 2, 4, 5);
    const made = deconv2d(x, w, 3, bias);
    expect(made.shape).toEqual([2, 15, 18, 4]);
    expect(error(made, pixels.reshape(2, 15, 18, 4).add(bias))).toBeLessThanOrEqual(1e-6);
    expect(deconv2d(zeros([0, 5, 6, 7]), w, 3, bias).shape).toEqual([0, 15, 18, 4]);
    expect(() => deconv2d(x, w, 4)).toThrow("[deconv2d]");
  });
});

test("tensors are made full of one value and as ranges", () => {
  scope(() => {
    expect([...zeros([2, 3]).read()]).toEqual([0, 0, 0, 0, 0, 0]);
    expect(ones([3], "bfloat16").dtype).toBe("bfloat16");
    expect([...full([2], -1.5, "float16").read()]).toEqual([-1.5, -1.5]);
    expect([...full([2], 3.9, "int32").read()]).toEqual([3, 3]);
    expect([...arange(4).read()]).toEqual([0, 1, 2, 3]);
    expect(arange(4, "float32").dtype).toBe("float32");
  });
});

test("split cuts evenly or at places, and refuses what does not divide", () => {
  scope(() => {
    const x = arange(24).reshape(2, 12);
    expect(split(x, 3, -1).map((part) => part.shape)).toEqual([
      [2, 4],
      [2, 4],
      [2, 4],
    ]);
    expect(split(x, [2, 7], 1).map((part) => [...part.at(0).read()])).toEqual([
      [0, 1],
      [2, 3, 4, 5, 6],
      [7, 8, 9, 10, 11],
    ]);
    expect(() => split(x, 5, 1)).toThrow("an axis of 12 does not divide into 5 parts");
    expect(() => split(x, 2, 2)).toThrow("there is no axis 2");
  });
});

test("empty tensors pass through", () => {
  scope(() => {
    const none = zeros([0, 3]);
    expect(none.add(1).shape).toEqual([0, 3]);
    expect(none.read()).toEqual(new Float32Array(0));
    expect([...none.sum(0).read()]).toEqual([0, 0, 0]);
    expect(none.cumsum(0).shape).toEqual([0, 3]);
    expect([...concat([none, ones([1, 3])], 0).read()]).toEqual([1, 1, 1]);
    expect(matmul(none, ones([3, 2])).shape).toEqual([0, 2]);
    expect([...matmul(zeros([2, 0]), zeros([0, 2])).read()]).toEqual([0, 0, 0, 0]);
    expect(linear(none, ones([4, 3])).shape).toEqual([0, 4]);
    expect(Tensor.from([], [0, 2]).shape).toEqual([0, 2]);
    expect(none.slice([0, 0], [0, 2]).shape).toEqual([0, 2]);
    expect(none.softmax().read()).toEqual(new Float32Array(0));
  });
});

test("a number takes the type of its tensor, unless it would lose its value", () => {
  scope(() => {
    expect(ones([1], "bfloat16").mul(0.1).dtype).toBe("bfloat16");
    expect(ones([1], "int32").add(2).dtype).toBe("int32");
    expect(ones([1], "uint8").mul(3).dtype).toBe("uint8");
    expect(ones([1], "int32").add(0.5).item()).toBe(1.5);
    expect(ones([1], "bool").add(1).item()).toBe(2);
    expect(ones([1], "int32").greater(0.5).item()).toBe(1);
    expect(ones([1], "float32").minimum(Number.NEGATIVE_INFINITY).item()).toBe(Number.NEGATIVE_INFINITY);
    expect(ones([1], "int32").clip(0, Number.POSITIVE_INFINITY).item()).toBe(1);
  });
});

test("an index outside the axis is an error", () => {
  scope(() => {
    const x = arange(3);
    expect([0, 1, 2, -1, -2, -3].map((index) => x.at(index).item())).toEqual([0, 1, 2, 2, 1, 0]);
    expect(() => x.at(3)).toThrow("index 3 is outside an axis of 3");
    expect(() => x.at(-4)).toThrow("index -4 is outside an axis of 3");
  });
});

test.each(["float16", "bfloat16"] as const)("GELU in %s is rounded once, at its end", (dtype) => {
  using file = openFixtures("elementwise");
  scope(() => {
    const x = file.take("gelu/x").mul(2).astype(dtype);
    for (const activation of ["gelu", "geluTanh"] as const) {
      const y = x[activation]();
      expect(y.dtype).toBe(dtype);
      expect(y.read()).toEqual(x.astype("float32")[activation]().astype(dtype).read() as never);
    }
  });
});
