/** Bytes from `start` up to, not including, `end`. */
export type Range = [start: number, end: number];

/** Sorts ranges and merges those that touch or overlap. */
export function joined(ranges: readonly Range[]): Range[] {
  const out: Range[] = [];
  for (const [start, end] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = out.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else if (end > start) out.push([start, end]);
  }
  return out;
}

/** The gaps between ranges in `0..size`. */
export function freeBetween(ranges: readonly Range[], size: number): Range[] {
  const gaps: Range[] = [];
  let at = 0;
  for (const [start, end] of joined(ranges)) {
    if (start > at && at < size) gaps.push([at, Math.min(start, size)]);
    at = Math.max(at, end);
  }
  if (at < size) gaps.push([at, size]);
  return gaps;
}

/** Ranges cut off at `size`. */
export function within(ranges: readonly Range[], size: number): Range[] {
  return joined(
    ranges.map(([start, end]): Range => [start, Math.min(end, size)]).filter(([start, end]) => start < end),
  );
}

export function bytesIn(ranges: readonly Range[]): number {
  return ranges.reduce((sum, [start, end]) => sum + end - start, 0);
}
