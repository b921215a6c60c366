import { roundHalfEven } from "../../images/round.ts";

/** A window of the token grid: rows and columns from, up to and without. A still has one row of time, so time needs no part. */
export interface Window {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

/** The windows are sized so that a picture of 45×80 tokens has as many as the base says. */
const referenceArea = 45 * 80;

/** Cuts a grid of tokens into windows. Odd blocks shift them by half a window, which leaves smaller ones at the borders. */
export function windowsOf(
  height: number,
  width: number,
  shifted: boolean,
  [, perColumn, perRow]: readonly [time: number, rows: number, columns: number],
): Window[] {
  const scale = Math.sqrt(referenceArea / (height * width));
  const rows = ranges(height, Math.ceil(roundHalfEven(height * scale) / perColumn), shifted);
  const columns = ranges(width, Math.ceil(roundHalfEven(width * scale) / perRow), shifted);
  return columns.flatMap(([left, right]) => rows.map(([top, bottom]) => ({ top, bottom, left, right })));
}

function ranges(size: number, window: number, shifted: boolean): [from: number, to: number][] {
  const shift = shifted && window < size ? 0.5 : 0;
  const count = shift > 0 ? Math.ceil((size - shift) / window) + 1 : Math.ceil(size / window);
  return Array.from({ length: count }, (_, i): [number, number] => [
    Math.max(Math.trunc((i - shift) * window), 0),
    Math.min(Math.trunc((i - shift + 1) * window), size),
  ]).filter(([from, to]) => to > from);
}

/** Windows of one size, which one attention takes together. */
export interface WindowGroup {
  height: number;
  width: number;
  count: number;
}

export interface Partition {
  groups: readonly WindowGroup[];
  /** Tokens in the order of the groups, window after window, and the way back. */
  order: Int32Array;
  back: Int32Array;
}

/** Sorts windows by their size and lists their tokens. */
export function partition(windows: readonly Window[], width: number): Partition {
  const bySize = Map.groupBy(windows, ({ top, bottom, left, right }) => `${bottom - top}x${right - left}`);
  const sorted = [...bySize.values()];
  const order = Int32Array.from(
    sorted.flat().flatMap(({ top, bottom, left, right }) => {
      const tokens: number[] = [];
      for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) tokens.push(y * width + x);
      return tokens;
    }),
  );
  const back = new Int32Array(order.length);
  order.forEach((token, place) => {
    back[token] = place;
  });
  const groups = sorted.map((same) => {
    const [{ top, bottom, left, right }] = same as [Window];
    return { height: bottom - top, width: right - left, count: same.length };
  });
  return { groups, order, back };
}
