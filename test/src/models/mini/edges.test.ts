import { describe, expect, test } from "bun:test";
import { sharpen } from "../../../../src/models/mini/edges.ts";
import { openForTests } from "../../../ffi/open.ts";
import { difference, expected } from "../fixtures.ts";

openForTests();

const recorded = expected("../../mini/edges");
const [rows, columns] = recorded.get("map").shape as [number, number];
const [height, width] = recorded.get("sharp").shape as [number, number];
const map = { data: recorded.get("map").values, width: columns, height: rows };
const seen = { data: recorded.get("seen").values, width: columns, height: rows, channels: 3 };
const picture = { data: recorded.bytes("picture"), width, height, channels: 3 };

const filled = (length: number, value: number) => new Float32Array(length).fill(value);

/** The mean distance of two maps. */
const apart = (a: Float32Array, b: Float32Array) =>
  a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;

describe("the edges of a depth map", () => {
  test("lie where the program that measures them puts them", () => {
    expect(difference(sharpen(map, seen, picture), recorded.get("sharp").values)).toBeLessThan(1e-4);
  });

  test("follow the picture: the map is three times as near to the truth as one without a picture", () => {
    const truth = recorded.get("truth").values;
    const grey = { ...picture, data: new Uint8Array(picture.data.length).fill(128) };
    const blind = sharpen(map, { ...seen, data: filled(seen.data.length, 128 / 255) }, grey);
    expect(3 * apart(sharpen(map, seen, picture), truth)).toBeLessThan(apart(sharpenNothing(), truth));
    expect(apart(sharpen(map, seen, picture), truth)).toBeLessThan(apart(blind, truth));
  });

  test("are not invented where the picture has edges and the map is a plain slope", () => {
    const [w, h] = [24, 256];
    const slope = Float32Array.from({ length: w * h }, (_, i) => Math.floor(i / w) / h);
    const stripes = (i: number) => (Math.floor(i / 12) % 2 === 0 ? 0.1 : 0.9);
    const colors = Float32Array.from({ length: 3 * w * h }, (_, i) => stripes(i));
    const loud = { data: colors.map((value) => value * 255), width: w, height: h, channels: 3 };
    const answer = sharpen(
      { data: slope, width: w, height: h },
      { ...loud, data: colors },
      { ...loud, data: Uint8Array.from(loud.data) },
    );
    expect(difference(answer, slope)).toBeLessThan(1e-6);
  });

  test.each([
    [1, 1],
    [1, 300],
    [300, 1],
    [7, 5],
  ])("are found in a picture of %d × %d", (w, h) => {
    const data = Uint8Array.from({ length: w * h * 3 }, (_, i) => (i * 37) % 256);
    const answer = sharpen(map, seen, { data, width: w, height: h, channels: 3 });
    expect(answer).toHaveLength(w * h);
    expect(answer.every(Number.isFinite)).toBe(true);
  });

  test("of a map that is the same everywhere are none", () => {
    const answer = sharpen(
      { data: filled(rows * columns, 0.5), width: columns, height: rows },
      seen,
      picture,
    );
    expect(new Set(answer)).toEqual(new Set([0.5]));
  });

  test("of a map of one pixel are none", () => {
    const one = { data: filled(1, 0.25), width: 1, height: 1 };
    const answer = sharpen(one, { data: filled(3, 0.5), width: 1, height: 1, channels: 3 }, picture);
    expect(new Set(answer)).toEqual(new Set([0.25]));
  });
});

/** The map enlarged without a look at the picture: its edges are as wide as its pixels. */
function sharpenNothing(): Float32Array {
  const out = new Float32Array(width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [v, u] = [Math.floor((y * rows) / height), Math.floor((x * columns) / width)];
      out[y * width + x] = map.data[v * columns + u]!;
    }
  return out;
}
