import { expect, test } from "bun:test";
import { networkSizes } from "../../../src/models/depth-anything/memory.ts";

const short = (inputSize: number) => ({ inputSize, bound: "short" as const });
const long = (inputSize: number) => ({ inputSize, bound: "long" as const });

test.each([
  [1024, 1024, 518, 518, 518],
  [1024, 1024, 1024, 1036, 1036],
  [1024, 1024, 2048, 2058, 2058],
  [1920, 1080, 518, 924, 518],
  [1920, 1080, 1024, 1820, 1036],
  [1920, 1080, 2048, 3640, 2058],
  [4000, 3000, 518, 686, 518],
  [4000, 3000, 1024, 1372, 1036],
  [3000, 4000, 2048, 2058, 2730],
])("V2 runs %i×%i with a short side of %i at %i×%i", (width, height, side, wide, high) => {
  const [, size] = networkSizes(2, { width, height }, short(side), 14);
  expect(size).toEqual({ width: wide, height: high });
});

test.each([
  [1024, 1024, long(504), 504, 504],
  [4000, 3000, long(504), 504, 378],
  [1920, 1080, long(504), 504, 280],
  [1080, 1920, long(504), 280, 504],
  // 1024 is 73 patches and two pixels; V2's rule makes 1036 of it.
  [1024, 1024, short(1024), 1022, 1022],
  [1920, 1080, short(1024), 1820, 1022],
  // A tie of seven pixels goes up.
  [100, 100, short(511), 518, 518],
  [300, 200, short(203), 308, 210],
] as const)("V3 runs %i×%i by %o at %i×%i", (width, height, sizing, wide, high) => {
  const [, size] = networkSizes(3, { width, height }, sizing, 14);
  expect(size).toEqual({ width: wide, height: high });
});

test("no side is less than a patch", () => {
  for (const version of [2, 3] as const) {
    const [, size] = networkSizes(version, { width: 5000, height: 2 }, long(504), 14);
    expect(size).toEqual({ width: 504, height: 14 });
  }
});
