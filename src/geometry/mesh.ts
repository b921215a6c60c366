/**
 * A textured mesh of what a camera sees, cut at the edges of objects, with the uncovered parts behind them filled.
 *
 * @module
 */
import { type BehindLayer, fillBehind } from "./behind.ts";
import type { Camera } from "./camera.ts";
import { type Grid, gridOf } from "./grid.ts";
import { LayerBuilder, type MeshLayer } from "./layer.ts";
import type { Advance, Rgb } from "./rgb.ts";
import { simplify, TILE, type Triangles } from "./simplify.ts";
import { edgeJump, OBJECT_FROM, type Surface } from "./surface.ts";

export interface Mesh {
  /** Its texture is the picture. */
  scene: MeshLayer;
  /** What shows when the camera moves, with a texture of its own. */
  behind?: BehindLayer;
}

export const MAX_TRIANGLES = 300_000;

/** Share of the depth range that a jump is an object's edge from. */
const EDGE = 0.05;
/** Cells along the longer side; a small number of triangles is spent better on a coarse grid. */
const FINEST = 1024;
const COARSEST = 128;
const TRIANGLES_PER_CELL = 128;
/** Cuts may need more triangles than there are; then the grid is halved, down to this. */
const LEAST_CELLS = 2 * TILE;

/** Share of the triangles that the layer behind may take. */
const BEHIND = 0.3;

export interface MeshOptions {
  /** At most so many triangles in both layers. */
  triangles?: number;
}

export function meshOf(
  surface: Surface,
  picture: Rgb,
  camera: Camera,
  { triangles = MAX_TRIANGLES }: MeshOptions = {},
  advance?: Advance,
): Mesh {
  const jump = edgeJump(surface, EDGE);
  for (let cells = cellsFor(surface, triangles); cells >= LEAST_CELLS; cells >>= 1) {
    const mesh = attempt(surface, picture, camera, cells, triangles, jump, advance);
    if (mesh) return mesh;
  }
  // A map that is all edges stays in one piece.
  return attempt(surface, picture, camera, LEAST_CELLS, triangles, Number.POSITIVE_INFINITY) as Mesh;
}

/** A mesh on a grid of so many cells, or nothing where its cuts need too many triangles. */
function attempt(
  surface: Surface,
  picture: Rgb,
  camera: Camera,
  cells: number,
  triangles: number,
  jump: number,
  advance?: Advance,
): Mesh | undefined {
  const grid = gridOf(surface, ...sidesOf(surface, cells));
  advance?.(1, 4);
  const behind = fillBehind(grid, picture, camera, jump, triangles * BEHIND);
  advance?.(2, 4);
  const budget = triangles - (behind ? behind.indices.length / 3 : 0);
  const simple = simplify(grid, cutCells(grid, jump), budget, surface.near);
  advance?.(3, 4);
  const scene = layerOf(grid, simple, surface, camera, jump);
  advance?.(4, 4);
  if (scene.indices.length / 3 > budget && jump < Number.POSITIVE_INFINITY) return undefined;
  return behind ? { scene, behind } : { scene };
}

/** Cells along the longer side. */
function cellsFor({ width, height }: Surface, triangles: number): number {
  const longer = Math.max(width, height);
  let cells = FINEST;
  while (cells > COARSEST && (cells > 1.5 * longer || cells * TRIANGLES_PER_CELL > 2 * triangles))
    cells >>= 1;
  return cells;
}

/** Columns and rows, as multiples of the coarsest square. */
function sidesOf({ width, height }: Surface, cells: number): [columns: number, rows: number] {
  const whole = (share: number) => Math.max(TILE, Math.round((share * cells) / TILE) * TILE);
  const longer = Math.max(width, height);
  return [whole(width / longer), whole(height / longer)];
}

/** One byte a cell: 1 where an edge of an object, or of the surface, runs through it. */
function cutCells({ columns, rows, inverse }: Grid, jump: number): Uint8Array {
  const cut = new Uint8Array(columns * rows);
  const wide = columns + 1;
  for (let row = 0, to = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, to++) {
      const at = row * wide + column;
      const a = inverse[at]!;
      const b = inverse[at + 1]!;
      const c = inverse[at + wide]!;
      const d = inverse[at + wide + 1]!;
      const low = Math.min(a, b, c, d);
      if (low === 0 || Math.max(a, b, c, d) - low > jump) cut[to] = 1;
    }
  }
  return cut;
}

/**
 * The triangles of a grid as vertices in space. A triangle across an object's edge is divided where the picture's depth jumps, and
 * each part stays with the surface of its corner: seen from the camera there is neither gap nor overlap.
 */
