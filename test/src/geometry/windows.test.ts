import { test } from "bun:test";
import fc from "fast-check";
import { slidingExtremes } from "../../../src/geometry/windows.ts";

test("the extremes of each window are those that sorting finds", () => {
  fc.assert(
    fc.property(
      fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 3 }),
      (line, radius, stride) => {
        const values = new Float32Array(line.length * stride + 1).fill(Number.NaN);
        for (const [i, value] of line.entries()) values[1 + i * stride] = value;
        const least = new Float32Array(line.length);
        const most = new Float32Array(line.length);
        slidingExtremes(
          values,
          1,
          stride,
          line.length,
          radius,
          least,
          most,
          new Float32Array(2 * line.length),
        );
        for (let i = 0; i < line.length; i++) {
          const seen = line.slice(Math.max(i - radius, 0), i + radius + 1);
          if (least[i]! + 0 !== Math.min(...seen) + 0 || most[i]! + 0 !== Math.max(...seen) + 0) return false;
        }
        return true;
      },
    ),
    { numRuns: 500 },
  );
});
