/**
 * The second layer of a mesh: the far side of each object's edge, continued behind the object.
 *
 * @module
 */
import type { Camera } from "./camera.ts";
import type { Grid } from "./grid.ts";
import { LayerBuilder, type MeshLayer } from "./layer.ts";
import type { Rgb } from "./rgb.ts";

/** How far behind an object the far side goes on, as a share of the longer side. */
const REACH = 1 / 8;
/** Cells of the far side beside the edge that the continuation is made from. The first ones show the object's soft edge. */
const BAND = 6;
const SOFT = 2;
/** The layer lies a little behind the surface that it continues, so that the two do not flicker. */
const SET_BACK = 0.995;

const UNSEEN = 0;
const FAR_SIDE = 1;
const HIDDEN = 2;

export type BehindLayer = MeshLayer & { texture: Rgb };

/** The layer and its texture in at most `most` triangles, or nothing where no object stands before another. */
export function fillBehind(
  grid: Grid,
  picture: Rgb,
  camera: Camera,
  jump: number,
  most: number,
): BehindLayer | undefined {
  for (let coarse = halved(edgesOf(grid, jump)); ; coarse = halved(coarse)) {
    const layer = layerBehind(coarse, picture, camera, jump);
    if (!layer || layer.indices.length / 3 <= most) return layer;
    if (coarse.columns % 2 || coarse.rows % 2) return undefined;
  }
}

function layerBehind(coarse: Edged, picture: Rgb, camera: Camera, jump: number): BehindLayer | undefined {
  const { columns, rows, inverse } = coarse;
  const places = placesOf(coarse, jump);
  if (!places) return undefined;
  const { state, rings, level } = places;
  const filled = continued(coarse, picture, state, rings);
  const wide = columns + 1;
  for (let at = 0; at < state.length; at++) {
    if (state[at] === FAR_SIDE) filled.inverse[at] = inverse[at]!;
    // In front of what it is behind, the layer would be seen; it goes no nearer than halfway.
    else if (state[at] === HIDDEN)
      filled.inverse[at] = Math.min(filled.inverse[at]!, (level[at]! + inverse[at]!) / 2);
  }

  const builder = new LayerBuilder(camera, columns, rows);
  const numbers = new Int32Array(state.length).fill(-1);
  const vertexOf = (at: number) => {
    if (numbers[at]! < 0)
      numbers[at] = builder.vertex(at % wide, Math.floor(at / wide), filled.inverse[at]! * SET_BACK);
    return numbers[at]!;
  };
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const a = row * wide + column;
      const [b, c, d] = [a + 1, a + wide, a + wide + 1];
      if (!state[a] || !state[b] || !state[c] || !state[d]) continue;
      const hidden = state[a]! + state[b]! + state[c]! + state[d]! - 4 * FAR_SIDE;
      if (hidden === 0) continue;
      const { inverse: z } = filled;
      const range = Math.max(z[a]!, z[b]!, z[c]!, z[d]!) - Math.min(z[a]!, z[b]!, z[c]!, z[d]!);
      // Two far sides that are no one surface are not joined; what is hidden is smooth.
      if (hidden < 4 && range > jump) continue;
      builder.triangle(vertexOf(a), vertexOf(c), vertexOf(b));
      builder.triangle(vertexOf(b), vertexOf(c), vertexOf(d));
    }
  }
  const layer = builder.layer();
  if (layer.indices.length === 0) return undefined;
  // The texture has a pixel for each corner: the layer's own coordinates run from edge to edge.
  for (let i = 0; i < layer.uvs.length; i += 2) {
    layer.uvs[i] = (layer.uvs[i]! * columns + 0.5) / wide;
    layer.uvs[i + 1] = (layer.uvs[i + 1]! * rows + 0.5) / (rows + 1);
  }
  return { ...layer, texture: { pixels: filled.colors, width: wide, height: rows + 1 } };
}

/** A grid that knows between which corners an edge runs. */
interface Edged extends Grid {
  /** For each corner, 1 where an edge runs between it and the next one to the right, or below. */
  right: Uint8Array;
  below: Uint8Array;
}

function edgesOf({ columns, rows, inverse }: Grid, jump: number): Edged {
  const wide = columns + 1;
  const right = new Uint8Array(inverse.length);
  const below = new Uint8Array(inverse.length);
  for (let at = 0; at < inverse.length; at++) {
    const value = inverse[at]!;
    if ((at + 1) % wide !== 0 && Math.abs(inverse[at + 1]! - value) > jump) right[at] = 1;
    if (at + wide < inverse.length && Math.abs(inverse[at + wide]! - value) > jump) below[at] = 1;
  }
  return { columns, rows, inverse, right, below };
}

