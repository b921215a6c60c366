import { beforeAll, describe, expect, test } from "bun:test";
import { scope } from "../../../../ffi/index.ts";
import { broken, type KernelResult, kernelFaults } from "../../../../src/check/kernel-check.ts";
import { makeCases } from "../../../../src/check/kernels/cases.ts";
import { convolution, product, quantizedNumbers, softmax } from "../../../../src/check/kernels/reference.ts";
import { errorOf, task } from "../../../../src/check/kernels/task.ts";
import { openForTests } from "../../../ffi/open.ts";

beforeAll(() => openForTests());
const cases = makeCases();

describe("the cases of kernels", () => {
  test("pass on this machine, each within its tolerance", () => {
    const { results } = scope(() => task.run("check", {}, {}, () => {})) as unknown as {
      results: KernelResult[];
    };
    expect(kernelFaults(results)).toEqual([]);
    expect(results).toHaveLength(cases.length);
    expect(new Set(results.map(({ name }) => name)).size).toBe(cases.length);
  });

  test("cover what the networks are made of", () => {
    const names = cases.map(({ name }) => name).join("\n");
    for (const word of [
      "4 bits",
      "8 bits",
      "3×3",
      "stride",
      "heads of 64",
      "heads of 128",
      "heads of 384",
      "norm",
      "sorting",
      "gathering",
    ])
      expect(names).toContain(word);
  });

  test("fail when one number of a result is off by a twentieth of its largest", () => {
    for (const { expected, tolerance, name } of cases) {
      const wanted = Float64Array.from(expected());
      const most = wanted.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      const off = wanted.slice();
      off[off.length - 1]! += most / 20;
      expect([name, errorOf(off, wanted) > tolerance]).toEqual([name, true]);
    }
  });
});

test("a result that is no number, or of another size, is infinitely wrong", () => {
  expect(errorOf([1, Number.NaN], [1, 2])).toBe(Number.POSITIVE_INFINITY);
  expect(errorOf([1], [1, 2])).toBe(Number.POSITIVE_INFINITY);
  expect(errorOf([0, 0], [0, 0])).toBe(0);
  const none = { name: "a", ok: false, error: Number.POSITIVE_INFINITY, tolerance: 0 };
  expect(broken([none, { ...none, error: 0.01 }])).toEqual([none]);
});

test("the references are what their names say", () => {
  expect([...product([1, 2, 3, 4], [5, 6, 7, 8], 2, 2, 2)]).toEqual([19, 22, 43, 50]);
  expect([...product([1, 2, 3, 4], [5, 7, 6, 8], 2, 2, 2, true)]).toEqual([19, 22, 43, 50]);
  expect(softmax([0, 0, 1, 1], 2)).toEqual(Float64Array.of(0.5, 0.5, 0.5, 0.5));
  // a 3×3 box over ones counts the neighbours that are there
  const box = { side: 3, inputs: 1, outputs: 1, kernel: 3, stride: 1, padding: 1, groups: 1 };
  expect([...convolution(new Array(9).fill(1), new Array(9).fill(1), box)]).toEqual([
    4, 6, 4, 6, 9, 6, 4, 6, 4,
  ]);
  const { words, values, scales, biases } = quantizedNumbers(64, 4, 1);
  const third = (words[0]! >>> 8) & 15;
  expect(values[2]).toBeCloseTo(third * scales[0]! + biases[0]!, 12);
});
