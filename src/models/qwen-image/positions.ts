/** Where a token stands in time, row and column. */
export type Position = readonly [time: number, row: number, column: number];

/**
 * Positions for the language model. Text counts on, alike on all three axes; a picture's tokens stand in its rows and columns, and
 * the text goes on where the larger side ends. `grids` are those of merged patches, in the order of the pictures.
 */
export function positionsOf(
  tokens: readonly number[],
  imagePad: number,
  grids: readonly (readonly [number, number])[],
): Position[] {
  const positions: Position[] = [];
  let next = 0;
  let picture = 0;
  for (let i = 0; i < tokens.length; ) {
    const grid = tokens[i] === imagePad ? grids[picture] : undefined;
    if (!grid) {
      positions.push([next, next, next]);
      next++;
      i++;
      continue;
    }
    const [rows, columns] = grid;
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) positions.push([next, next + row, next + column]);
    next += Math.max(rows, columns);
    i += rows * columns;
    picture++;
  }
  return positions;
}
