/**
 * Scale and shift that bring one depth map to another, for pictures that follow each other.
 *
 * @module
 */

export interface Alignment {
  scale: number;
  shift: number;
}

const SAMPLE = 1 << 14;
const ROUNDS = 20;
/** Tukey's constant: residuals beyond so many deviations count nothing. */
const REJECT = 4.685;
/** A median absolute deviation of a normal distribution is this share of its standard deviation. */
const NORMAL = 0.6745;

/**
 * Scale and shift of `current` that fit `previous` best, where most of the scene has stayed as it was: least squares with Tukey's
 * weights, so that what moved does not count. Maps that share no usable values are left as they are.
 *
 * Inverse depth without scale is scaled and shifted. Depth is only scaled, by what fits its inverse: what is far counts little.
 */
export function alignmentOf(
  current: Float32Array,
  previous: Float32Array,
  kind: "inverse" | "depth",
): Alignment {
  const shifted = kind === "inverse";
  const { x, y, count } = pairsOf(current, previous, kind);
  const fit = count < 2 ? same : fitted(x.subarray(0, count), y.subarray(0, count), shifted);
  return shifted ? fit : { scale: 1 / fit.scale, shift: 0 };
}

const same: Alignment = { scale: 1, shift: 0 };

function fitted(x: Float64Array, y: Float64Array, shifted: boolean): Alignment {
  const count = x.length;
  const weights = new Float64Array(count).fill(1);
  let fit = weighted(x, y, weights, shifted) ?? same;
  const residuals = new Float64Array(count);
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < count; i++) residuals[i] = Math.abs(y[i]! - fit.scale * x[i]! - fit.shift);
    const spread = residuals.slice().sort()[count >> 1]! / NORMAL;
    // More than half fit exactly.
    if (!(spread > 0)) break;
    for (let i = 0; i < count; i++) {
      const share = residuals[i]! / (REJECT * spread);
      weights[i] = share < 1 ? (1 - share * share) ** 2 : 0;
    }
    const next = weighted(x, y, weights, shifted);
    if (!next) break;
    const settled = Math.abs(next.scale - fit.scale) <= 1e-9 * Math.abs(next.scale);
    fit = next;
    if (settled) break;
  }
  // A map turned inside out is no alignment.
  return fit.scale > 0 ? fit : same;
}

/** Applies it, in place. */
export function align(depth: Float32Array, { scale, shift }: Alignment): void {
  for (let i = 0; i < depth.length; i++) depth[i] = depth[i]! * scale + shift;
}

/** Values at the same places, some of them where there are many. */
function pairsOf(current: Float32Array, previous: Float32Array, kind: "inverse" | "depth") {
  const step = Math.max(1, Math.floor(current.length / SAMPLE));
  const most = Math.ceil(current.length / step);
  const x = new Float64Array(most);
  const y = new Float64Array(most);
  let count = 0;
  for (let i = 0; i < current.length; i += step) {
    const a = kind === "inverse" ? current[i]! : 1 / current[i]!;
    const b = kind === "inverse" ? previous[i]! : 1 / previous[i]!;
    if (!Number.isFinite(a) || !Number.isFinite(b)) continue;
    if (kind === "depth" && (a <= 0 || b <= 0)) continue;
    x[count] = a;
    y[count++] = b;
  }
  return { x, y, count };
}

/** Weighted least squares, or nothing where the values do not tell. */
function weighted(
  x: Float64Array,
  y: Float64Array,
  weights: Float64Array,
  shifted: boolean,
): Alignment | undefined {
  let [w, wx, wy, wxx, wxy] = [0, 0, 0, 0, 0];
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i]!;
    w += weight;
    wx += weight * x[i]!;
    wy += weight * y[i]!;
    wxx += weight * x[i]! * x[i]!;
    wxy += weight * x[i]! * y[i]!;
  }
  if (!shifted) return wxx > 0 ? { scale: wxy / wxx, shift: 0 } : undefined;
  const determinant = w * wxx - wx * wx;
  if (!(determinant > 1e-12 * w * wxx)) return undefined;
  const scale = (w * wxy - wx * wy) / determinant;
  return { scale, shift: (wy - scale * wx) / w };
}
