/** Width and height in pixels. */
export interface Size {
  width: number;
  height: number;
}

/** The size that a network is asked to see a picture at. */
export interface Sizing {
  /** Side in pixels, before it is rounded to the network's steps. */
  inputSize: number;
  /** The picture's side that this is. */
  bound: "short" | "long";
}

/** Longest side of a network's picture, in short sides. */
export const longestAspect = 8;

/**
 * A picture longer than {@linkcode longestAspect} short sides is bound by its long side instead: its short side would make it grow
 * without end, and a strip of one row has nothing more to show.
 */
export function boundFor(picture: Size, { inputSize, bound }: Sizing): Sizing {
  const long = Math.max(picture.width, picture.height);
  const short = Math.min(picture.width, picture.height);
  return bound === "short" && long > longestAspect * short
    ? { inputSize: longestAspect * inputSize, bound: "long" }
    : { inputSize, bound };
}
