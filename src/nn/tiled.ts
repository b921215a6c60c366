import { clearCache, scope, type Tensor } from "../../ffi/index.ts";
import { Blend, type Grid, type Tile } from "../images/tiles.ts";

export interface Tiled {
  /** Size of the result. */
  rows: number;
  columns: number;
  channels: number;
  /** Cells of the result that neighbours share. */
  overlap: number;
  /** Cells of the result on a side of a tile's cell; 1 unless given. */
  scale?: number;
  /** Called after each tile; may throw to stop. */
  step?: (done: number, total: number) => void;
  /** Sees the values of each tile before they are blended. */
  look?: (values: Float32Array) => void;
}

/** Computes a map tile by tile and fades the tiles into each other. */
export function tileByTile(tiles: readonly Tile[], compute: (tile: Tile) => Tensor, map: Tiled): Grid {
  const { rows, columns, channels, overlap, scale = 1, step, look } = map;
  const blend = new Blend(rows, columns, channels, overlap);
  tiles.forEach((tile, i) => {
    const values = scope(() => compute(tile).read("float32"));
    look?.(values);
    blend.add(
      {
        top: tile.top * scale,
        left: tile.left * scale,
        rows: tile.rows * scale,
        columns: tile.columns * scale,
      },
      values,
    );
    clearCache();
    step?.(i + 1, tiles.length);
  });
  return blend.finish();
}
