import { beforeAll, expect, test } from "bun:test";
import { random, scope } from "../../ffi/index.ts";
import { error, openFixtures } from "./fixtures.ts";
import { openForTests } from "./open.ts";

beforeAll(openForTests);

const seeds = [0n, 7n, 0x0123456789abcdefn];

test.each(seeds)("seed %p gives Threefry's bits, and numbers made from them", (seed) => {
  using file = openFixtures("random");
  scope(() => {
    const key = random.key(seed);
    expect(key.read()).toEqual(file.take(`bits${seed}/key`).read() as never);
    expect(random.bits([1000], key).read()).toEqual(file.take(`bits${seed}/out`).read() as never);
    const uniform = random.uniform([1000], key, { low: 3, high: 5 });
    expect(error(uniform, file.take(`uniform${seed}/out`))).toBeLessThanOrEqual(1e-6);
    const normal = random.normal([1000], key);
    // The inverse error function is steep at the ends, where a float32 between -1 and 1 has few digits left.
    expect(error(normal, file.take(`normal${seed}/out`))).toBeLessThanOrEqual(1e-4);
  });
});

test("keys split into ones that differ, and the same way each time", () => {
  scope(() => {
    const draw = () =>
      random.split(random.key(42), 3).map((key) => [...random.normal([4, 5], key, "bfloat16").read()]);
    const [a, b, c] = draw();
    expect(draw()).toEqual([a!, b!, c!]);
    expect(a).not.toEqual(b!);
    expect(b).not.toEqual(c!);
  });
});

test("a negative seed is one of 64 bits", () => {
  scope(() => {
    expect([...random.key(-1).read()]).toEqual([2 ** 32 - 1, 2 ** 32 - 1]);
  });
});
