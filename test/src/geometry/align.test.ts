import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { align, alignmentOf } from "../../../src/geometry/align.ts";
import { expected, floats, map } from "./scenes.ts";

describe.each(expected.alignments)("scale $scale and shift $shift", ({ current, previous, scale, shift }) => {
  test("are found as SciPy's robust fit finds them, though a third of the values moved", () => {
    const fit = alignmentOf(floats(current), floats(previous), "inverse");
    expect(Math.abs(fit.scale - scale)).toBeLessThan(1e-3);
    expect(Math.abs(fit.shift - shift)).toBeLessThan(1e-2);
  });
});

/** A wall with a bump, before which a ball passes; each frame of the network has a scale and a shift of its own. */
function sequence(frames: number): { truth: Float32Array; seen: Float32Array }[] {
  let seed = 5;
  const random = () => {
    seed = (seed * 16807) % 2147483647;
    return seed / 2147483647;
  };
  return Array.from({ length: frames }, (_, k) => {
    const truth = map(64, 48, (x, y) => {
      const ball = Math.hypot(x - 10 - 4 * k, y - 24) < 7;
      return ball ? 6 : 1 + 0.02 * x + Math.exp(-((x - 40) ** 2 + (y - 20) ** 2) / 200);
    });
    const [scale, shift] = [0.8 + 0.4 * random(), random() - 0.5];
    return { truth, seen: truth.map((value) => scale * value + shift + 0.01 * (random() - 0.5)) };
  });
}

/** Mean change from frame to frame where nothing moves. */
function flicker(frames: readonly Float32Array[], still: (i: number) => boolean): number {
  let [sum, count] = [0, 0];
  for (let k = 1; k < frames.length; k++)
    for (let i = 0; i < frames[k]!.length; i++)
      if (still(i)) {
        sum += Math.abs(frames[k]![i]! - frames[k - 1]![i]!);
        count++;
      }
  return sum / count;
}

test("a sequence that is aligned frame by frame flickers less than half as much", () => {
  const frames = sequence(10);
  const still = (i: number) => frames.every(({ truth }) => truth[i] !== 6);
  const aligned: Float32Array[] = [];
  for (const { seen } of frames) {
    const frame = seen.slice();
    const previous = aligned.at(-1);
    if (previous) align(frame, alignmentOf(frame, previous, "inverse"));
    aligned.push(frame);
  }
  const before = flicker(
    frames.map(({ seen }) => seen),
    still,
  );
  const after = flicker(aligned, still);
  expect(after).toBeLessThan(before / 10);
  // Nothing drifts away from the first frame.
  const first = aligned[0]!;
  const last = aligned.at(-1)!;
  const drift =
    first.reduce((sum, value, i) => sum + (still(i) ? Math.abs(value - last[i]!) : 0), 0) / first.length;
  expect(drift).toBeLessThan(0.02);
});

test("metres are scaled and not shifted", () => {
  const current = map(20, 20, (x, y) => 1 + x + y);
  const { scale, shift } = alignmentOf(
    current,
    current.map((value) => 1.1 * value),
    "depth",
  );
  expect(scale).toBeCloseTo(1.1, 6);
  expect(shift).toBe(0);
});

test("maps that tell nothing are left as they are", () => {
  const same = { scale: 1, shift: 0 };
  const flat = new Float32Array(50).fill(3);
  const slope = flat.map((_, i) => i);
  expect(alignmentOf(flat, slope, "inverse")).toEqual(same);
  expect(alignmentOf(new Float32Array(50).fill(Number.NaN), slope, "inverse")).toEqual(same);
  expect(
    alignmentOf(
      slope,
      slope.map((value) => -value),
      "inverse",
    ),
  ).toEqual(same);
  expect(alignmentOf(new Float32Array([1]), new Float32Array([2]), "inverse")).toEqual(same);
});

test("any alignment is finite", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.float(), fc.float()), { minLength: 1, maxLength: 40 }),
      fc.constantFrom("inverse", "depth"),
      (pairs, kind) => {
        const [a, b] = [0, 1].map((k) => Float32Array.from(pairs, (pair) => pair[k]!)) as [
          Float32Array,
          Float32Array,
        ];
        const { scale, shift } = alignmentOf(a, b, kind);
        return scale > 0 && Number.isFinite(scale) && Number.isFinite(shift);
      },
    ),
  );
});
