import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { fieldOfView, focalLengthOf, usualFocalLength } from "../../../src/geometry/camera.ts";
import { encodePly } from "../../../src/geometry/ply.ts";
import { pointsOf } from "../../../src/geometry/points.ts";
import { release } from "../../../src/geometry/release.ts";
import { surfaceOf } from "../../../src/geometry/surface.ts";
import { expected, floats, gradient, map } from "./scenes.ts";

const { width, height, focal } = expected;
const camera = { width, height, focal };

describe.each(expected.cases)("a map in $unit", ({ unit, depth, points }) => {
  test("gives NumPy's points to 0.00001", () => {
    const wanted = floats(points);
    const { positions, count } = pointsOf(
      surfaceOf(floats(depth), width, height, { unit }),
      gradient(width, height),
      camera,
    );
    expect(count).toBe(width * height);
    const worst = positions.reduce((most, value, i) => {
      const scale = Math.abs(wanted[i - (i % 3) + 2]!);
      return Math.max(most, Math.abs(value - wanted[i]!) / scale);
    }, 0);
    expect(worst).toBeLessThan(1e-5);
  });
});

test("a bound on the number of points is kept, and the points spread over the whole picture", () => {
  const depth = map(100, 60, () => 2);
  const surface = surfaceOf(depth, 100, 60, { unit: "metre" });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 7000 }), (most) => {
      const { count, positions } = pointsOf(
        surface,
        gradient(100, 60),
        { width: 100, height: 60, focal: 80 },
        most,
      );
      expect(count).toBeLessThanOrEqual(most);
      expect(count).toBeGreaterThan(Math.min(most, 6000) / 6);
      if (count < 24) return;
      const x = [...positions].filter((_, i) => i % 3 === 0);
      expect(Math.max(...x) - Math.min(...x)).toBeGreaterThan((0.6 * 100 * 2) / 80);
    }),
    { numRuns: 40 },
  );
});

test("values that are no distance, and sky, give no points", () => {
  const depth = new Float32Array([1, Number.NaN, -2, 0, Number.POSITIVE_INFINITY, 1.5, 2, 9000]);
  const { count, positions, colors } = pointsOf(surfaceOf(depth, 8, 1, { unit: "metre" }), gradient(8, 1), {
    width: 8,
    height: 1,
    focal: 10,
  });
  expect(count).toBe(3);
  expect([positions[2], positions[5], positions[8]]).toEqual([-1, -1.5, -2]);
  expect([colors[0], colors[3], colors[6]]).toEqual([0, 159, 191]);
});

test("a relative map reaches from 1 to the range that was asked for", () => {
  for (const relativeRange of [undefined, 1.5, 20]) {
    const { positions } = pointsOf(
      surfaceOf(new Float32Array([0, 3, 7]), 3, 1, {
        unit: "relative_inverse",
        ...(relativeRange !== undefined && { relativeRange }),
      }),
      gradient(3, 1),
      { width: 3, height: 1, focal: 10 },
    );
    expect(positions[2]).toBeCloseTo(-(relativeRange ?? 2.2), 5);
    expect(positions[8]).toBe(-1);
  }
});

test("a flat map is a plane", () => {
  for (const unit of ["relative_inverse", "relative", "metre"] as const) {
    const { positions, count } = pointsOf(
      surfaceOf(new Float32Array(12).fill(2), 4, 3, { unit }),
      gradient(4, 3),
      { width: 4, height: 3, focal: 4 },
    );
    expect(count).toBe(12);
    const z = new Set([...positions].filter((_, i) => i % 3 === 2));
    expect(z.size).toBe(1);
    expect([...z][0]).toBeLessThan(0);
  }
});

test("field of view and focal length are each other's inverse", () => {
  expect(focalLengthOf(90, 200)).toBeCloseTo(100, 10);
  fc.assert(
    fc.property(
      fc.double({ min: 1, max: 170, noNaN: true }),
      fc.integer({ min: 1, max: 20000 }),
      (view, side) => {
        expect(fieldOfView(focalLengthOf(view, side), side)).toBeCloseTo(view, 6);
      },
    ),
  );
  expect(fieldOfView(usualFocalLength(300, 400), 400)).toBeCloseTo(55, 10);
});

test("a PLY file holds the points and colours, after a header with its comments", () => {
  const points = {
    positions: new Float32Array([1, 2, -3, 4, 5, -6]),
    colors: new Uint8Array([1, 2, 3, 4, 5, 6]),
    count: 2,
  };
  const file = encodePly(points, ["focal_length_px 50", "unit\nmetre"]);
  const text = new TextDecoder("latin1").decode(file);
  const end = text.indexOf("end_header\n") + "end_header\n".length;
  expect(text.slice(0, end).split("\n")).toEqual(
    expect.arrayContaining(["comment focal_length_px 50", "comment unit metre", "element vertex 2"]),
  );
  const view = new DataView(file.buffer, end);
  expect(view.byteLength).toBe(30);
  expect([0, 4, 8, 15, 19, 23].map((at) => view.getFloat32(at, true))).toEqual([1, 2, -3, 4, 5, -6]);
  expect([...file.subarray(end + 27)]).toEqual([4, 5, 6]);
});

test("released arrays are empty, and releasing twice does no harm", () => {
  const values = new Float32Array(1000);
  const view = new Uint8Array(values.buffer, 8);
  release(values, undefined);
  release(values, view);
  expect([values.length, view.length]).toEqual([0, 0]);
});
