/** Depth maps and pictures that tests measure by. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Rgb } from "../../../src/geometry/rgb.ts";

export const fixtures = join(import.meta.dir, "../../fixtures/geometry");

export interface Expected {
  width: number;
  height: number;
  focal: number;
  cases: { unit: "metre" | "relative_inverse"; depth: string; points: string }[];
  planes: { depth: string; normals: string }[];
  plane_focal: number;
  alignments: { current: string; previous: string; scale: number; shift: number }[];
}

/** What NumPy, OpenEXR and SciPy make of the same maps; `test/reference/geometry.py` writes it. */
export const expected = JSON.parse(readFileSync(join(fixtures, "expected.json"), "utf8")) as Expected;

export const floats = (base64: string): Float32Array =>
  new Float32Array(Uint8Array.fromBase64(base64).buffer);

/** Values from a function of the place. */
export function map(width: number, height: number, value: (x: number, y: number) => number): Float32Array {
  const values = new Float32Array(width * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) values[y * width + x] = value(x, y);
  return values;
}

export function paint(
  width: number,
  height: number,
  color: (x: number, y: number) => readonly [number, number, number],
): Rgb {
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) pixels.set(color(x, y), (y * width + x) * 3);
  return { pixels, width, height };
}

/** Colours that tell places apart. */
export const gradient = (width: number, height: number): Rgb =>
  paint(width, height, (x, y) => [(255 * x) / width, (255 * y) / height, 128]);

/** A square 1 m away before a wall 3 m away, in metres. */
export const squareBeforeWall = (width: number, height: number): Float32Array =>
  map(width, height, (x, y) => (isSquare(x / width, y / height) ? 1 : 3));

export const isSquare = (u: number, v: number): boolean => u >= 0.4 && u < 0.6 && v >= 0.35 && v < 0.65;
