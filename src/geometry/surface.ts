/**
 * The visible surface of a depth map, as inverse distances. A plane in space has a constant gradient in them.
 *
 * @module
 */

/** What the numbers of a depth map mean. */
export type DepthUnit = "metre" | "relative" | "relative_inverse";

export interface Surface {
  width: number;
  height: number;
  /** 1 / distance along the view for each pixel; 0 where there is no surface. */
  inverse: Float32Array;
  /** Inverse distances of the near and of the far end, without outliers: `near` ≥ `far`. */
  near: number;
  far: number;
  /** Inverse distance of the middle. */
  middle: number;
  /** What is farther than at this inverse distance is sky, or as good as. */
  horizon: number;
  /** The unit of a distance: metres, or the distance of the nearest point of a map without a scale. */
  unit: "metre" | "relative";
}

export interface SurfaceOptions {
  unit: DepthUnit;
  /** Distance of the farthest point of a `relative_inverse` map, where the nearest is at 1. */
  relativeRange?: number;
  /** Values of a `relative_inverse` map that count as farthest and nearest, instead of its own extremes. */
  ends?: readonly [farthest: number, nearest: number];
}

export const RELATIVE_RANGE = 2.2;

/** Share of the values at each end that may be outliers. */
const OUTLIERS = 0.02;
/** The horizon of a map with distances lies this many times as far as the middle. */
const HORIZON = 8;
/** Values that the percentiles are taken from. */
const SAMPLE = 1 << 16;

export function surfaceOf(
  depth: Float32Array,
  width: number,
  height: number,
  { unit, relativeRange = RELATIVE_RANGE, ends }: SurfaceOptions,
): Surface {
  const inverse =
    unit === "relative_inverse" ? stretched(depth, relativeRange, ends ?? extremes(depth)) : inverted(depth);
  const sorted = sampleOf(inverse);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 1;
  const [far, middle, near] = [at(OUTLIERS), at(0.5), at(1 - OUTLIERS)];
  if (unit === "relative_inverse") {
    return { width, height, inverse, near, far, middle, horizon: 0, unit: "relative" };
  }
  const horizon = middle / HORIZON;
  if (unit === "metre") return { width, height, inverse, near, far, middle, horizon, unit };
  const scale = 1 / near;
  for (let i = 0; i < inverse.length; i++) inverse[i] = inverse[i]! * scale;
  return {
    width,
    height,
    inverse,
    near: 1,
    far: far * scale,
    middle: middle * scale,
    horizon: horizon * scale,
    unit,
  };
}

/** Depth that is not a positive finite number is no surface. */
function inverted(depth: Float32Array): Float32Array {
  const inverse = new Float32Array(depth.length);
  for (let i = 0; i < depth.length; i++) {
    const value = 1 / depth[i]!;
    // False for NaN, for infinity's 0 and for a depth of 0.
    if (value > 0 && value < Number.POSITIVE_INFINITY) inverse[i] = value;
  }
  return inverse;
}

/** Inverse depth of unknown factor and offset, brought to the range from `1 / range` to 1. */
function stretched(
  values: Float32Array,
  range: number,
  [low, high]: readonly [number, number],
): Float32Array {
  const inverse = new Float32Array(values.length);
  const far = 1 / range;
  const flat = !(high > low);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!(Math.abs(value) < Number.POSITIVE_INFINITY)) continue;
    const share = flat ? 0.5 : Math.min(Math.max((value - low) / (high - low), 0), 1);
    inverse[i] = far + (1 - far) * share;
  }
  return inverse;
}

/** The smallest and the largest finite value. */
function extremes(values: Float32Array): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!(Math.abs(value) < Number.POSITIVE_INFINITY)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** Some of the values that are a surface, sorted. */
function sampleOf(inverse: Float32Array): Float32Array {
  const step = Math.max(1, Math.floor(inverse.length / SAMPLE));
  const sample = new Float32Array(Math.ceil(inverse.length / step));
  let count = 0;
  for (let i = 0; i < inverse.length; i += step) if (inverse[i]! > 0) sample[count++] = inverse[i]!;
  return sample.subarray(0, count).sort();
}

/** A jump of inverse distance that is an edge of an object. A nearly flat surface has none. */
export function edgeJump({ near, far }: Surface, share: number): number {
  return share * Math.max(near - far, near / 4);
}

/**
 * Where in a soft edge the object ends, between its far (0) and its near side. Below the middle: the edge's mixed colours go with the
 * object, so that no outline of it stays on the background.
 */
export const OBJECT_FROM = 0.35;

/** A value this close to the near or the far side, as a share of their distance, lies on that side's surface and stays as it is. */
export const ON_SURFACE = 0.1;

/**
 * How much farther away values are compared to tell a slope from an edge, and the share of the growth of a slope's range over that
 * distance that makes it one: the range of an edge does not grow.
 */
export const FARTHER = 3;
export const SLOPE = 0.8;
