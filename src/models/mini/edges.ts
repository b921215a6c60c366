/**
 * Brings a depth map to its picture's size with edges where the picture has them. `tools/mini/edges.py` does the same.
 *
 * Around every pixel of the small map there is what is nearest and what is farthest. Where the two are far apart an edge runs
 * through: the near side and the far side have a depth and a color each, and a pixel of the large picture goes to the side whose
 * color it has. Elsewhere the map is only enlarged.
 *
 * @module
 */
import type { Pixels } from "../../images/pixels.ts";

interface Map {
  data: Float32Array;
  width: number;
  height: number;
}

/** Pixels of the small map that a pixel looks around. */
const radius = 4;
/** How far near and far must be apart for an edge, in shares of the map's range. */
const edgeShare = 0.05;
/** Shares of the way from far to near that belong to a side without doubt. */
const sure = 0.25;
/** How much color counts against the map itself, and how much colors differ through noise. */
const trust = 6;
const noise = 3 * 0.08 ** 2;
/** The map's own share is never quite certain. */
const certain = 0.98;

/** Numbers of a pixel: distance of near and far, their depths, their colors, the depth of the map. */
const numbers = 10;
const [gap, near, far, nearColor, farColor, plain] = [0, 1, 2, 3, 6, 9] as const;

/** The map at the picture's size. `seen` is the picture at the map's size, from 0 to 1. */
export function sharpen(
  map: Map,
  seen: Pixels<Float32Array>,
  picture: Pixels<Uint8Array>,
): Float32Array<ArrayBuffer> {
  const apart = Math.max(edgeShare * span(map.data), 1e-6);
  const sides = findSides(map, seen.data, apart);
  const out = new Float32Array(picture.width * picture.height);
  const across = places(map.width, picture.width);
  const line = new Float32Array(map.width * numbers);
  const length = map.width * numbers;
  const down = places(map.height, picture.height);
  for (let y = 0, at = 0; y < picture.height; y++) {
    const upper = down.first[y]! * length;
    const lower = down.second[y]! * length;
    const share = down.share[y]!;
    for (let i = 0; i < length; i++)
      line[i] = sides[upper + i]! + share * (sides[lower + i]! - sides[upper + i]!);
    for (let x = 0; x < picture.width; x++, at++) {
      const a = across.first[x]! * numbers;
      const b = across.second[x]! * numbers;
      const s = across.share[x]!;
      const enlarged = line[a + plain]! + s * (line[b + plain]! - line[a + plain]!);
      const distance = line[a]! + s * (line[b]! - line[a]!);
      out[at] =
        distance > apart ? pixel(line, a, b, s, picture.data, 3 * at, enlarged, distance / apart) : enlarged;
    }
  }
  return out;
}

/** A pixel at an edge: near or far by its color, and by what the map says of it. */
function pixel(
  line: Float32Array,
  a: number,
  b: number,
  share: number,
  colors: Uint8Array,
  at: number,
  enlarged: number,
  distance: number,
): number {
  let toNear = 0;
  let toFar = 0;
  let between = noise;
  for (let c = 0; c < 3; c++) {
    const color = colors[at + c]! / 255;
    const n = line[a + nearColor + c]! + share * (line[b + nearColor + c]! - line[a + nearColor + c]!);
    const f = line[a + farColor + c]! + share * (line[b + farColor + c]! - line[a + farColor + c]!);
    toNear += (color - n) ** 2;
    toFar += (color - f) ** 2;
    between += (n - f) ** 2;
  }
  const nearest = line[a + near]! + share * (line[b + near]! - line[a + near]!);
  const farthest = line[a + far]! + share * (line[b + far]! - line[a + far]!);
  const wide = Math.max(nearest - farthest, 1e-6);
  const own = Math.min(Math.max((enlarged - farthest) / wide, 1 - certain), certain);
  const pull = own * Math.exp(trust * Math.min(Math.max((toFar - toNear) / between, -1), 1));
  const sharp = farthest + (wide * pull) / (pull + 1 - own);
  return enlarged + Math.min(distance - 1, 1) * (sharp - enlarged);
}

/** For each pixel of the map what lies near and far around it. */
function findSides({ data, width, height }: Map, colors: Float32Array, apart: number): Float32Array {
  const low = slidingExtreme(data, width, height, Math.min);
  const high = slidingExtreme(data, width, height, Math.max);
  const sides = new Float32Array(width * height * numbers);
  const sums = new Float64Array(8);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const to = at * numbers;
      const range = high[at]! - low[at]!;
      sides[to + gap] = range;
      sides[to + near] = sides[to + far] = sides[to + plain] = data[at]!;
      if (range < apart) continue;
      sums.fill(0);
      let [nearCount, farCount] = [0, 0];
      const [leastNear, mostFar] = [high[at]! - sure * range, low[at]! + sure * range];
      for (let v = Math.max(y - radius, 0); v < Math.min(y + radius + 1, height); v++) {
        for (let u = Math.max(x - radius, 0); u < Math.min(x + radius + 1, width); u++) {
          const from = v * width + u;
          const depth = data[from]!;
          const side = depth > leastNear ? 0 : depth < mostFar ? 4 : -1;
          if (side < 0) continue;
          if (side === 0) nearCount++;
          else farCount++;
          sums[side]! += depth;
          for (let c = 0; c < 3; c++) sums[side + 1 + c]! += colors[3 * from + c]!;
        }
      }
      sides[to + near] = sums[0]! / nearCount;
      sides[to + far] = sums[4]! / farCount;
      for (let c = 0; c < 3; c++) {
        sides[to + nearColor + c] = sums[1 + c]! / nearCount;
        sides[to + farColor + c] = sums[5 + c]! / farCount;
      }
    }
  }
  return sides;
}

/** The least or the greatest around each pixel. */
function slidingExtreme(
  data: Float32Array,
  width: number,
  height: number,
  pick: (a: number, b: number) => number,
): Float32Array {
  const rows = new Float32Array(data.length);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at++) {
      let found = data[at]!;
      for (let u = Math.max(x - radius, 0); u < Math.min(x + radius + 1, width); u++)
        found = pick(found, data[y * width + u]!);
      rows[at] = found;
    }
  const out = new Float32Array(data.length);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at++) {
      let found = rows[at]!;
      for (let v = Math.max(y - radius, 0); v < Math.min(y + radius + 1, height); v++)
        found = pick(found, rows[v * width + x]!);
      out[at] = found;
    }
  return out;
}

/** The range of a map without its extremes. */
function span(data: Float32Array): number {
  const ordered = data.toSorted();
  const last = ordered.length - 1;
  return ordered[Math.round(0.98 * last)]! - ordered[Math.round(0.02 * last)]!;
}

/** For each pixel of a longer side the two of the shorter one that it lies between, and its share of the second. */
function places(from: number, to: number) {
  const first = new Int32Array(to);
  const second = new Int32Array(to);
  const share = new Float32Array(to);
  for (let i = 0; i < to; i++) {
    const at = Math.max(((i + 0.5) * from) / to - 0.5, 0);
    first[i] = Math.min(Math.floor(at), from - 1);
    second[i] = Math.min(first[i]! + 1, from - 1);
    share[i] = at - first[i]!;
  }
  return { first, second, share };
}