function layerOf(
  { columns, rows, inverse }: Grid,
  triangles: Triangles,
  surface: Surface,
  camera: Camera,
  jump: number,
): MeshLayer {
  const wide = columns + 1;
  const builder = new LayerBuilder(camera, columns, rows);
  const numbers = new Int32Array(inverse.length).fill(-1);
  const vertexOf = (corner: number): number => {
    const known = numbers[corner]!;
    if (known >= 0) return known;
    const number = builder.vertex(corner % wide, Math.floor(corner / wide), inverse[corner]!);
    numbers[corner] = number;
    return number;
  };

  /** On the edge between two corners, the vertex of the first one's surface. */
  const divided = new Map<number, number>();
  const between = (from: number, to: number): number => {
    const key = from * inverse.length + to;
    const known = divided.get(key);
    if (known !== undefined) return known;
    const [low, high] = from < to ? [from, to] : [to, from];
    const share = crossing(surface, inverse, columns, rows, low, high);
    const x = (low % wide) * (1 - share) + (high % wide) * share;
    const y = Math.floor(low / wide) * (1 - share) + Math.floor(high / wide) * share;
    const number = builder.vertex(x, y, inverse[from]!);
    divided.set(key, number);
    return number;
  };
  const areNeighbours = (a: number, b: number) => {
    const apart = Math.abs(a - b);
    return apart === 1 || Math.abs(apart - wide) <= 1;
  };
  const separate = (a: number, b: number) => {
    const [p, q] = [inverse[a]!, inverse[b]!];
    return Math.abs(p - q) > jump || (p === 0) !== (q === 0);
  };

  /** A corner that is parted from both others, which are on one surface or on none. */
  const part = (alone: number, b: number, c: number) => {
    if (inverse[alone] !== 0) builder.triangle(vertexOf(alone), between(alone, b), between(alone, c));
    if (inverse[b] === 0) return;
    const [p, q] = [between(b, alone), between(c, alone)];
    builder.triangle(vertexOf(b), vertexOf(c), q);
    builder.triangle(vertexOf(b), q, p);
  };
  /** Three corners on three surfaces: each keeps its third up to the middle. */
  const shatter = (corners: readonly number[]) => {
    const column = corners.reduce((sum, corner) => sum + (corner % wide), 0) / 3;
    const row = corners.reduce((sum, corner) => sum + Math.floor(corner / wide), 0) / 3;
    for (const [i, corner] of corners.entries()) {
      if (inverse[corner] === 0) continue;
      const middle = builder.vertex(column, row, inverse[corner]!);
      const own = vertexOf(corner);
      const next = between(corner, corners[(i + 1) % 3]!);
      const last = between(corner, corners[(i + 2) % 3]!);
      builder.triangle(own, next, middle);
      builder.triangle(own, middle, last);
    }
  };

  for (let i = 0; i < triangles.length; i += 3) {
    const [a, b, c] = [triangles[i]!, triangles[i + 1]!, triangles[i + 2]!];
    // A large triangle lies on a slope: cells with an edge have small ones.
    const small = areNeighbours(a, b) && areNeighbours(b, c) && areNeighbours(c, a);
    const ab = small && separate(a, b);
    const bc = small && separate(b, c);
    const ca = small && separate(c, a);
    const cuts = Number(ab) + Number(bc) + Number(ca);
    if (cuts === 3) shatter([a, b, c]);
    else if (cuts === 2) {
      if (!bc) part(a, b, c);
      else if (!ca) part(b, c, a);
      else part(c, a, b);
    } else if (inverse[a]! > 0 && inverse[b]! > 0 && inverse[c]! > 0)
      builder.triangle(vertexOf(a), vertexOf(b), vertexOf(c));
  }
  return builder.layer();
}

/** Places along an edge that are looked at for the jump. */
const LOOKS = 8;

/** Share of the way between two corners at which the picture's own depth passes from one surface to the other. */
function crossing(
  { width, height, inverse }: Surface,
  corners: Float32Array,
  columns: number,
  rows: number,
  from: number,
  to: number,
): number {
  const wide = columns + 1;
  const [a, b] = [corners[from]!, corners[to]!];
  const level = Math.min(a, b) + OBJECT_FROM * Math.abs(b - a);
  const rising = b > a;
  const [x0, y0] = [from % wide, Math.floor(from / wide)];
  const [x1, y1] = [to % wide, Math.floor(to / wide)];
  for (let k = 1; k < LOOKS; k++) {
    const share = k / LOOKS;
    const x = Math.min(Math.floor(((x0 + (x1 - x0) * share) * width) / columns), width - 1);
    const y = Math.min(Math.floor(((y0 + (y1 - y0) * share) * height) / rows), height - 1);
    if (inverse[y * width + x]! > level === rising) return share - 0.5 / LOOKS;
  }
  return 1 - 0.5 / LOOKS;
}
