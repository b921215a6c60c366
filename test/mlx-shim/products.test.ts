import { beforeAll, describe, expect, test } from "bun:test";
import { addmm, blasCalls, full, matmul, scope, Tensor, useKernels } from "../../ffi/index.ts";
import { dice, sets } from "./sets.ts";
import { normal, testsKernels } from "./setup.ts";

testsKernels();

/** The matrix as a view of its turned copy: what MLX hands to BLAS as a transposed side. */
const turned = (x: Tensor) => x.transpose(1, 0).contiguous().transpose(1, 0);

/** alpha · a b + beta · c, and how large a rounding error may be, number by number. */
function exactly(
  a: Tensor,
  b: Tensor,
  { c, alpha = 1, beta = 1 }: { c?: Tensor; alpha?: number; beta?: number },
) {
  const [[m, k], n] = [a.shape as [number, number], b.shape[1]!];
  const [left, right] = [a.read("float32"), b.read("float32")];
  const base = c?.read("float32");
  const sums = new Float64Array(m * n);
  const sizes = new Float64Array(m * n);
  for (let i = 0; i < m; i++)
    for (let p = 0; p < k; p++)
      for (let j = 0; j < n; j++) {
        const part = alpha * left[i * k + p]! * right[p * n + j]!;
        sums[i * n + j]! += part;
        sizes[i * n + j]! += part * part;
      }
  for (let i = 0; i < m * n; i++) {
    sizes[i] = Math.sqrt(sizes[i]!) + Math.abs(base ? beta * base[i]! : 0);
    sums[i]! += base ? beta * base[i]! : 0;
  }
  return { sums, sizes };
}

function expectClose(actual: Tensor, { sums, sizes }: ReturnType<typeof exactly>): void {
  const y = actual.read("float32");
  expect(y.length).toBe(sums.length);
  let worst = 0;
  for (let i = 0; i < y.length; i++)
    worst = Math.max(worst, Math.abs(y[i]! - sums[i]!) / (sizes[i]! + 1e-30));
  expect(worst).toBeLessThan(1e-5);
}

describe.each([...sets, "off"])("MLX's own products with the kernels for %s", (set) => {
  beforeAll(() => useKernels(set));

  test("are those of double precision: few and many rows, one column, long sums, turned sides", () => {
    const roll = dice(11);
    for (let round = 0; round < 48; round++) {
      const [m, n, k] = [
        [roll(1, 8), roll(1, 600), roll(1, 90)],
        [roll(9, 70), roll(1, 90), roll(1, 1300)],
        [roll(9, 300), roll(1, 8), roll(1, 90)],
        [roll(700, 800), roll(1, 70), [256, roll(1, 40)][round % 2]!],
      ][round % 4] as [number, number, number];
      scope(() => {
        const [a, b, c] = [normal(round, m, k), normal(round + 1, k, n), normal(round + 2, m, n)];
        const sides = [round & 4 ? turned(a) : a, round & 8 ? turned(b) : b] as const;
        expectClose(matmul(...sides), exactly(a, b, {}));
        const factors = { alpha: round % 3 ? 1 : 0.5, beta: round % 5 ? 1 : -2 };
        expectClose(addmm(c, ...sides, factors), exactly(a, b, { c, ...factors }));
      });
    }
  });

  test("go through a batch one by one", () => {
    scope(() => {
      const [a, b] = [normal(1, 3, 5, 33, 20), normal(2, 3, 5, 20, 41)];
      const y = matmul(a, b);
      for (const [i, j] of [
        [0, 0],
        [1, 4],
        [2, 2],
      ] as const)
        expectClose(y.at(i).at(j), exactly(a.at(i).at(j), b.at(i).at(j), {}));
    });
  });

  test("let infinities and not-a-number through, and to no other row", () => {
    scope(() => {
      for (const m of [3, 40, 800]) {
        for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
          const data = new Float32Array(m * 50).fill(1);
          data[50 + 7] = bad;
          const y = matmul(Tensor.from(data, [m, 50]), full([50, 33], 2)).read("float32");
          for (let i = 0; i < y.length; i++) expect(y[i]).toBe(i >= 33 && i < 66 ? bad : 100);
        }
      }
    });
  });
});

test("each product that MLX leaves to BLAS is counted", () => {
  const before = blasCalls();
  scope(() => matmul(full([64, 48], 2), full([48, 32], 0.5)).read("float32"));
  expect(blasCalls()).toBe(before + 1);
});
