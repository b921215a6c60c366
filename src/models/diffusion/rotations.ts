import { Tensor } from "../../../ffi/index.ts";
import type { PairRotation } from "../../nn/rope.ts";

/** Rows and columns of a picture's tokens. */
export type Grid = readonly [rows: number, columns: number];

/** Where a token stands, by axis. */
export type Place = readonly number[];

/** The tokens of a grid, row by row. */
export const placesOf = ([rows, columns]: Grid, at: (row: number, column: number) => Place): Place[] =>
  Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns), i % columns));

/** Angles of tokens: `axes` says how many channels of a head turn by each axis. */
export function rotationOf(places: readonly Place[], axes: readonly number[], theta: number): PairRotation {
  const pairs = axes.reduce((sum, channels) => sum + channels / 2, 0);
  const frequencies = axes.map((channels) =>
    Array.from({ length: channels / 2 }, (_, j) => theta ** ((-2 * j) / channels)),
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
