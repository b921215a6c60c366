/** What Z-Image's task gets beside what all families get. */
export type ZImageInput = {
  /** How far the schedule is shifted when the model's folder has no scheduler. */
  shift: number;
};
