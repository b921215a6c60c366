import { beforeAll, expect, test } from "bun:test";
import {
  arange,
  concat,
  type Dtype,
  evalAsync,
  evaluate,
  full,
  liveHandles,
  matmul,
  ones,
  scope,
  synchronize,
  Tensor,
} from "../../ffi/index.ts";
import { error, openFixtures } from "./fixtures.ts";
import { openForTests } from "./open.ts";

beforeAll(openForTests);

test("a tensor reads back what it was made from", () => {
  scope(() => {
    const x = Tensor.from([1, 2, 3, 4, 5, 6], [2, 3]);
    expect([x.shape, x.ndim, x.size, x.nbytes, x.dtype]).toEqual([[2, 3], 2, 6, 24, "float32"]);
    expect(x.read()).toEqual(new Float32Array([1, 2, 3, 4, 5, 6]));
    expect(x.transpose().read()).toEqual(new Float32Array([1, 4, 2, 5, 3, 6]));
    expect(String(x)).toBe("Tensor(float32 [2, 3])");
    expect(Tensor.from([4], []).item()).toBe(4);
  });
});

test("a typed array gives its own type, and what is read is an array of the type", () => {
  scope(() => {
    const cases: [Parameters<typeof Tensor.from>[0], Dtype, NodeJS.TypedArray][] = [
      [new Float32Array([1.5, -2]), "float32", new Float32Array([1.5, -2])],
      [new Float64Array([1.5, -2]), "float32", new Float32Array([1.5, -2])],
      [new Int32Array([-(2 ** 31), 7]), "int32", new Int32Array([-(2 ** 31), 7])],
      [new Uint32Array([2 ** 32 - 1, 7]), "uint32", new Uint32Array([2 ** 32 - 1, 7])],
      [new BigInt64Array([-(2n ** 62n), 7n]), "int64", new BigInt64Array([-(2n ** 62n), 7n])],
      [new Uint8Array([255, 7]), "uint8", new Uint8Array([255, 7])],
      [new Uint8ClampedArray([255, 7]), "uint8", new Uint8Array([255, 7])],
    ];
    for (const [data, dtype, values] of cases) {
      const x = Tensor.from(data);
      expect(x.dtype).toBe(dtype);
      expect(x.read()).toEqual(values as never);
    }
  });
});

test("a part of a larger buffer is taken as the part", () => {
  scope(() => {
    const view = new Float32Array([1, 2, 3, 4, 5]).subarray(1, 4);
    expect([...Tensor.from(view).read()]).toEqual([2, 3, 4]);
  });
});

test.each(["float16", "bfloat16"] as const)(
  "%s rounds as PyTorch does, and its bits come and go",
  (dtype) => {
    using file = openFixtures("dtypes");
    scope(() => {
      const x = file.take(`${dtype}/x`);
      const rounded = file.take(`${dtype}/out`);
      const half = x.astype(dtype);
      expect(half.dtype).toBe(dtype);
      expect(half.read()).toEqual(rounded.read() as never);
      const bits = file.take(`${dtype}/bits`).read("uint8");
      expect(half.view("uint8").read("uint8")).toEqual(bits);
      expect(Tensor.fromBits(bits, x.shape, dtype).read()).toEqual(rounded.read() as never);
      expect(half.astype("float32").astype(dtype).view("uint8").read("uint8")).toEqual(bits);
    });
  },
);

test.each(["int32", "uint32", "int64", "uint8", "bool"] as const)(
  "float32 becomes %s and returns",
  (dtype) => {
    using file = openFixtures("dtypes");
    scope(() => {
      const x = file.take(`${dtype}/x`);
      const expected = file.take(`${dtype}/out`);
      expect(expected.dtype).toBe(dtype);
      expect(x.astype(dtype).read()).toEqual(expected.read() as never);
      expect(error(expected.astype("float32"), dtype === "bool" ? x.minimum(1) : x)).toBe(0);
      expect(Tensor.from(expected.read(), x.shape, dtype).read()).toEqual(expected.read() as never);
    });
  },
);

test("bytes that do not fill the shape are refused", () => {
  expect(() => Tensor.from([1, 2, 3], [2, 2])).toThrow("12 bytes do not fill the shape");
  expect(() => Tensor.from([1], [-1])).toThrow("impossible shape");
  expect(() => Tensor.from([], [2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1])).toThrow("impossible shape");
});

test("MLX's errors arrive as exceptions with its text, and leave nothing behind", () => {
  const before = liveHandles();
  scope(() => {
    const a = ones([2, 3]);
    expect(() => matmul(a, a)).toThrow(
      "[matmul] Last dimension of first input with shape (2,3) must match second to last dimension of second input with shape (2,3)",
    );
    expect(() => a.reshape(4, 2)).toThrow("[reshape] Cannot reshape array of size 6 into shape (4,2)");
    expect(() => a.add(ones([4]))).toThrow("cannot be broadcast");
    expect(() => a.sum(2)).toThrow(/[Aa]xis/);
    expect(() => a.transpose(0, 0)).toThrow("transpose");
    expect(() => concat([], 0)).toThrow("concatenate");
    expect(() => a.squeeze(0)).toThrow("squeeze");
    expect(() => a.pad([1], [1])).toThrow("the widths do not fit");
    expect(() => a.item()).toThrow("item() needs one element, this tensor has 6");
    expect(() => full([-1], 1)).toThrow();
  });
  expect(liveHandles()).toBe(before);
});

test("evaluation can be started without waiting for it", () => {
  scope(() => {
    const x = arange(1000, "float32");
    const y = x.mul(2).sum();
    evalAsync(x, y);
    synchronize();
    expect(y.item()).toBe(999_000);
    evaluate();
    evaluate(...Array.from({ length: 100 }, (_, i) => x.add(i)));
  });
});
