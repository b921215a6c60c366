export const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[list.length >> 1]!;

/** The median, with the least and the largest. */
export const spread = (list: readonly number[], digits = 2) =>
  `${median(list).toFixed(digits)} (${Math.min(...list).toFixed(digits)} – ${Math.max(...list).toFixed(digits)})`;
