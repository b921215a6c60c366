import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { liveHandles } from "../../../ffi/index.ts";
import { DepthAnything } from "../../../src/models/depth-anything/depth-anything.ts";
import { DepthPro } from "../../../src/models/depth-pro/depth-pro.ts";
import { openForTests } from "../../ffi/open.ts";
import { type Expected, expected, fixture } from "./fixtures.ts";
import {
  depthAnythings,
  depthPros,
  grids,
  limits,
  type Measured,
  measureDepthAnything,
  measureDepthPro,
} from "./measure.ts";

openForTests();

function agrees({ stages, results, untold, steps }: Measured, total: number): void {
  expect(untold).toEqual([]);
  // The first stage that is off tells where to look.
  for (const [stage, error] of Object.entries(stages))
    expect(`${stage}: ${error < limits.stage ? "near" : error}`).toBe(`${stage}: near`);
  for (const [result, error] of Object.entries(results))
    expect(`${result}: ${error < limits.result ? "near" : error}`).toBe(`${result}: near`);
  expect(Object.keys(results)).not.toEqual([]);
  expect(steps.at(-1)).toBe(total);
  expect(steps.every((step, i) => i === 0 || step > steps[i - 1]!)).toBe(true);
}

function suite<Model extends Disposable & { steps: number }>(
  name: string,
  load: () => Model,
  measure: (model: Model, recorded: Expected, size: string) => Measured,
): void {
  describe(name, () => {
    const recorded = expected(name);
    let model: Model;
    let handles: number;
    beforeAll(() => {
      handles = liveHandles();
      model = load();
    });
    afterAll(() => {
      model[Symbol.dispose]();
      expect(liveHandles()).toBe(handles);
    });

    test.each(grids(recorded))(
      "agrees with the reference at every stage of a picture of %s",
      (size) => agrees(measure(model, recorded, size), model.steps),
      60_000,
    );
  });
}

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [both, left, right] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    both += a[i]! * b[i]!;
    left += a[i]! ** 2;
    right += b[i]! ** 2;
  }
  return both / Math.sqrt(left * right);
}

const picture = {
  data: Uint8Array.from({ length: 70 * 98 * 3 }, (_, i) => (i * 89 + ((i * i) % 97)) % 256),
  width: 98,
  height: 70,
  channels: 3,
};
const rgb = { ...picture, data: Float32Array.from(picture.data, (value) => value / 255) };

test.each(depthAnythings)(
  "%s in bfloat16, as on a GPU, is near itself in float32",
  (_, path) => {
    using exact = DepthAnything.load([fixture(path)], { dtype: "float32" });
    using half = DepthAnything.load([fixture(path)], { dtype: "bfloat16" });
    const [a, b] = [exact.predict(rgb).depth, half.predict(rgb).depth];
    expect(cosine(a, b)).toBeGreaterThan(0.999);
    expect(a).not.toEqual(b);
  },
  60_000,
);

test("Depth Pro in bfloat16, as on a GPU, is near itself in float32", () => {
  using exact = DepthPro.load([fixture("depth-pro-hf")], { dtype: "float32" });
  using half = DepthPro.load([fixture("depth-pro-hf")], { dtype: "bfloat16" });
  const [a, b] = [exact.predict(picture), half.predict(picture)];
  expect(cosine(a.canonical, b.canonical)).toBeGreaterThan(0.999);
  expect(Math.abs(a.fov! - b.fov!)).toBeLessThan(1);
  expect(a.canonical).not.toEqual(b.canonical);
}, 60_000);

for (const [name, path] of depthAnythings)
  suite(name, () => DepthAnything.load([fixture(path)]), measureDepthAnything);
for (const [name, path] of depthPros) suite(name, () => DepthPro.load([fixture(path)]), measureDepthPro);
