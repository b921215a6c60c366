import { expect, test } from "bun:test";
import { featherWidth, pasteKept } from "../../../src/images/paste.ts";

const [width, height] = [64, 40];
const filled = (value: number) => new Uint8Array(3 * width * height).fill(value);
const [made, original] = [filled(200), filled(100)];
const maskOf = (at: (x: number, y: number) => number) =>
  Uint8Array.from({ length: width * height }, (_, i) => at(i % width, Math.floor(i / width)));
/** The first channel, by row and column. */
function pasted(at: (x: number, y: number) => number) {
  const out = pasteKept(made, original, maskOf(at), width);
  return (x: number, y: number) => out[3 * (y * width + x)]!;
}

test("black is the original's to the byte, white inside is new, and the edge between them rises", () => {
  const at = pasted((x) => (x >= 20 ? 255 : 0));
  expect([at(0, 0), at(19, 39)]).toEqual([100, 100]);
  expect([at(20 + featherWidth - 1, 5), at(63, 5)]).toEqual([200, 200]);
  const edge = Array.from({ length: featherWidth }, (_, i) => at(19 + i, 20));
  expect(edge).toEqual([...edge].sort((a, b) => a - b));
  expect(new Set(edge).size).toBe(featherWidth);
});

test("all white is the new picture, and the borders of the picture are no edges", () => {
  expect(
    pasteKept(
      made,
      original,
      maskOf(() => 255),
      width,
    ),
  ).toEqual(made);
});

test("a line that is narrower than two edges is new in its middle", () => {
  for (const thickness of [1, 2, 5]) {
    const at = pasted((_, y) => (y >= 10 && y < 10 + thickness ? 255 : 0));
    expect(at(30, 10 + Math.floor(thickness / 2))).toBe(200);
    expect([at(30, 9), at(30, 10 + thickness)]).toEqual([100, 100]);
  }
});

test("grey mixes by its share", () => {
  const at = pasted(() => 128);
  expect(at(32, 20)).toBe(Math.round(100 + (100 * 128) / 255));
});
