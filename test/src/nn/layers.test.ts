import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  conv2d,
  convGeneral,
  kernels,
  liveHandles,
  random,
  saveSafetensors,
  scope,
  sdpa,
  Tensor,
  useKernels,
} from "../../../ffi/index.ts";
import { resizeFloats } from "../../../src/images/pixels.ts";
import { attention, scoreLimit } from "../../../src/nn/attention.ts";
import { Conv2d, Deconv2d, Pointwise, StridedConv } from "../../../src/nn/conv.ts";
import { resize, resizePicture } from "../../../src/nn/interpolate.ts";
import { Linear } from "../../../src/nn/linear.ts";
import { bilinear, collect, conv3x3, deconv, held, residualUnit, strips, sum } from "../../../src/nn/rows.ts";
import { gpuScoreBytes } from "../../../src/nn/score-memory.ts";
import { Weights } from "../../../src/nn/weights.ts";
import { Checkpoint } from "../../../src/weights/checkpoint.ts";
import { openForTests } from "../../ffi/open.ts";
import { difference, expected } from "../models/fixtures.ts";

openForTests();

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

let seed = 1;
const normal = (...shape: number[]) => random.normal(shape, random.key(seed++));

/** Weights as a checkpoint would give them. */
function weights(tensors: Record<string, Tensor>, options = {}): Weights {
  const folder = mkdtempSync(join(tmpdir(), "easel-layers-"));
  folders.push(folder);
  saveSafetensors(join(folder, "model.safetensors"), tensors);
  return new Weights(Checkpoint.open([folder]), { dtype: "float32", ...options });
}

const apart = (a: Tensor, b: Tensor) => difference(a.read("float32"), b.read("float32"));

/** With MLX's own ops, for which memory is bounded piece by piece. */
function withoutKernels(body: () => void): void {
  const before = kernels();
  useKernels("off");
  try {
    body();
  } finally {
    useKernels(before);
  }
}

test("attention in chunks of queries equals attention at once", () => {
  scope(() => {
    const [q, k, v] = [normal(2, 3, 37, 8), normal(2, 3, 41, 8), normal(2, 3, 41, 8)];
    const whole = sdpa(q!, k!, v!, { scale: 0.35 });
    // One row of scores takes 4 · 2 · 3 · 41 bytes.
    for (const limit of [1, 984, 5000, 984 * 36]) {
      expect(apart(attention(q!, k!, v!, 0.35, limit), whole)).toBeLessThan(1e-6);
      withoutKernels(() => expect(apart(attention(q!, k!, v!, 0.35, limit), whole)).toBeLessThan(1e-6));
    }
    expect(apart(attention(q!, k!, v!, 0.35), whole)).toBeLessThan(1e-6);
  });
});

test("attention of the picture coders' heads is the same in rows and at once, in single and in half precision", () => {
  for (const channels of [384, 512])
    for (const dtype of ["float32", "bfloat16"] as const)
      scope(() => {
        const [q, k, v] = [1, 2, 3].map(() => normal(1, 1, 150, channels).astype(dtype)) as [
          Tensor,
          Tensor,
          Tensor,
        ];
        const scale = channels ** -0.5;
        const whole = attention(q, k, v, scale);
        const bytes = dtype === "float32" ? 4 : 2;
        // 64 rows at a time, and a rest
        const inRows = attention(q, k, v, scale, 64 * 150 * bytes);
        expect(inRows.shape).toEqual(whole.shape);
        expect(inRows.dtype).toBe(dtype);
        expect(apart(inRows, whole)).toBeLessThan(dtype === "float32" ? 1e-6 : 1e-2);
      });
});

test("a GPU's scores are bounded for the heads that no kernel of it fuses, and for these only", () => {
  const gpu = { gpu: true };
  for (const channels of [384, 512, 256]) expect(scoreLimit(channels, gpu)).toBe(gpuScoreBytes);
  for (const channels of [64, 80, 128]) expect(scoreLimit(channels, gpu)).toBe(Number.POSITIVE_INFINITY);
  // our own kernels on a processor hold no scores, MLX's do
  expect(scoreLimit(512, { gpu: false })).toBe(Number.POSITIVE_INFINITY);
});

