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
  const { apart, sides } = surroundings(map, seen);
  const { width, height } = picture;
  const out = new Float32Array(width * height);
  const across = places(map.width, width);
  const runs = runsOf(across.first);
  const length = map.width * numbers;
  const line = new Float32Array(length);
  const down = places(map.height, height);
  for (let y = 0; y < height; y++) {
    const upper = down.first[y]! * length;
    const lower = down.second[y]! * length;
    const share = down.share[y]!;
    for (let i = 0; i < length; i++)
      line[i] = sides[upper + i]! + share * (sides[lower + i]! - sides[upper + i]!);
    sharpenRow(out, y * width, line, across, runs, picture.data, apart);
  }
  return out;
}

interface Surroundings {
  /** How far near and far are apart at an edge. */
  apart: number;
  /** For each pixel of the small map its numbers. */
  sides: Float32Array;
}

/** Of maps that are still in use: a preview and the map at full size have the same. */
const known = new WeakMap<Float32Array, Surroundings & { colors: Float32Array }>();

function surroundings(map: Map, { data: colors }: Pixels<Float32Array>): Surroundings {
  const found = known.get(map.data);
  if (found?.colors === colors) return found;
  const apart = Math.max(edgeShare * span(map.data), 1e-6);
  const made = { apart, sides: findSides(map, colors, apart), colors };
  known.set(map.data, made);
  return made;
}

/** The colors of bytes, from 0 to 1. */
const shares = Float64Array.from({ length: 256 }, (_, byte) => byte / 255);

/** A row of the picture, which begins at `row`. `line` has the numbers of the small map there. */
function sharpenRow(
  out: Float32Array,
  row: number,
  line: Float32Array,
  across: Places,
  runs: Int32Array,
  colors: Uint8Array,
  apart: number,
): void {
  // Rounding may put a distance between two a little above both.
  const calm = apart * (1 - 1e-12);
  for (let run = 0; run < runs.length - 1; run++) {
    const from = runs[run]!;
    const to = runs[run + 1]!;
    const a = across.first[from]! * numbers;
    const b = across.second[from]! * numbers;
    if (line[a + gap]! > calm || line[b + gap]! > calm)
      sharpenRun(out, row, from, to, line, a, b, across.share, colors, apart);
    else {
      const left = line[a + plain]!;
      const step = line[b + plain]! - left;
      for (let x = from; x < to; x++) out[row + x] = left + across.share[x]! * step;
    }
  }
}

/**
 * Pixels between two of the small map where an edge is. Each is near or far by its color, and by what the map says of it. The
 * numbers of both ends are read once: reading them for each pixel takes as long as the sums.
 */
function sharpenRun(
  out: Float32Array,
  row: number,
  from: number,
  to: number,
  line: Float32Array,
  a: number,
  b: number,
  share: Float32Array,
  colors: Uint8Array,
  apart: number,
): void {
  const left = line[a + plain]!;
  const step = line[b + plain]! - left;
  const gap0 = line[a + gap]!;
  const gapStep = line[b + gap]! - gap0;
  const near0 = line[a + near]!;
  const nearStep = line[b + near]! - near0;
  const far0 = line[a + far]!;
  const farStep = line[b + far]! - far0;
  const nearRed = line[a + nearColor]!;
  const nearRedStep = line[b + nearColor]! - nearRed;
  const nearGreen = line[a + nearColor + 1]!;
  const nearGreenStep = line[b + nearColor + 1]! - nearGreen;
  const nearBlue = line[a + nearColor + 2]!;
  const nearBlueStep = line[b + nearColor + 2]! - nearBlue;
  const farRed = line[a + farColor]!;
  const farRedStep = line[b + farColor]! - farRed;
  const farGreen = line[a + farColor + 1]!;
  const farGreenStep = line[b + farColor + 1]! - farGreen;
  const farBlue = line[a + farColor + 2]!;
  const farBlueStep = line[b + farColor + 2]! - farBlue;
  for (let x = from; x < to; x++) {
    const s = share[x]!;
    const enlarged = left + s * step;
    const distance = gap0 + s * gapStep;
    if (!(distance > apart)) {
      out[row + x] = enlarged;
      continue;
    }
    const at = 3 * (row + x);
    const red = shares[colors[at]!]!;
    const green = shares[colors[at + 1]!]!;
    const blue = shares[colors[at + 2]!]!;
    const n0 = nearRed + s * nearRedStep;
    const n1 = nearGreen + s * nearGreenStep;
    const n2 = nearBlue + s * nearBlueStep;
    const f0 = farRed + s * farRedStep;
    const f1 = farGreen + s * farGreenStep;
    const f2 = farBlue + s * farBlueStep;
    const toNear = (red - n0) * (red - n0) + (green - n1) * (green - n1) + (blue - n2) * (blue - n2);
    const toFar = (red - f0) * (red - f0) + (green - f1) * (green - f1) + (blue - f2) * (blue - f2);
    const between = noise + (n0 - f0) * (n0 - f0) + (n1 - f1) * (n1 - f1) + (n2 - f2) * (n2 - f2);
    const farthest = far0 + s * farStep;
    const wide = Math.max(near0 + s * nearStep - farthest, 1e-6);
    const own = Math.min(Math.max((enlarged - farthest) / wide, 1 - certain), certain);
    const pull = own * Math.exp(trust * Math.min(Math.max((toFar - toNear) / between, -1), 1));
    const sharp = farthest + (wide * pull) / (pull + 1 - own);
    out[row + x] = enlarged + Math.min(distance / apart - 1, 1) * (sharp - enlarged);
  }
}

/** Where each run of equal numbers begins, and the end of the last. */
function runsOf(list: Int32Array): Int32Array {
  const begins = [...list.keys()].filter((i) => i === 0 || list[i] !== list[i - 1]);
  return Int32Array.from([...begins, list.length]);
}

/** For each pixel of the map what lies near and far around it. */
function findSides({ data, width, height }: Map, colors: Float32Array, apart: number): Float32Array {
  const low = slidingExtreme(data, width, height, -1);
  const high = slidingExtreme(data, width, height, 1);
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

/** The greatest around each pixel, or with the sign -1 the least. */
function slidingExtreme(data: Float32Array, width: number, height: number, sign: 1 | -1): Float32Array {
  const rows = new Float32Array(data.length);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at++) {
      let found = sign * data[at]!;
      const last = at - x + Math.min(x + radius + 1, width);
      for (let i = at - x + Math.max(x - radius, 0); i < last; i++)
        if (sign * data[i]! > found) found = sign * data[i]!;
      rows[at] = found;
    }
  const out = new Float32Array(data.length);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at++) {
      let found = rows[at]!;
      const last = Math.min(y + radius + 1, height) * width;
      for (let i = Math.max(y - radius, 0) * width + x; i < last; i += width)
        if (rows[i]! > found) found = rows[i]!;
      out[at] = sign * found;
    }
  return out;
}

/** The range of a map without its extremes. */
function span(data: Float32Array): number {
  const ordered = data.toSorted();
  const last = ordered.length - 1;
  return ordered[Math.round(0.98 * last)]! - ordered[Math.round(0.02 * last)]!;
}

interface Places {
  first: Int32Array;
  second: Int32Array;
  share: Float32Array;
}

/** For each pixel of a longer side the two of the shorter one that it lies between, and its share of the second. */
function places(from: number, to: number): Places {
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
