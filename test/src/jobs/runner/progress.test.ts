import { expect, test } from "bun:test";
import fc from "fast-check";
import { fraction } from "../../../../src/jobs/runner/progress.ts";

const phases = [
  { name: "encode", share: 1 },
  { name: "denoise", share: 8 },
  { name: "decode", share: 1 },
];

test("fraction() counts a phase by its share, and one that is skipped not at all", () => {
  expect(fraction(phases, [], "encode", 1, 2)).toBeCloseTo(0.05);
  expect(fraction(phases, [], "denoise", 3, 4)).toBeCloseTo(0.7);
  expect(fraction(phases, [], "decode", 1, 1)).toBe(1);
  expect(fraction(phases, ["encode"], "denoise", 0, 4)).toBe(0);
  expect(fraction(phases, ["encode", "decode"], "denoise", 1, 4)).toBe(0.25);
});

test("fraction() only rises from 0 to 1 while a job goes through its phases, whatever the engine counts", () => {
  const phase = fc.record({
    share: fc.double({ min: 0, max: 10, noNaN: true }),
    steps: fc.nat(5),
    skip: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(phase, { maxLength: 5 }), (list) => {
      const named = list.map((phase, index) => ({ ...phase, name: `phase ${index}` }));
      const skip = named.filter(({ skip }) => skip).map(({ name }) => name);
      let last = 0;
      for (const { name, steps } of named.filter(({ skip }) => !skip)) {
        for (let done = -1; done <= steps + 1; done++) {
          const now = fraction(named, skip, name, done, steps);
          expect(now).toBeGreaterThanOrEqual(last);
          expect(now).toBeLessThanOrEqual(1);
          last = now;
        }
      }
    }),
  );
});
