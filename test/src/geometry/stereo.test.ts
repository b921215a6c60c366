import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Rgb } from "../../../src/geometry/rgb.ts";
import { anaglyphOf, eyesFor, stereoOf } from "../../../src/geometry/stereo.ts";
import { surfaceOf } from "../../../src/geometry/surface.ts";
import { gradient, isSquare, map, paint, squareBeforeWall } from "./scenes.ts";

const [width, height, focal] = [200, 120, 160];
const camera = { width, height, focal };
const red = [250, 10, 10] as const;
/** A red square before a wall of blue and green stripes. */
const picture = paint(width, height, (x, y) =>
  isSquare(x / width, y / height) ? red : [10, x % 8 < 4 ? 200 : 60, 200],
);
const surface = surfaceOf(squareBeforeWall(width, height), width, height, { unit: "metre" });

const half = ({ pixels, width: both, height: rows }: Rgb, side: 0 | 1): Rgb => {
  const w = both / 2;
  const part = new Uint8Array(w * rows * 3);
  for (let y = 0; y < rows; y++)
    part.set(pixels.subarray((y * both + side * w) * 3, (y * both + side * w + w) * 3), y * w * 3);
  return { pixels: part, width: w, height: rows };
};
const isRed = ({ pixels }: Rgb, i: number) => pixels[i * 3]! > 150 && pixels[i * 3 + 2]! < 100;
/** Columns of the middle row that are red. */
function redColumns(view: Rgb): number[] {
  const row = (height / 2) * width;
  return Array.from({ length: width }, (_, x) => x).filter((x) => isRed(view, row + x));
}

test("near things stand farther to the right for the left eye, by the baseline's parallax", () => {
  const { picture: both } = stereoOf(surface, picture, camera, { baseline: 0.1, focus: 3 });
  const [left, right] = [redColumns(half(both, 0)), redColumns(half(both, 1))];
  // focal × baseline × (1 / 1 m − 1 / 3 m)
  const parallax = 160 * 0.1 * (1 - 1 / 3);
  expect(Math.abs(left[0]! - right[0]! - parallax)).toBeLessThan(1.5);
  expect(left.length).toBe(40);
  expect(right.length).toBe(40);
});

test("things at the focus stand at the same place for both eyes", () => {
  const { picture: both } = stereoOf(surface, picture, camera, { baseline: 0.1, focus: 1 });
  expect(redColumns(half(both, 0))).toEqual(redColumns(half(both, 1)));
  expect(redColumns(half(both, 0))[0]).toBe(80);
});

test("what was hidden is filled with the wall, its stripes included", () => {
  const { picture: both } = stereoOf(surface, picture, camera, { baseline: 0.12, focus: 3 });
  for (const side of [0, 1] as const) {
    const view = half(both, side);
    const reds = redColumns(view);
    expect(reds.at(-1)! - reds[0]! + 1).toBe(reds.length);
    const beside = side === 0 ? reds[0]! - 1 : reds.at(-1)! + 1;
    const away = side === 0 ? -1 : 1;
    const greens = Array.from(
      { length: 8 },
      (_, k) => view.pixels[((height / 2) * width + beside + away * k) * 3 + 1]!,
    );
    expect(Math.max(...greens)).toBeGreaterThan(150);
    expect(Math.min(...greens)).toBeLessThan(110);
  }
});

test("a soft edge is no stretched band", () => {
  // The square's depth runs over twelve pixels, as networks draw it.
  const soft = map(1024, 8, (x) => 1 / (1 / 3 + (2 / 3) * Math.min(Math.max((x - 500) / 12, 0), 1)));
  const { picture: both } = stereoOf(
    surfaceOf(soft, 1024, 8, { unit: "metre" }),
    gradient(1024, 8),
    { width: 1024, height: 8, focal: 800 },
    { baseline: 0.06, focus: 3 },
  );
  const view = half(both, 0);
  const row = [...view.pixels.subarray(4 * 1024 * 3, 5 * 1024 * 3)].filter((_, i) => i % 3 === 0);
  // Beyond the filled gap the gradient goes on with its own slope: no pixel is drawn out over many.
  const slow = row.slice(560, 700);
  expect(slow.at(-1)! - slow[0]!).toBeGreaterThan(25);
});

test("a flat map shows both eyes the picture", () => {
  const flat = surfaceOf(new Float32Array(width * height).fill(2), width, height, { unit: "metre" });
  const { picture: both } = stereoOf(flat, picture, camera);
  for (const side of [0, 1] as const) expect(Buffer.compare(half(both, side).pixels, picture.pixels)).toBe(0);
});

test("open parameters give a comfortable parallax, and no baseline gives an impossible one", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.1, max: 100, noNaN: true }),
      fc.double({ min: 1.01, max: 1000, noNaN: true }),
      fc.option(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), { nil: undefined }),
      (nearest, ratio, baseline) => {
        const [near, far] = [1 / nearest, 1 / (nearest * ratio)];
        const eyes = eyesFor(
          { ...surface, near, far, middle: (near + far) / 2 },
          camera,
          baseline === undefined ? {} : { baseline },
        );
        const parallax = focal * eyes.baseline * (near - far);
        expect(parallax).toBeLessThanOrEqual(width / 10 + 1e-6);
        if (baseline === undefined) expect(parallax).toBeCloseTo(width / 30, 6);
        expect(eyes.focus).toBeGreaterThanOrEqual(nearest * 0.999);
        expect(eyes.focus).toBeLessThanOrEqual(nearest * ratio * 1.001);
      },
    ),
  );
});

test.each([
  [1, 30],
  [30, 1],
  [1, 1],
])("a picture of %d × %d has two views", (w, h) => {
  const depth = map(w, h, (x, y) => 1 + x + y);
  const { picture: both } = stereoOf(surfaceOf(depth, w, h, { unit: "metre" }), gradient(w, h), {
    width: w,
    height: h,
    focal: 20,
  });
  expect([both.width, both.height, both.pixels.length]).toEqual([2 * w, h, 6 * w * h]);
});

test("places without surface stay filled, and a map without any gives the picture", () => {
  const holes = squareBeforeWall(width, height).map((value, i) => (i % 7 === 0 ? Number.NaN : value));
  const { picture: both } = stereoOf(surfaceOf(holes, width, height, { unit: "metre" }), picture, camera);
  expect(both.pixels.filter((value) => value === 0).length).toBe(0);
  const none = surfaceOf(new Float32Array(width * height).fill(Number.NaN), width, height, { unit: "metre" });
  expect(half(stereoOf(none, picture, camera).picture, 0).pixels).toEqual(picture.pixels);
});

test("the anaglyph has the left view's brightness in red, the right view's green and blue", () => {
  const both = paint(4, 1, (x) => (x < 2 ? [100, 200, 50] : [1, 2, 3]));
  const { pixels, width: w, height: h } = anaglyphOf(both);
  expect([w, h]).toEqual([2, 1]);
  const brightness = Math.round(0.299 * 100 + 0.587 * 200 + 0.114 * 50);
  expect([...pixels]).toEqual([brightness, 2, 3, brightness, 2, 3]);
});

test("the caller is told of rows, and may leave", () => {
  const seen: number[] = [];
  stereoOf(surface, picture, camera, {}, (done, total) => seen.push(done / total));
  expect(seen.at(-1)).toBe(1);
  expect(() =>
    stereoOf(surface, picture, camera, {}, () => {
      throw new Error("left");
    }),
  ).toThrow("left");
});
