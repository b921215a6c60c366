/**
 * A surface from a picture's depth, cut where the depth jumps, and a second one behind it that fills what the cuts uncover.
 *
 * @module
 */
import { type DepthData, usualFocal } from "./data.ts";

/** One grid of the surface. Depth is along −z; x and y follow from depth by the camera's rays. */
export interface Grid {
  columns: number;
  rows: number;
  /** Rays through the grid's points at depth 1: x and y of each. */
  rays: Float32Array;
  depth: Float32Array;
  /** Places in the picture, from 0 to 1. */
  uv: Float32Array;
  triangles: Uint32Array;
}

export interface Surface {
  front: Grid;
  /** Far sides, spread under the near ones. */
  back: Grid;
  /** Depth that the view turns about. */
  middle: number;
  /** Vertical field of view in degrees. */
  fieldOfView: number;
  aspect: number;
}

const mostColumns = 512;
/** How much farther than its nearest point the farthest point of a map without a unit is put. */
const relativeReach = 2.2;
/** Points farther than this many times the middle depth are sky, or as good as. */
const horizon = 6;
/** Corners of a triangle may differ by this much of the whole range of inverse depth. */
const cut = 0.05;
const fillRadius = 16;

export function surfaceOf(data: DepthData): Surface {
  const scale = Math.min(1, mostColumns / Math.max(data.width, data.height));
  const columns = Math.max(2, Math.round(data.width * scale));
  const rows = Math.max(2, Math.round(data.height * scale));
  const { nearness, depthOf } = normalized(data, columns, rows);
  const steps = toggle(toggle(nearness, columns, rows, 4, 0.09), columns, rows, 2, 0.06);
  const focal = data.focal ?? usualFocal(data.width, data.height);
  const { rays, uv } = raysOf(data, columns, rows, focal);

  const front: Grid = {
    columns,
    rows,
    rays,
    uv,
    depth: steps.map(depthOf),
    triangles: triangles(steps, columns, rows, cut),
  };
  const far = farSides(steps, columns, rows);
  const back: Grid = {
    columns,
    rows,
    rays,
    depth: far.nearness.map(depthOf),
    uv: far.from.reduce((all, from, i) => {
      all[2 * i] = uv[2 * from]!;
      all[2 * i + 1] = uv[2 * from + 1]!;
      return all;
    }, new Float32Array(uv.length)),
    triangles: triangles(far.nearness, columns, rows, 2 * cut),
  };
  const sorted = Float32Array.from(front.depth).sort();
  return {
    front,
    back,
    middle: sorted[sorted.length >> 1]!,
    fieldOfView: (2 * Math.atan(data.height / 2 / focal) * 180) / Math.PI,
    aspect: data.width / data.height,
  };
}

/** Inverse depth at the grid's points, from 0 (far) to 1 (near), and the way back to a distance. */
function normalized(data: DepthData, columns: number, rows: number) {
  const { depth, width, height, unit } = data;
  const raw = new Float32Array(columns * rows);
  for (let row = 0; row < rows; row++) {
    const y = Math.min(Math.floor(((row + 0.5) * height) / rows), height - 1);
    for (let column = 0; column < columns; column++) {
      const x = Math.min(Math.floor(((column + 0.5) * width) / columns), width - 1);
      raw[row * columns + column] = depth[y * width + x]!;
    }
  }
  if (unit === "relative_inverse") {
    const [low, high] = range(raw);
    const span = high - low || 1;
    const least = 1 / relativeReach;
    return {
      nearness: raw.map((value) => (value - low) / span),
      depthOf: (near: number) => 1 / (least + (1 - least) * near),
    };
  }
  const positive = raw.filter((value) => value > 0).sort();
  const middle = positive[positive.length >> 1] ?? 1;
  const nearest = positive[Math.floor(positive.length / 500)] ?? 1;
  const farthest = Math.min(positive.at(-1) ?? 1, middle * horizon);
  const low = 1 / farthest;
  const span = 1 / nearest - low || 1;
  const nearness = raw.map((value) =>
    Math.min(Math.max((1 / Math.min(Math.max(value, nearest), farthest) - low) / span, 0), 1),
  );
  return { nearness, depthOf: (near: number) => 1 / (low + span * near) };
}

function range(values: Float32Array): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

