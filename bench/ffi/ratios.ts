/**
 * Compares two ways of doing one thing by taking turns, so that what else the machine does meets both alike.
 *
 * @module
 */

const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);
const quantile = (values: readonly number[], q: number) =>
  sorted(values)[Math.floor(q * (values.length - 1))]!;

/** One line: the ratio of the medians, the middle half of the ratios of neighbours, and both best times. */
export function ratio(
  name: string,
  ours: readonly number[],
  theirs: readonly number[],
  unit: string,
): string {
  const pairs = ours.map((value, i) => value / theirs[i]!);
  const median = quantile(ours, 0.5) / quantile(theirs, 0.5);
  const [low, high] = [quantile(pairs, 0.25), quantile(pairs, 0.75)];
  const best = `best ${quantile(ours, 0).toFixed(1)} / ${quantile(theirs, 0).toFixed(1)} ${unit}`;
  return `${name.padEnd(34)} ${median.toFixed(3)}  (${low.toFixed(3)} … ${high.toFixed(3)}, ${pairs.length} pairs)  ${best}`;
}