/** Every second corner. */
function halved({ columns, rows, inverse, right, below }: Edged): Edged {
  const wide = columns + 1;
  const size = (columns / 2 + 1) * (rows / 2 + 1);
  const half = {
    columns: columns / 2,
    rows: rows / 2,
    inverse: new Float32Array(size),
    right: new Uint8Array(size),
    below: new Uint8Array(size),
  };
  for (let row = 0, to = 0; row <= rows; row += 2)
    for (let column = 0; column <= columns; column += 2, to++) {
      const at = row * wide + column;
      half.inverse[to] = inverse[at]!;
      if (column < columns) half.right[to] = right[at]! | right[at + 1]!;
      if (row < rows) half.below[to] = below[at]! | below[at + wide]!;
    }
  return half;
}

interface Places {
  /** UNSEEN, FAR_SIDE or HIDDEN for each corner. */
  state: Uint8Array;
  /** Of the far side, how many corners away from the edge. */
  rings: Uint8Array;
  /** Of what is hidden, the inverse distance at the edge where it begins. */
  level: Float32Array;
}

/** Which corners the layer covers: rings that spread from the edges, to both sides. */
function placesOf({ columns, rows, inverse, right, below }: Edged, jump: number): Places | undefined {
  const wide = columns + 1;
  const state = new Uint8Array(inverse.length);
  const rings = new Uint8Array(inverse.length);
  const level = new Float32Array(inverse.length);
  let hidden: number[] = [];
  let seen: number[] = [];
  const compare = (a: number, b: number) => {
    const [p, q] = [inverse[a]!, inverse[b]!];
    // Two edges may have led back to the same surface.
    if (Math.abs(p - q) <= jump / 2) return;
    const [near, far] = p > q ? [a, b] : [b, a];
    // Behind an edge of the surface itself there is nothing.
    if (inverse[far] === 0) return;
    if (state[near] !== HIDDEN) hidden.push(near);
    // Where several far sides meet, the farthest goes on.
    level[near] = state[near] === HIDDEN ? Math.min(level[near]!, inverse[far]!) : inverse[far]!;
    state[near] = HIDDEN;
    if (state[far] === UNSEEN) {
      state[far] = FAR_SIDE;
      seen.push(far);
    }
  };
  for (let row = 0; row <= rows; row++) {
    for (let column = 0; column <= columns; column++) {
      const at = row * wide + column;
      if (right[at]) compare(at, at + 1);
      if (below[at]) compare(at, at + wide);
    }
  }
  if (hidden.length === 0) return undefined;

  /** One ring further: `take` says whether a neighbour belongs to it. */
  const spread = (front: readonly number[], take: (from: number, to: number) => boolean): number[] => {
    const next: number[] = [];
    for (const at of front) {
      const column = at % wide;
      if (column > 0 && take(at, at - 1)) next.push(at - 1);
      if (column < columns && take(at, at + 1)) next.push(at + 1);
      if (at >= wide && take(at, at - wide)) next.push(at - wide);
      if (at + wide < inverse.length && take(at, at + wide)) next.push(at + wide);
    }
    return next;
  };
  const reach = Math.max(2, Math.round(Math.max(columns, rows) * REACH));
  for (let ring = 1; ring < reach && hidden.length > 0; ring++) {
    hidden = spread(hidden, (from, to) => {
      if (state[to] === HIDDEN || inverse[to]! - level[from]! <= jump / 2) return false;
      state[to] = HIDDEN;
      level[to] = level[from]!;
      return true;
    });
  }
  seen = seen.filter((at) => state[at] === FAR_SIDE);
  for (let ring = 1; ring < BAND && seen.length > 0; ring++) {
    seen = spread(seen, (from, to) => {
      if (state[to] !== UNSEEN || Math.abs(inverse[to]! - inverse[from]!) > jump || inverse[to] === 0)
        return false;
      state[to] = FAR_SIDE;
      rings[to] = ring;
      return true;
    });
  }
  return { state, rings, level };
}

/** Weight of far-side corners that show the object's soft edge, against 1 for the others. */
const FAINT = 1e-3;

/**
 * Inverse distances and colours everywhere, made from those of the far side: averages over larger and larger squares, and what is
 * missing in one size taken from the next larger one (push and pull).
 */
