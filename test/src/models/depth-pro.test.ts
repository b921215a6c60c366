import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { liveHandles, type Tensor } from "../../../ffi/index.ts";
import { DepthPro, focalLength, metres } from "../../../src/models/depth-pro/depth-pro.ts";
import { openForTests } from "../../ffi/open.ts";
import { difference, expected, fixture } from "./fixtures.ts";

openForTests();

/** What the reference recorded of a stage: every second row and column of the first channels, or some patches. */
function part(stage: string, x: Tensor): Tensor {
  const [batch, height, width] = x.shape as [number, number, number];
  if (stage.startsWith("fusions.")) return x.slice([], [batch, height, width, 4], [1, 2, 2, 1]);
  return x;
}

for (const [name, path] of [
  ["depth-pro-hf", "depth-pro-hf"],
  ["depth-pro-apple", "depth-pro-apple/depth_pro.pt"],
] as const) {
  describe(name, () => {
    const recorded = expected(name);
    let model: DepthPro;
    let handles: number;
    beforeAll(() => {
      handles = liveHandles();
      model = DepthPro.load([fixture(path)]);
    });
    afterAll(() => {
      model[Symbol.dispose]();
      expect(liveHandles()).toBe(handles);
    });

    test.each(recorded.cases)(
      "agrees with the reference at every stage of a picture of %s",
      (size) => {
        const [height, width] = size.split("x").map(Number) as [number, number];
        const picture = { data: recorded.bytes(`${size}/picture`), width, height, channels: 3 };
        const errors: Record<string, number> = {};
        const steps: number[] = [];
        // Patches go through the encoder five at a time; the reference kept the first, the first of half size but one, the last.
        const patches: Record<string, Float32Array[]> = {};
        const result = model.predict(picture, {
          step: (done) => steps.push(done),
          tap(stage, x) {
            const [, encoder, from] = /^(patch_encoder(?:\.blocks\.\d+)?)\.(\d+)$/.exec(stage) ?? [];
            if (encoder !== undefined) {
              const wanted = { "0": 0, "20": 4, "30": 4 }[from!];
              if (wanted === undefined) return;
              using patch = x.slice([wanted], [wanted + 1]);
              patches[encoder] ??= [];
              patches[encoder].push(patch.read("float32"));
            } else if (recorded.has(`${size}/${stage}`)) {
              const wanted = recorded.get(`${size}/${stage}`);
              const found = part(stage, x).read("float32");
              // The reference keeps the class token of the whole picture.
              errors[stage] = difference(found, wanted.values.subarray(wanted.values.length - found.length));
            }
          },
        });
        for (const [encoder, tokens] of Object.entries(patches)) {
          // A tap has no class token.
          const wanted = recorded.has(`${size}/${encoder}`) && recorded.get(`${size}/${encoder}`);
          if (!wanted) continue;
          const [, rows, dim] = wanted.shape as [number, number, number];
          const skip = tokens[0]!.length === rows * dim ? 0 : dim;
          const joined = tokens.flatMap((values) => [...values]);
          const kept = [0, 1, 2].flatMap((i) => [
            ...wanted.values.subarray(i * rows * dim + skip, (i + 1) * rows * dim),
          ]);
          errors[encoder] = difference(joined, kept);
        }
        const watched = recorded.names.filter((key) =>
          new RegExp(`^${size}/(patch_encoder|image_encoder|fusions|fuse_lowres|fov\\.encoder)`).test(key),
        );
        for (const key of watched) {
          const stage = key.slice(size.length + 1);
          expect(`${stage} ${errors[stage]! < 2e-5 || errors[stage]}`).toBe(`${stage} true`);
        }

        const canonical = recorded.get(`${size}/canonical.every-third`);
        const [rows, columns] = canonical.shape as [number, number];
        const third = Array.from(
          { length: rows * columns },
          (_, i) => result.canonical[3 * Math.floor(i / columns) * result.width + 3 * (i % columns)]!,
        );
        expect(difference(third, canonical.values)).toBeLessThan(1e-4);
        expect(Math.abs(result.fov! - recorded.get(`${size}/fov`).values[0]!)).toBeLessThan(1e-3);
        const focal = focalLength(width, result.fov!);
        expect(difference([focal], recorded.get(`${size}/focal`).values)).toBeLessThan(1e-4);
        // Where the inverse depth is nearly nothing its reciprocal tells more of rounding than of the network.
        const inverse = (depth: Float32Array) => depth.map((value) => 1 / value);
        for (const [key, f] of [
          ["depth", focal],
          ["depth.focal-90", 90],
        ] as const)
          expect(
            difference(
              inverse(metres(result, { width, height }, f)),
              inverse(recorded.get(`${size}/${key}`).values),
            ),
          ).toBeLessThan(1e-4);
        expect(steps.at(-1)).toBe(model.steps);
        expect(steps.every((step, i) => i === 0 || step > steps[i - 1]!)).toBe(true);
      },
      60_000,
    );
  });
}
