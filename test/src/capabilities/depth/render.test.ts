import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { colormaps } from "../../../../src/capabilities/depth/colormaps.ts";
import { type DepthRender, renderDepth } from "../../../../src/capabilities/depth/render.ts";
import { TaskError } from "../../../../src/engine/engine.ts";

interface Case {
  name: string;
  width: number;
  height: number;
  depth: string;
  sky: string | null;
  shades: Record<string, string>;
}
const fixture = JSON.parse(
  readFileSync(join(import.meta.dir, "../../../fixtures/render/expected.json"), "utf8"),
) as { cases: Case[]; colormaps: Record<string, string> };
const floats = (base64: string) => new Float32Array(Uint8Array.fromBase64(base64).buffer);

const plain: DepthRender = {
  values: "depth",
  normalization: "minmax",
  invert: false,
  colormap: "grey",
  format: "png8",
};
const render = (depth: number[], options: Partial<DepthRender> = {}) =>
  renderDepth(new Float32Array(depth), depth.length, 1, { ...plain, ...options });

/** How far a picture is from shades between 0 and 1, in levels of the picture. */
function worst(image: ArrayLike<number>, shades: Float32Array, levels: number, invert: boolean): number {
  return shades.reduce(
    (most, shade, i) => Math.max(most, Math.abs(image[i]! - levels * (invert ? 1 - shade : shade))),
    0,
  );
}

describe.each(fixture.cases)("a $name map", ({ width, height, depth, sky, shades }) => {
  test.each(Object.keys(shades))("is drawn as %s says", (mode) => {
    const [normalization, values] = mode.split("/") as [DepthRender["normalization"], DepthRender["values"]];
    for (const invert of [false, true]) {
      for (const [format, levels, within] of [
        ["png8", 255, 0.51],
        ["png16", 65535, 2],
      ] as const) {
        const { image, channels } = renderDepth(
          floats(depth),
          width,
          height,
          { values, normalization, invert, colormap: "grey", format },
          sky === null ? undefined : floats(sky),
        );
        expect(channels).toBe(1);
        expect(image.length).toBe(width * height);
        expect(worst(image, floats(shades[mode]!), levels, invert)).toBeLessThan(within);
      }
    }
  });
});

describe("raw", () => {
  test("keeps every value to half a step", () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: 1, maxLength: 50 }),
        fc.boolean(),
        fc.constantFrom<"png8" | "png16">("png8", "png16"),
        (depth, invert, format) => {
          const { image, scale, offset, max } = render(depth, { normalization: "raw", invert, format });
          for (const [i, value] of depth.entries()) {
            const read = offset! + scale! * image[i]!;
            const wanted = invert ? max - value : value;
            if (Math.abs(read - wanted) > scale! * 0.51 + 1e-3) return false;
          }
          return true;
        },
      ),
    );
  });
  test("goes from far to near only when inverted", () => {
    expect([...render([1, 2, 3], { normalization: "raw" }).image]).toEqual([0, 128, 255]);
    expect([...render([1, 2, 3], { normalization: "raw", invert: true }).image]).toEqual([255, 128, 0]);
  });
});

test("near is bright whatever the values mean", () => {
  expect([...render([1, 2, 3]).image]).toEqual([255, 128, 0]);
  expect([...render([1, 2, 3], { values: "inverse" }).image]).toEqual([0, 128, 255]);
  expect([...render([1, 2, 4], { values: "reciprocal" }).image]).toEqual([255, 85, 0]);
});

test("a flat map is mid grey, in each mode", () => {
  for (const normalization of ["minmax", "v2-style", "raw"] as const) {
    for (const values of ["inverse", "depth", "reciprocal"] as const) {
      expect([...render([5, 5, 5], { normalization, values }).image]).toEqual([128, 128, 128]);
    }
  }
});

test("values that are no numbers are an invalid result", () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const failure = (() => {
      try {
        render([1, bad, 2]);
      } catch (error) {
        return error;
      }
    })();
    expect(failure).toBeInstanceOf(TaskError);
    expect((failure as TaskError).kind).toBe("invalid_result");
  }
});

test("the smallest and largest value are of the depth, not of the picture", () => {
  const { min, max } = render([4, 2, 8], { values: "reciprocal", invert: true });
  expect([min, max]).toEqual([2, 8]);
});

test("colour maps are matplotlib's, and near is their last entry", () => {
  expect(Object.keys(colormaps)).toEqual(Object.keys(fixture.colormaps));
  for (const [name, table] of Object.entries(fixture.colormaps)) {
    const colormap = name as keyof typeof colormaps;
    expect(colormaps[colormap].toBase64()).toBe(table);
    const { image, channels } = render([1, 9], { colormap });
    expect(channels).toBe(3);
    expect([...image]).toEqual([...colormaps[colormap].slice(-3), ...colormaps[colormap].slice(0, 3)]);
  }
});