function continued(
  { columns, rows, inverse }: Grid,
  picture: Rgb,
  state: Uint8Array,
  rings: Uint8Array,
): { inverse: Float32Array; colors: Uint8Array } {
  const wide = columns + 1;
  const high = rows + 1;
  const values = new Float32Array(wide * high * CHANNELS);
  for (let row = 0; row < high; row++) {
    for (let column = 0; column < wide; column++) {
      const at = row * wide + column;
      if (state[at] !== FAR_SIDE) continue;
      const weight = rings[at]! < SOFT ? FAINT : 1;
      const to = at * CHANNELS;
      averageColor(picture, column / columns, row / rows, 1 / columns, values, to);
      values[to + 3] = inverse[at]!;
      for (let k = 0; k < 4; k++) values[to + k]! *= weight;
      values[to + 4] = weight;
    }
  }
  pull(values, wide, high);
  const filled = new Float32Array(wide * high);
  const colors = new Uint8Array(wide * high * 3);
  for (let at = 0; at < filled.length; at++) {
    filled[at] = values[at * CHANNELS + 3]!;
    for (let k = 0; k < 3; k++) colors[at * 3 + k] = values[at * CHANNELS + k]! + 0.5;
  }
  return { inverse: filled, colors };
}

/** Red, green, blue and inverse distance, each times the weight, and the weight. */
const CHANNELS = 5;

/** Fills what has no weight; afterwards every weight is 1. */
function pull(values: Float32Array, wide: number, high: number): void {
  if (wide > 1 || high > 1) {
    const w = (wide + 1) >> 1;
    const h = (high + 1) >> 1;
    const coarse = new Float32Array(w * h * CHANNELS);
    for (let row = 0; row < high; row++) {
      for (let column = 0; column < wide; column++) {
        const from = (row * wide + column) * CHANNELS;
        if (values[from + 4] === 0) continue;
        const to = ((row >> 1) * w + (column >> 1)) * CHANNELS;
        for (let k = 0; k < CHANNELS; k++) coarse[to + k]! += values[from + k]!;
      }
    }
    pull(coarse, w, h);
    for (let row = 0; row < high; row++) {
      // Neighbours in the coarse grid, three parts of the nearer and one of the other.
      const y = row >> 1;
      const y2 = Math.min(Math.max(y + (row & 1 ? 1 : -1), 0), h - 1);
      for (let column = 0; column < wide; column++) {
        const at = (row * wide + column) * CHANNELS;
        const weight = values[at + 4]!;
        if (weight >= 1) {
          for (let k = 0; k < 4; k++) values[at + k]! /= weight;
        } else {
          const x = column >> 1;
          const x2 = Math.min(Math.max(x + (column & 1 ? 1 : -1), 0), w - 1);
          const [a, b, c, d] = [y * w + x, y * w + x2, y2 * w + x, y2 * w + x2].map((i) => i * CHANNELS) as [
            number,
            number,
            number,
            number,
          ];
          for (let k = 0; k < 4; k++) {
            const smooth =
              (9 * coarse[a + k]! + 3 * coarse[b + k]! + 3 * coarse[c + k]! + coarse[d + k]!) / 16;
            values[at + k] = values[at + k]! + (1 - weight) * smooth;
          }
        }
        values[at + 4] = 1;
      }
    }
  } else if (values[4]! > 0) {
    for (let k = 0; k < 4; k++) values[k]! /= values[4]!;
    values[4] = 1;
  }
}

/** Samples of a cell's colour along each side. */
const SAMPLES = 4;

function averageColor(
  { pixels, width, height }: Rgb,
  u: number,
  v: number,
  share: number,
  to: Float32Array,
  at: number,
): void {
  const span = share * width;
  for (let k = 0; k < 3; k++) to[at + k] = 0;
  for (let j = 0; j < SAMPLES; j++) {
    const offset = (j + 0.5) / SAMPLES - 0.5;
    const y = Math.min(Math.max(Math.floor(v * height + offset * span), 0), height - 1);
    for (let i = 0; i < SAMPLES; i++) {
      const x = Math.min(Math.max(Math.floor(u * width + ((i + 0.5) / SAMPLES - 0.5) * span), 0), width - 1);
      const from = (y * width + x) * 3;
      for (let k = 0; k < 3; k++) to[at + k]! += pixels[from + k]! / (SAMPLES * SAMPLES);
    }
  }
}
