/**
 * A large map in overlapping tiles, each faded into its neighbours. Sizes and places depend on the map alone, never on free memory:
 * tiles see their own statistics, so they decide the picture.
 *
 * @module
 */

export type Grid = {
  rows: number;
  columns: number;
  channels: number;
  data: Float32Array<ArrayBuffer>;
};

export interface Tile {
  top: number;
  left: number;
  rows: number;
  columns: number;
}

/** The tiles of a map, in latent cells. One that would only repeat what its neighbour covers is left out. */
export function tilesOf(rows: number, columns: number, tile: number, overlap: number): Tile[] {
  const along = (size: number) => {
    const starts: { start: number; length: number }[] = [];
    const step = Math.max(1, tile - overlap);
    for (let start = 0; start < size; start += step) {
      const length = Math.min(tile, size - start);
      if (start === 0 || length > overlap) starts.push({ start, length });
    }
    return starts;
  };
  const across = along(columns);
  return along(rows).flatMap((y) =>
    across.map((x) => ({ top: y.start, left: x.start, rows: y.length, columns: x.length })),
  );
}

/** Sums tiles with raised-cosine weights and divides by the sum of the weights. */
export class Blend {
  readonly #sum: Float32Array<ArrayBuffer>;
  readonly #weight: Float32Array;
  readonly #ramp: Float32Array;

  constructor(
    readonly rows: number,
    readonly columns: number,
    readonly channels: number,
    private readonly overlap: number,
  ) {
    this.#sum = new Float32Array(rows * columns * channels);
    this.#weight = new Float32Array(rows * columns);
    this.#ramp = Float32Array.from(
      { length: overlap },
      (_, i) => 0.5 - 0.5 * Math.cos(Math.fround(overlap === 1 ? 0 : i / (overlap - 1)) * Math.PI),
    );
  }

  /** Adds a tile's values [rows, columns, channels]. */
  add({ top, left, rows, columns }: Tile, values: Float32Array): void {
    const down = this.#fade(rows, top > 0, top + rows < this.rows);
    const across = this.#fade(columns, left > 0, left + columns < this.columns);
    const { channels } = this;
    for (let y = 0; y < rows; y++) {
      let at = (top + y) * this.columns + left;
      let from = y * columns * channels;
      for (let x = 0; x < columns; x++, at++) {
        const weight = Math.fround(down[y]! * across[x]!);
        this.#weight[at]! += weight;
        for (let c = 0, to = at * channels; c < channels; c++, to++, from++)
          this.#sum[to]! += values[from]! * weight;
      }
    }
  }

  /** Weights along one side: 1, fading where a neighbour overlaps. */
  #fade(length: number, before: boolean, behind: boolean): Float32Array {
    const weights = new Float32Array(length).fill(1);
    const overlap = Math.max(0, Math.min(this.overlap, length - 1));
    for (let i = 0; i < overlap; i++) {
      if (before) weights[i] = this.#ramp[i]!;
    }
    for (let i = 0; i < overlap; i++) {
      if (behind) weights[length - overlap + i] = 1 - this.#ramp[i]!;
    }
    return weights;
  }

  finish(): Grid {
    const { rows, columns, channels } = this;
    for (let at = 0, i = 0; at < rows * columns; at++) {
      const weight = Math.max(this.#weight[at]!, 1e-6);
      for (let c = 0; c < channels; c++, i++) this.#sum[i]! /= weight;
    }
    return { rows, columns, channels, data: this.#sum };
  }
}
