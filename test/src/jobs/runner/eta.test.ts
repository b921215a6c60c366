import { expect, test } from "bun:test";
import { createEta } from "../../../../src/jobs/runner/eta.ts";

const phases = [
  { name: "encode", share: 1 },
  { name: "denoise", share: 8 },
  { name: "decode", share: 1 },
];

function at(skip: string[] = []) {
  let now = 1_700_000_000_000;
  const eta = createEta(phases, skip, () => now);
  const step = (seconds: number, done: number, total: number) => {
    now += seconds * 1000;
    return eta.step(done, total);
  };
  return { eta, step };
}

test("createEta() says nothing before a step was measured", () => {
  const { eta, step } = at();
  eta.begin("denoise");
  expect(step(5, 0, 20)).toBeNull();
  expect(step(2, 1, 20)).not.toBeNull();
});

test("createEta() counts the steps that are left, and the phases to come by their shares", () => {
  const { eta, step } = at(["encode"]);
  eta.begin("denoise");
  // 2 s a step: 6 left of 8, and a phase that takes an eighth of this one's 16 s
  expect(step(4, 2, 8)).toBeCloseTo(6 * 2 + 2);
  expect(step(12, 8, 8)).toBeCloseTo(2);
  eta.begin("decode");
  expect(step(0, 0, 1)).toBeNull();
  expect(step(3, 1, 1)).toBeCloseTo(0);
});

test("createEta() follows steps that become slower, and is not thrown by a single one", () => {
  const { eta, step } = at(["encode", "decode"]);
  eta.begin("denoise");
  step(1, 1, 100);
  const single = step(11, 2, 100)!;
  expect(single).toBeGreaterThan(98);
  expect(single).toBeLessThan(98 * 5);
  let last = single;
  for (let done = 3; done <= 30; done++) last = step(11, done, 100)!;
  expect(last / 70).toBeCloseTo(11, 0);
});
