import { Tensor } from "../../../ffi/index.ts";
import type { PairRotation } from "../../nn/rope.ts";

/** How places become angles: counted from zero behind the text, or spread over −1 … 1 in each window. */
export type RopeKind = "lang" | "pixel";

/** Angles of a window's tokens: those of time, of the row, of the column. */
export function windowRotation(
  kind: RopeKind,
  freqs: readonly number[],
  height: number,
  width: number,
  textLength: number,
): PairRotation {
  const places = (count: number) =>
    Array.from({ length: count }, (_, i) => (kind === "lang" ? i : spread(i, count)));
  const time = kind === "lang" ? textLength : spread(0, 1);
  const rows = places(height);
  const columns = places(width);
  return rotationOf(
    rows.flatMap((row) => columns.map((column) => [time, row, column])),
    freqs,
  );
}

/** Text stands on the diagonal: the same place on each axis. */
export function textRotation(freqs: readonly number[], length: number): PairRotation {
  return rotationOf(
    Array.from({ length }, (_, i) => [i, i, i]),
    freqs,
  );
}

const spread = (i: number, count: number) => (count === 1 ? -1 : Math.fround(-1 + (2 * i) / (count - 1)));

function rotationOf(places: readonly (readonly number[])[], freqs: readonly number[]): PairRotation {
  // Angles are products in single precision, as the network was trained with.
  const angles = places.flatMap((place) =>
    place.flatMap((at) => freqs.map((freq) => Math.fround(at * freq))),
  );
  const shape = [places.length, 3 * freqs.length];
  return {
    cos: Tensor.from(Float32Array.from(angles, Math.cos), shape),
    sin: Tensor.from(Float32Array.from(angles, Math.sin), shape),
  };
}