test("a convolution equals MLX's own, with strides and borders, with our kernels and without", () => {
  for (const [kernel, stride, padding] of [
    [3, 1, 1],
    [3, 2, 1],
    [6, 1, 0],
  ] as const) {
    scope(() => {
      using w = weights({ weight: normal(5, 4, kernel, kernel), bias: normal(5) });
      const conv = new Conv2d(w, 4, 5, kernel, { stride, padding });
      const x = normal(1, 19, 13, 4);
      const whole = conv2d(x, conv.weight, { bias: conv.bias, stride, padding });
      expect(apart(conv.forward(x), whole)).toBeLessThan(1e-6);
      withoutKernels(() => expect(apart(conv.forward(x), whole)).toBeLessThan(1e-6));
    });
  }
});

test("a deconvolution by a matrix equals a transposed convolution", () => {
  for (const kernel of [2, 4]) {
    scope(() => {
      const weight = normal(6, 5, kernel, kernel);
      const bias = normal(5);
      using w = weights({ weight, bias });
      const x = normal(2, 7, 3, 6);
      // A transposed convolution is one of the input spread out by its stride, with the kernel turned.
      const whole = convGeneral(x, weight.transpose(1, 2, 3, 0).contiguous(), {
        inputDilation: [kernel, kernel],
        paddingLow: [kernel - 1, kernel - 1],
        paddingHigh: [kernel - 1, kernel - 1],
        flip: true,
      }).add(bias);
      expect(apart(new Deconv2d(w, 6, 5, kernel).forward(x), whole)).toBeLessThan(1e-6);
    });
  }
});

test("a halving convolution by a matrix equals the convolution, in odd and even sizes", () => {
  for (const [rows, columns] of [
    [7, 6],
    [4, 9],
    [1, 1],
  ] as const) {
    scope(() => {
      const [weight, bias] = [normal(5, 4, 3, 3), normal(5)];
      using w = weights({ weight, bias });
      const x = normal(2, rows, columns, 4);
      const whole = conv2d(x, weight.transpose(0, 2, 3, 1), { bias, stride: 2, padding: 1 });
      const halved = new StridedConv(w, 4, 5).forward(x);
      expect(halved.shape).toEqual(whole.shape);
      expect(apart(halved, whole)).toBeLessThan(1e-5);
    });
  }
});

test("a pointwise convolution is a matrix on the channels", () => {
  scope(() => {
    const weight = normal(5, 4, 1, 1);
    using w = weights({ weight, bias: normal(5) });
    const layer = new Pointwise(w, 4, 5);
    const x = normal(1, 6, 7, 4);
    const whole = conv2d(x, weight.transpose(0, 2, 3, 1), { bias: layer.bias });
    expect(apart(layer.forward(x), whole)).toBeLessThan(1e-6);
  });
});

test("a linear layer in half precision or 8 bits is near the plain one, and takes less memory", () => {
  scope(() => {
    const tensors = { weight: normal(128, 128).astype("float16"), bias: normal(128) };
    const x = normal(9, 128);
    using plain = weights(tensors);
    const y = new Linear(plain, 128, 128).forward(x);
    using half = weights(tensors, { half: true });
    expect(apart(new Linear(half, 128, 128).forward(x), y)).toBeLessThan(1e-6);
    using eight = weights(tensors, { bits: 8 });
    const error = apart(new Linear(eight, 128, 128).forward(x), y);
    expect(error).toBeLessThan(0.02);
    expect(error).toBeGreaterThan(1e-6);
    expect(half.bytes).toBeLessThan(0.55 * plain.bytes);
    expect(eight.bytes).toBeLessThan(0.35 * plain.bytes);
  });
});

test("weights free all that was taken when they are disposed", () => {
  const tensors = scope(() => {
    const before = liveHandles();
    const w = weights({ weight: normal(128, 64), bias: normal(128) }, { bits: 8 });
    scope(() => new Linear(w, 64, 128));
    w[Symbol.dispose]();
    return liveHandles() - before;
  });
  // The two that the test itself made, and their keys.
  expect(tensors).toBeLessThanOrEqual(4);
});

