import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { liveHandles } from "../../../ffi/index.ts";
import { focalLength } from "../../../src/models/depth-anything/camera.ts";
import { DepthAnything } from "../../../src/models/depth-anything/depth-anything.ts";
import { openForTests } from "../../ffi/open.ts";
import { difference, expected, fixture, values } from "./fixtures.ts";

openForTests();

const models: readonly (readonly [name: string, path: string])[] = [
  ["v2-hf", "v2-hf"],
  ["v2-metric-hf", "v2-metric-hf"],
  ["v2-original", "v2-original/depth_anything_v2_vits.pth"],
  ["v2-giant", "v2-giant"],
  ["v3-small", "v3-small"],
  ["v3-giant", "v3-giant"],
  ["v3-mono", "v3-mono"],
  ["v3-nested", "v3-nested"],
];

const mean = [0.485, 0.456, 0.406];
const deviation = [0.229, 0.224, 0.225];

for (const [name, path] of models) {
  describe(name, () => {
    const recorded = expected(name);
    let model: DepthAnything;
    let handles: number;
    beforeAll(() => {
      handles = liveHandles();
      model = DepthAnything.load([fixture(path)]);
    });
    afterAll(() => {
      model[Symbol.dispose]();
      expect(liveHandles()).toBe(handles);
    });

    const grids = recorded.cases.filter((key) => !key.startsWith("picture"));
    test.each(grids)("agrees with the reference at every stage of a picture of %s", (size) => {
      const [height, width] = size.split("x").map(Number) as [number, number];
      // The model normalizes; the recorded pixels are normalized already.
      const data = recorded
        .get(`${size}/pixels`)
        .values.map((value, i) => value * deviation[i % 3]! + mean[i % 3]!);
      const errors: Record<string, number> = {};
      const steps: number[] = [];
      const result = model.predict(
        { data, width, height },
        {
          step: (done) => steps.push(done),
          tap(stage, tensor) {
            if (recorded.has(`${size}/${stage}`))
              errors[stage] = difference(values(tensor), recorded.get(`${size}/${stage}`).values);
          },
        },
      );
      const watched = recorded.names.filter(
        (key) => key.startsWith(`${size}/`) && !/\/(pixels|depth|confidence|sky|focal|embeddings)$/.test(key),
      );
      expect(Object.keys(errors).length).toBe(watched.length);
      for (const [stage, error] of Object.entries(errors))
        expect(`${stage} ${error < 2e-5 || error}`).toBe(`${stage} true`);
      for (const output of ["depth", "confidence", "sky"] as const)
        if (recorded.has(`${size}/${output}`))
          expect(difference(result[output]!, recorded.get(`${size}/${output}`).values)).toBeLessThan(1e-4);
      if (recorded.has(`${size}/focal`))
        expect(
          difference(
            [focalLength(width, result.fov!.horizontal), focalLength(height, result.fov!.vertical)],
            recorded.get(`${size}/focal`).values,
          ),
        ).toBeLessThan(1e-4);
      expect(steps.at(-1)).toBe(model.steps);
      expect(steps.every((step, i) => i === 0 || step > steps[i - 1]!)).toBe(true);
    });
  });
}
