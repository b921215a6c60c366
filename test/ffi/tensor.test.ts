import { beforeAll, expect, test } from "bun:test";
import { concat, linear, liveHandles, matmul, random, scope, split, Tensor } from "../../ffi/index.ts";
import { openForTests } from "./open.ts";

beforeAll(openForTests);

test("a tensor reads back what it was made from", () => {
  scope(() => {
    const x = Tensor.from([1, 2, 3, 4, 5, 6], [2, 3]);
    expect(x.shape).toEqual([2, 3]);
    expect(x.dtype).toBe("float32");
    expect(x.read()).toEqual(new Float32Array([1, 2, 3, 4, 5, 6]));
    expect(x.transpose().read()).toEqual(new Float32Array([1, 4, 2, 5, 3, 6]));
  });
});

test("a shape error arrives with MLX's text", () => {
  scope(() => {
    const a = Tensor.from([1, 2, 3, 4, 5, 6], [2, 3]);
    expect(() => matmul(a, a)).toThrow(/Last dimension of first input with shape \(2,3\) must match/);
  });
});

test("a scope frees all but its result", () => {
  const before = liveHandles();
  const y = scope(() => {
    const x = Tensor.from([1, 2, 3, 4, 5, 6], [2, 3]);
    const [a, b] = split(x, [1], 1) as [Tensor, Tensor];
    return concat([b, a], 1).add(1).mul(2);
  });
  expect(liveHandles()).toBe(before + 1);
  expect([...y.read()]).toEqual([6, 8, 4, 12, 14, 10]);
  y.dispose();
  expect(liveHandles()).toBe(before);
  expect(() => y.read()).toThrow("a tensor was used after its scope ended");
});

test("linear multiplies by the transposed weight and adds the bias", () => {
  scope(() => {
    const x = Tensor.from([1, 2, 3, 4], [2, 2]);
    const w = Tensor.from([1, 0, 0, 1, 1, 1], [3, 2]);
    expect([...linear(x, w, Tensor.from([10, 20, 30])).read()]).toEqual([11, 22, 33, 13, 24, 37]);
  });
});

test("the same key gives the same numbers", () => {
  scope(() => {
    const draw = () => random.normal([4], random.key(7)).read();
    expect(draw()).toEqual(draw());
  });
});