test("maps by strips of rows equal maps at once, through every stage", () => {
  scope(() => {
    using w = weights({
      "a.weight": normal(8, 8, 3, 3).mul(0.2),
      "a.bias": normal(8),
      "b.weight": normal(8, 8, 3, 3).mul(0.2),
      "b.bias": normal(8),
      "up.weight": normal(8, 8, 2, 2),
      "up.bias": normal(8),
    });
    const a = new Conv2d(w.at("a"), 8, 8, 3);
    const b = new Conv2d(w.at("b"), 8, 8, 3);
    const up = new Deconv2d(w.at("up"), 8, 8, 2);
    const [x, skip] = [normal(1, 11, 9, 8), normal(1, 22, 18, 8)];
    const map = () => {
      const doubled = deconv(residualUnit(held(x!), a, b), up);
      const fused = residualUnit(sum(doubled, residualUnit(held(skip!), b, a)), a, b);
      return conv3x3(bilinear(fused, 51, 40, { alignCorners: true }), b);
    };
    const whole = collect(map(), 8);
    const told: number[] = [];
    // Strips of eight rows.
    const joined = collect(map(), 8, (done, total) => told.push(done / total), 1);
    expect(apart(joined, whole)).toBeLessThan(1e-6);
    expect(told.length).toBe(7);
    expect(told.at(-1)).toBe(1);
    // Rows within one strip, over the border of two, over four.
    const laid = strips(map(), 8, () => {}, 1);
    for (const [from, to] of [
      [3, 6],
      [7, 9],
      [8, 16],
      [5, 30],
      [0, 51],
    ] as const)
      expect(apart(laid.rows(from, to), joined.slice([0, from], [1, to]))).toBe(0);

    const unit = collect(residualUnit(held(x!), a, b), 8);
    const padding = { padding: 1 };
    const plain = x!.add(b.forward(a.forward(x!.relu(), padding).relu(), padding));
    expect(apart(unit, plain)).toBeLessThan(1e-6);
  });
});

const recorded = expected("resampling");

test("tensors are resized as PyTorch does", () => {
  scope(() => {
    const { shape, values } = recorded.get("values");
    const x = Tensor.from(values, [1, ...shape]);
    for (const [height, width] of [
      [46, 74],
      [9, 13],
      [31, 12],
    ] as const) {
      for (const [form, kernel, options] of [
        ["torch-bilinear", "bilinear", {}],
        ["torch-bilinear-corners", "bilinear", { alignCorners: true }],
        ["torch-bicubic", "bicubic", {}],
      ] as const)
        expect(
          difference(
            resize(x, height, width, kernel, options).read("float32"),
            recorded.get(`${form}/${height}x${width}`).values,
          ),
        ).toBeLessThan(1e-6);
    }
  });
});

test("a picture's bytes are resized band by band as its floats are at once", () => {
  // Of the last one, a band is less than the picture.
  for (const [width, height, to] of [
    [40, 30, { width: 31, height: 46 }],
    [40, 30, { width: 40, height: 9 }],
    [40, 30, { width: 40, height: 30 }],
    [1, 7, { width: 14, height: 3 }],
    [900, 800, { width: 70, height: 84 }],
  ] as const) {
    const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 193 + (i >> 5)) % 256);
    const picture = { data, width, height, channels: 3 };
    for (const kernel of ["bilinear", "bicubic"] as const) {
      const wanted = resizeFloats(picture, to.width, to.height, kernel).data.map((value) => value / 255);
      expect(difference(resizePicture(picture, to, kernel, 1 / 255), wanted)).toBeLessThan(5e-7);
    }
  }
});

test("a table of positions is resized by the factor that DINOv2 uses", () => {
  scope(() => {
    const { shape, values } = recorded.get("table");
    const x = Tensor.from(values, [1, ...shape]);
    for (const [height, width] of [
      [5, 7],
      [3, 8],
      [4, 4],
      [11, 6],
    ] as const) {
      const factors = [(height + 0.1) / 5, (width + 0.1) / 5] as const;
      const found = resize(x, height, width, "bicubic", { factors }).read("float32");
      const wanted = recorded.get(`torch-bicubic-offset/${height}x${width}`).values;
      expect(difference(found, wanted)).toBeLessThan(1e-6);
    }
  });
});
