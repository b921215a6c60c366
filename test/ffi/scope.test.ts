import { beforeAll, expect, test } from "bun:test";
import {
  arange,
  clearCache,
  dispose,
  evaluate,
  keep,
  liveHandles,
  memory,
  ones,
  scope,
  Tensor,
} from "../../ffi/index.ts";
import { openForTests } from "./open.ts";

beforeAll(openForTests);

/** What a body leaves behind: handles, and bytes of memory. */
function left(body: () => void): { handles: number; bytes: number } {
  const [handles, bytes] = [liveHandles(), memory().active];
  body();
  return { handles: liveHandles() - handles, bytes: memory().active - bytes };
}

const nothing = { handles: 0, bytes: 0 };

test("a scope frees all but its result", () => {
  let y: Tensor | undefined;
  const during = left(() => {
    y = scope(() => {
      const x = Tensor.from([1, 2, 3, 4]);
      return x.add(1).mul(2);
    });
  });
  expect(during.handles).toBe(1);
  expect([...y!.read()]).toEqual([4, 6, 8, 10]);
  expect(left(() => y!.dispose()).handles).toBe(-1);
});

test("results live in arrays, objects, maps and sets, however deep", () => {
  const before = liveHandles();
  const result = scope(() => {
    const [a, b, c, d] = [ones([1]), ones([2]), ones([3]), ones([4])];
    ones([5]);
    return { list: [a, { deep: b }], map: new Map([["c", c]]), set: new Set([d]), text: "plain", none: null };
  });
  expect(liveHandles()).toBe(before + 4);
  expect(result.map.get("c")!.shape).toEqual([3]);
  dispose(result);
  expect(liveHandles()).toBe(before);
});

test("a result that refers to itself is walked once", () => {
  const before = liveHandles();
  const result = scope(() => {
    const self: { x: Tensor; self?: unknown } = { x: ones([1]) };
    self.self = self;
    return self;
  });
  expect(liveHandles()).toBe(before + 1);
  dispose(result);
  expect(liveHandles()).toBe(before);
});

test("an inner scope's result belongs to the outer scope", () => {
  expect(
    left(() => {
      scope(() => {
        const y = scope(() => scope(() => ones([3]).add(1)));
        expect(y.read()).toEqual(new Float32Array([2, 2, 2]));
      });
    }),
  ).toEqual(nothing);
});

test("a tensor from outside survives being returned", () => {
  using x = ones([2]);
  expect(scope(() => x)).toBe(x);
  scope(() => {
    const inner = ones([1]);
    scope(() => inner);
    expect(inner.item()).toBe(1);
  });
  expect(x.disposed).toBe(false);
});

test("after a throw everything is freed", () => {
  expect(
    left(() => {
      expect(() =>
        scope(() => {
          const x = ones([1000]);
          evaluate(x);
          scope(() => {
            x.add(ones([7]));
          });
        }),
      ).toThrow("cannot be broadcast");
    }),
  ).toEqual(nothing);
});

test("memory is back where it was, however often a graph is built", () => {
  using weight = ones([256, 256]);
  evaluate(weight);
  const once = () =>
    scope(() => {
      let x = ones([256, 256]);
      for (let layer = 0; layer < 20; layer++) x = x.add(weight).mul(0.5).tanh();
      evaluate(x);
    });
  once();
  clearCache();
  expect(left(() => Array.from({ length: 50 }, once))).toEqual(nothing);
});

test("a promise is refused, since its tensors would be freed too early", () => {
  expect(
    left(() => {
      expect(() => scope(async () => ones([1]))).toThrow(TypeError);
    }).handles,
  ).toBe(0);
});

test("what is kept stays until it is disposed", () => {
  const before = liveHandles();
  let weights: Tensor[] = [];
  scope(() => {
    weights = keep([ones([1]), arange(3)]);
    ones([2]);
  });
  expect(liveHandles()).toBe(before + 2);
  expect([...weights[1]!.read()]).toEqual([0, 1, 2]);
  dispose(weights);
  dispose(weights);
  expect(liveHandles()).toBe(before);
});

test("a freed tensor says so", () => {
  const x = ones([1]);
  x.dispose();
  x.dispose();
  expect(() => x.add(1)).toThrow("a tensor was used after its scope ended");
  expect(() => ones([1]).add(x)).toThrow("a tensor was used after its scope ended");
  expect(() => x.shape).toThrow("a tensor was used after its scope ended");
  expect(String(x)).toBe("Tensor(freed)");
});

test("a second handle outlives the first", () => {
  const x = ones([2]);
  using y = x.share();
  x.dispose();
  expect([...y.read()]).toEqual([1, 1]);
});

test("a contiguous copy lets go of the memory that its view held", () => {
  clearCache();
  const before = memory().active;
  const big = ones([1024, 1024]);
  evaluate(big);
  const corner = big.slice([0, 0], [2, 2]);
  const copy = corner.contiguous();
  evaluate(corner, copy);
  big.dispose();
  expect(memory().active - before).toBeGreaterThan(4e6);
  corner.dispose();
  expect(memory().active - before).toBeLessThan(1e5);
  expect(copy.sum().item()).toBe(4);
  copy.dispose();
});