function raysOf({ width, height }: DepthData, columns: number, rows: number, focal: number) {
  const rays = new Float32Array(columns * rows * 2);
  const uv = new Float32Array(columns * rows * 2);
  for (let row = 0, i = 0; row < rows; row++)
    for (let column = 0; column < columns; column++, i++) {
      // The outermost points lie on the picture's border, so that nothing of it is lost.
      const u = column / (columns - 1);
      const v = row / (rows - 1);
      uv[2 * i] = u;
      uv[2 * i + 1] = 1 - v;
      rays[2 * i] = ((u - 0.5) * width) / focal;
      rays[2 * i + 1] = ((0.5 - v) * height) / focal;
    }
  return { rays, uv };
}

/** Turns soft ramps into steps: where the neighbourhood spans more than `least`, a value goes to its nearer end. */
function toggle(
  values: Float32Array,
  columns: number,
  rows: number,
  radius: number,
  least: number,
): Float32Array {
  const low = extreme(values, columns, rows, radius, Math.min);
  const high = extreme(values, columns, rows, radius, Math.max);
  return values.map((value, i) => {
    if (high[i]! - low[i]! <= least) return value;
    return value - low[i]! < high[i]! - value ? low[i]! : high[i]!;
  });
}

/** Minimum or maximum of a square neighbourhood, one axis after the other. */
function extreme(
  values: Float32Array,
  columns: number,
  rows: number,
  radius: number,
  pick: (a: number, b: number) => number,
): Float32Array {
  const across = new Float32Array(values.length);
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      let best = values[row * columns + column]!;
      const to = Math.min(column + radius, columns - 1);
      for (let c = Math.max(column - radius, 0); c <= to; c++) best = pick(best, values[row * columns + c]!);
      across[row * columns + column] = best;
    }
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      let best = across[row * columns + column]!;
      const to = Math.min(row + radius, rows - 1);
      for (let r = Math.max(row - radius, 0); r <= to; r++) best = pick(best, across[r * columns + column]!);
      result[row * columns + column] = best;
    }
  return result;
}

/** The farthest neighbour of every point, and where it is: what the near thing in front would uncover. */
function farSides(values: Float32Array, columns: number, rows: number) {
  const across = new Uint32Array(values.length);
  const from = new Uint32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      let best = row * columns + column;
      const to = Math.min(column + fillRadius, columns - 1);
      for (let c = Math.max(column - fillRadius, 0); c <= to; c++)
        if (values[row * columns + c]! < values[best]!) best = row * columns + c;
      across[row * columns + column] = best;
    }
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      let best = across[row * columns + column]!;
      const to = Math.min(row + fillRadius, rows - 1);
      for (let r = Math.max(row - fillRadius, 0); r <= to; r++) {
        const other = across[r * columns + column]!;
        if (values[other]! < values[best]!) best = other;
      }
      // Smooth surfaces keep their own colour: only beside a jump does the far side come forward.
      const own = row * columns + column;
      from[own] = values[own]! - values[best]! > cut ? best : own;
    }
  // The back lies a little behind, so that it never shows through the front.
  const nearness = new Float32Array(values.length);
  for (let i = 0; i < nearness.length; i++) nearness[i] = Math.max(values[from[i]!]! - 0.01, 0);
  return { nearness, from };
}

/** Two triangles for each cell, except across a jump. */
function triangles(values: Float32Array, columns: number, rows: number, most: number): Uint32Array {
  const indices = new Uint32Array((columns - 1) * (rows - 1) * 6);
  let count = 0;
  const add = (a: number, b: number, c: number) => {
    const [x, y, z] = [values[a]!, values[b]!, values[c]!];
    if (Math.max(x, y, z) - Math.min(x, y, z) > most) return;
    indices[count++] = a;
    indices[count++] = b;
    indices[count++] = c;
  };
  for (let row = 0; row < rows - 1; row++)
    for (let column = 0; column < columns - 1; column++) {
      const i = row * columns + column;
      add(i, i + columns, i + 1);
      add(i + 1, i + columns, i + columns + 1);
    }
  return indices.slice(0, count);
}

/** Positions at a strength of depth: 1 is as measured, less is flatter. Rays stay, so the picture still fits its camera. */
export function positionsOf({ rays, depth }: Grid, middle: number, strength: number): Float32Array {
  const positions = new Float32Array(depth.length * 3);
  for (let i = 0; i < depth.length; i++) {
    const z = Math.max(middle + (depth[i]! - middle) * strength, middle / 50);
    positions[3 * i] = rays[2 * i]! * z;
    positions[3 * i + 1] = rays[2 * i + 1]! * z;
    positions[3 * i + 2] = -z;
  }
  return positions;
}
