import { expect, test } from "bun:test";
import { drawMap } from "../../../../../src/capabilities/depth/engine/draw.ts";
import type { DepthRender } from "../../../../../src/capabilities/depth/render.ts";
import { map } from "../../../geometry/scenes.ts";

const [width, height] = [48, 32];
const render: DepthRender = {
  values: "inverse",
  normalization: "minmax",
  invert: false,
  colormap: "grey",
  format: "png8",
};

/** Frames of a still room through which a ball comes nearer and nearer; each has a scale and a shift of its own, as a network gives them. */
const frames = Array.from({ length: 8 }, (_, k) =>
  map(width, height, (x, y) => {
    const ball = Math.hypot(x - 6 - 4 * k, y - 16) < 5;
    const inverse = ball ? 2 + k / 2 : 0.5 + x / width + 0.5 * Math.sin(y / 5) ** 2;
    return (0.7 + 0.15 * (k % 4)) * inverse + 0.3 * (k % 3);
  }),
);
const still = (i: number) => Math.abs(Math.floor(i / width) - 16) > 6;

/** Mean change from picture to picture where nothing moves, in levels. */
function flicker(pictures: readonly ArrayLike<number>[]): number {
  let [sum, count] = [0, 0];
  for (let k = 1; k < pictures.length; k++)
    for (let i = 0; i < width * height; i++)
      if (still(i)) {
        sum += Math.abs(pictures[k]![i]! - pictures[k - 1]![i]!);
        count++;
      }
  return sum / count;
}

test.each(["minmax", "v2-style"] as const)(
  "pictures of aligned frames do not flicker, drawn by %s",
  (normalization) => {
    const drawn = (aligned: boolean) => {
      const pictures: ArrayLike<number>[] = [];
      let previous: Parameters<typeof drawMap>[1]["previous"];
      for (const frame of frames) {
        const output = drawMap(
          { depth: frame.slice(), width, height, unit: "relative_inverse" },
          { render: { ...render, normalization }, ...(aligned && previous && { previous }) },
        );
        previous = { depth: output.depth, ends: output.ends };
        pictures.push(output.image);
      }
      return pictures;
    };
    const before = flicker(drawn(false));
    expect(before).toBeGreaterThan(2);
    expect(flicker(drawn(true))).toBeLessThan(before / 2);
  },
);

test("a frame says what brought it to the one before, and keeps the range of its picture", () => {
  const first = drawMap({ depth: frames[0]!.slice(), width, height, unit: "relative_inverse" }, { render });
  const stretched = frames[0]!.map((value) => 3 * value - 1);
  const { alignment, depth, image, ends } = drawMap(
    { depth: stretched, width, height, unit: "relative_inverse" },
    { render, previous: { depth: first.depth, ends: first.ends } },
  );
  expect(alignment!.scale).toBeCloseTo(1 / 3, 5);
  expect(alignment!.shift).toBeCloseTo(1 / 3, 5);
  expect(depth[100]).toBeCloseTo(frames[0]![100]!, 5);
  expect(ends).toEqual(first.ends);
  const worst = Math.max(...Array.from(image, (level, i) => Math.abs(level - first.image[i]!)));
  expect(worst).toBeLessThanOrEqual(1);
});

test("metres are scaled only", () => {
  const metres = map(width, height, (x, y) => 2 + x / 10 + y / 20);
  const { alignment } = drawMap(
    { depth: metres.map((value) => 1.2 * value), width, height, unit: "metre" },
    { render: { ...render, values: "reciprocal" }, previous: { depth: metres } },
  );
  expect(alignment).toEqual({ scale: expect.closeTo(1 / 1.2, 5), shift: 0 });
});

test.each(["inverse", "depth", "reciprocal"] as const)(
  "ends of another map bound the picture of %s values",
  (values) => {
    const depth = map(width, height, (x) => 1 + x);
    const ends = values === "inverse" ? ([10, 20] as const) : ([20, 10] as const);
    for (const normalization of ["minmax", "v2-style"] as const) {
      const { image } = drawMap(
        { depth: depth.slice(), width, height, unit: "relative" },
        { render: { ...render, values, normalization }, previous: { depth, ends } },
      );
      const [low, high] = values === "inverse" ? [0, 255] : [255, 0];
      expect([image[0], image[width - 1]]).toEqual([low, high]);
      expect([image[8], image[20]]).toEqual([low, high]);
      expect(image[14]).toBeGreaterThan(40);
      expect(image[14]).toBeLessThan(240);
    }
  },
);
