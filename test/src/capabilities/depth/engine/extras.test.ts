import { expect, test } from "bun:test";
import { type ExtrasPhaseInput, runExtras } from "../../../../../src/capabilities/depth/engine/extras.ts";
import { extraKinds } from "../../../../../src/capabilities/depth/extras/options.ts";
import { Cancelled } from "../../../../../src/engine/task.ts";
import { gradient, squareBeforeWall } from "../../../geometry/scenes.ts";

const [width, height] = [96, 64];

const input = (more: Partial<ExtrasPhaseInput> = {}): ExtrasPhaseInput => ({
  pixels: gradient(width, height).pixels,
  original: { width, height },
  at: "picture",
  render: { values: "reciprocal", normalization: "minmax", invert: false, colormap: "grey", format: "png8" },
  image: new Uint8Array(width * height),
  channels: 1,
  min: 1,
  max: 3,
  ends: [3, 1],
  depth: squareBeforeWall(width, height),
  width,
  height,
  unit: "metre",
  precision: "float32",
  extras: {
    picture: { width, height },
    kinds: extraKinds,
    meshTriangles: 20_000,
    maxPoints: 5000,
    relativeRange: 2.2,
    texture: new Uint8Array([0xff, 0xd8, 0xff, 0xd9]),
  },
  ...more,
});

test("progress goes from nothing to all, and never back", () => {
  const steps: number[] = [];
  runExtras(input(), (label, done, total) => {
    expect(label).toBe("encoding");
    steps.push(done / total);
  });
  expect(steps[0]).toBe(0);
  expect(steps.at(-1)).toBe(1);
  expect(steps).toEqual(steps.toSorted((a, b) => a - b));
  expect(new Set(steps).size).toBeGreaterThan(extraKinds.length);
});

test("a cancelled job is left at any step", () => {
  let steps = 0;
  runExtras(input(), () => void steps++);
  for (let at = 0; at < steps; at++) {
    let seen = 0;
    expect(() =>
      runExtras(input(), () => {
        if (seen++ === at) throw new Cancelled();
      }),
    ).toThrow(Cancelled);
  }
});

test("only what was asked for is made, and the estimate is passed on", () => {
  const given = input();
  const output = runExtras({ ...given, extras: { ...given.extras, kinds: ["anaglyph_jpeg"] } }, () => {});
  const { made, ...estimate } = output;
  expect(Object.keys(made!).toSorted()).toEqual(["anaglyph", "baseline", "camera", "focus"]);
  expect(estimate).toEqual({
    image: given.image,
    channels: 1,
    min: 1,
    max: 3,
    ends: [3, 1],
    depth: given.depth,
    width,
    height,
    unit: "metre",
    precision: "float32",
  });
});

test("a map larger than the picture's pixels is sampled, and its EXR is whole", () => {
  const depth = squareBeforeWall(2 * width, 2 * height);
  const { made } = runExtras(
    input({
      depth,
      width: 2 * width,
      height: 2 * height,
      original: { width: 2 * width, height: 2 * height },
    }),
    () => {},
  );
  expect(made!.exr!.length).toBe(depth.byteLength);
  expect([made!.normals!.width, made!.stereo!.width]).toEqual([width, 2 * width]);
});

test("a focal length that no camera has is not used", () => {
  expect(runExtras(input({ focalLengthPx: 1e9 }), () => {}).made!.camera.source).toBe("assumed");
  expect(runExtras(input({ focalLengthPx: 90 }), () => {}).made!.camera).toEqual({
    focalLengthPx: 90,
    source: "estimated",
  });
});
