/** The part of the steps, from 0 to 1, in which the negative prompt counts. */
export type Interval = readonly [from: number, to: number];

/** Whether a step lies inside an interval. Without one all do. */
export const isInside = (interval: Interval | null | undefined, step: number, total: number): boolean =>
  !interval || ((step + 0.5) / total >= interval[0] && (step + 0.5) / total < interval[1]);
