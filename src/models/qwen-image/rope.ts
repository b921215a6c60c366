import { Tensor } from "../../../ffi/index.ts";
import type { PairRotation } from "../../nn/rope.ts";

const theta = 10_000;

/** Rows and columns of a picture's tokens. */
export type Grid = readonly [rows: number, columns: number];

/**
 * Angles of the tokens of some pictures, the target first, and of the text. A picture turns by its number, and by row and column
 * counted from its middle; the text goes on where the widest picture ends, alike on all three axes.
 */
export function rotations(
  pictures: readonly Grid[],
  textLength: number,
  axes: readonly number[],
): { img: PairRotation; txt: PairRotation } {
  const img = pictures.flatMap(([rows, columns], number) =>
    centred(rows).flatMap((row) => centred(columns).map((column) => [number, row, column])),
  );
  const from = Math.max(...pictures.flat().map((side) => Math.floor(side / 2)));
  const txt = Array.from({ length: textLength }, (_, i) => [from + i, from + i, from + i]);
  return { img: rotationOf(img, axes), txt: rotationOf(txt, axes) };
}

const centred = (side: number) => Array.from({ length: side }, (_, i) => i - (side - Math.floor(side / 2)));

function rotationOf(places: readonly (readonly number[])[], axes: readonly number[]): PairRotation {
  const pairs = axes.reduce((sum, channels) => sum + channels / 2, 0);
  const frequencies = axes.map((channels) =>
    Array.from({ length: channels / 2 }, (_, j) => Math.fround(theta ** ((-2 * j) / channels))),
  );
  const angles = new Float32Array(places.length * pairs);
  let at = 0;
  for (const place of places)
    frequencies.forEach((axis, i) => {
      for (const frequency of axis) angles[at++] = place[i]! * frequency;
    });
  const shape = [places.length, pairs];
  return { cos: Tensor.from(angles.map(Math.cos), shape), sin: Tensor.from(angles.map(Math.sin), shape) };
}
