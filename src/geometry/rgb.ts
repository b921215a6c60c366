/** Rows of red, green, blue bytes. */
export type Rgb = {
  pixels: Uint8Array;
  width: number;
  height: number;
};

/** Says how many of all rows are done; throws to leave the work. */
export type Advance = (done: number, total: number) => void;
