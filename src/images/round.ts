/** Rounds halves to the even neighbour, as Python and OpenCV do. */
export const roundHalfEven = (x: number) => {
  const rounded = Math.round(x);
  return rounded - x === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
};
