/**
 * Compares two ways of doing one thing by taking turns, so that what else the machine does meets both alike.
 *
 * @module
 */

const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);
const quantile = (values: readonly number[], q: number) =>
  sorted(values)[Math.floor(q * (values.length - 1))]!;

/**
 * One line: the ratio of the medians, the middle half of the ratios of neighbours, and the ratio of the best times, which other
 * work on the machine disturbs least.
 */
export function ratio(
  name: string,
  ours: readonly number[],
  theirs: readonly number[],
  unit: string,
): string {
  const pairs = ours.map((value, i) => value / theirs[i]!);
  const median = quantile(ours, 0.5) / quantile(theirs, 0.5);
  const [low, high] = [quantile(pairs, 0.25), quantile(pairs, 0.75)];
  const [mine, other] = [quantile(ours, 0), quantile(theirs, 0)];
  const best = `best ${(mine / other).toFixed(3)} = ${mine.toFixed(1)} / ${other.toFixed(1)} ${unit}`;
  return `${name.padEnd(32)} ${median.toFixed(3)} (${low.toFixed(3)} … ${high.toFixed(3)}, ${pairs.length} pairs)  ${best}`;
}
