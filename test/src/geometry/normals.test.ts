import { describe, expect, test } from "bun:test";
import { normalsOf } from "../../../src/geometry/normals.ts";
import { surfaceOf } from "../../../src/geometry/surface.ts";
import { expected, floats, map, squareBeforeWall } from "./scenes.ts";

const { width, height, plane_focal: focal } = expected;

describe.each(expected.planes.map((plane, i) => ({ i, ...plane })))("plane $i", ({ depth, normals }) => {
  test("has NumPy's normals to a level of colour", () => {
    const wanted = floats(normals);
    const { pixels } = normalsOf(surfaceOf(floats(depth), width, height, { unit: "metre" }), {
      width,
      height,
      focal,
    });
    for (let y = 1, from = 0; y < height - 1; y++)
      for (let x = 1; x < width - 1; x++)
        for (let k = 0; k < 3; k++, from++)
          expect(Math.abs(pixels[(y * width + x) * 3 + k]! - (wanted[from]! * 127.5 + 127.5))).toBeLessThan(
            1.01,
          );
  });
});

const camera = { width: 60, height: 40, focal: 50 };
const at = (pixels: Uint8Array, x: number, y: number) => [
  ...pixels.subarray((y * 60 + x) * 3, (y * 60 + x) * 3 + 3),
];

test("a floor is green, a wall on the left is red, what faces the camera is blue", () => {
  const floor = map(60, 40, (_, y) => 1 / (0.05 + y / 40));
  const [, green] = at(normalsOf(surfaceOf(floor, 60, 40, { unit: "metre" }), camera).pixels, 30, 30);
  expect(green).toBeGreaterThan(200);
  const left = map(60, 40, (x) => 1 / (0.05 + (60 - x) / 60));
  const [red] = at(normalsOf(surfaceOf(left, 60, 40, { unit: "metre" }), camera).pixels, 20, 20);
  expect(red).toBeGreaterThan(170);
  const flat = map(60, 40, () => 2);
  expect(at(normalsOf(surfaceOf(flat, 60, 40, { unit: "metre" }), camera).pixels, 20, 20)).toEqual([
    128, 128, 255,
  ]);
});

test("normals beside an object's edge are those of their own side", () => {
  const { pixels } = normalsOf(surfaceOf(squareBeforeWall(60, 40), 60, 40, { unit: "metre" }), camera);
  for (let y = 0; y < 40; y++) for (let x = 0; x < 60; x++) expect(at(pixels, x, y)).toEqual([128, 128, 255]);
});

test("pictures of one column or row, and places without surface, have normals too", () => {
  for (const [w, h] of [
    [1, 9],
    [9, 1],
    [1, 1],
  ] as const) {
    const { pixels } = normalsOf(surfaceOf(new Float32Array(w * h).fill(3), w, h, { unit: "metre" }), {
      width: w,
      height: h,
      focal: 5,
    });
    expect([...pixels.subarray(0, 3)]).toEqual([128, 128, 255]);
  }
  const holes = map(60, 40, (x) => (x < 20 ? Number.NaN : 2));
  expect(at(normalsOf(surfaceOf(holes, 60, 40, { unit: "metre" }), camera).pixels, 5, 5)).toEqual([
    128, 128, 255,
  ]);
});
