/**
 * Two views of one picture, as two eyes would have them.
 *
 * @module
 */
import type { Camera } from "./camera.ts";
import type { Advance, Rgb } from "./rgb.ts";
import { edgeJump, FARTHER, OBJECT_FROM, ON_SURFACE, SLOPE, type Surface } from "./surface.ts";
import { slidingExtremes } from "./windows.ts";

export interface StereoOptions {
  /** Distance between the eyes, in the surface's unit. */
  baseline?: number;
  /** Distance of what appears on the screen itself; nearer things stand before it. */
  focus?: number;
}

/** Both views side by side, the left eye's on the left, and what they were made with. */
export interface StereoPair {
  picture: Rgb;
  baseline: number;
  focus: number;
}

/** Parallax between near and far end, as shares of the width: the comfortable one, and the most that is made. */
const COMFORTABLE = 1 / 30;
const MOST = 1 / 10;
/** Where the screen lies between the far (0) and the near end (1), so that little is cut by its frame. */
const SCREEN = 0.7;

/** Soft edges of depth networks reach over this share of the width. */
const SOFT = 1 / 256;
const EDGE = 0.05;
/** Beside an uncovered part the background's colours are mixed with the object's over this share of the width. */
const FRINGE = 1 / 800;
const ROWS_PER_STEP = 128;

export function stereoOf(
  surface: Surface,
  picture: Rgb,
  camera: Camera,
  options: StereoOptions = {},
  advance?: Advance,
): StereoPair {
  const { width, height } = surface;
  const { baseline, focus } = eyesFor(surface, camera, options);
  // Pixels that a view is shifted by for each unit of inverse distance.
  const shift = (camera.focal * baseline) / 2;
  const pixels = new Uint8Array(width * 2 * height * 3);
  const edge = edgeJump(surface, EDGE);
  const line = new Float32Array(width);
  const radius = Math.max(1, Math.round(width * SOFT));
  const fringe = Math.round(width * FRINGE);
  const [low, high, scratch] = [
    new Float32Array(width),
    new Float32Array(width),
    new Float32Array(2 * width),
  ];
  const row: Row = { origin: new Float32Array(width), nearest: new Float32Array(width) };
  for (let y = 0; y < height; y++) {
    if (y % ROWS_PER_STEP === 0) advance?.(y, height);
    slidingExtremes(surface.inverse, y * width, 1, width, radius, low, high, scratch);
    sharpen(surface.inverse, y * width, radius, low, high, edge, line);
    // The left eye stands to the left, so it sees near things farther to the right.
    for (const side of [1, -1]) {
      place(row, line, side * shift, 1 / focus, edge);
      fill(row, line, edge, fringe);
      const from = y * width * 3;
      paint(row.origin, picture.pixels, from, pixels, from * 2 + (side === 1 ? 0 : width * 3));
    }
  }
  advance?.(height, height);
  return { picture: { pixels, width: width * 2, height }, baseline, focus };
}

/** Baseline and focus, chosen where they are open, and the baseline kept to what can be looked at. */
export function eyesFor(
  { near, far, middle }: Surface,
  { focal, width }: Camera,
  { baseline, focus }: StereoOptions,
): { baseline: number; focus: number } {
  const range = Math.max(near - far, near * 1e-3);
  const parallax = (share: number) => (share * width) / (focal * range);
  const screen = far + SCREEN * (near - far) || middle;
  return {
    baseline: Math.min(baseline ?? parallax(COMFORTABLE), parallax(MOST)),
    focus: focus ?? 1 / screen,
  };
}

/** The inverse distances of a row with its soft edges made steps. `low` and `high` are the extremes within `radius`. */
function sharpen(
  inverse: Float32Array,
  start: number,
  radius: number,
  low: Float32Array,
  high: Float32Array,
  edge: number,
  line: Float32Array,
): void {
  const width = line.length;
  for (let x = 0, at = start; x < width; x++, at++) {
    const value = inverse[at]!;
    const least = low[x]!;
    const range = high[x]! - least;
    line[x] = value;
    if (range <= edge) continue;
    const share = (value - least) / range;
    if (share < ON_SURFACE || share > 1 - ON_SURFACE) continue;
    const left = Math.max(x - FARTHER * radius, 0);
    const right = Math.min(x + FARTHER * radius, width - 1);
    const growth = (right - left) / (Math.min(x + radius, width - 1) - Math.max(x - radius, 0));
    const farRange = Math.abs(inverse[start + right]! - inverse[start + left]!);
    if (farRange > SLOPE * growth * range) continue;
    line[x] = share > OBJECT_FROM ? high[x]! : least;
  }
}

/** Room for one row of a view. */
interface Row {
  /** For each place of the view: where in the picture it comes from, or -1. */
  origin: Float32Array;
  /** How near it is. */
  nearest: Float32Array;
}

/**
 * Where each place of a row comes from, seen by an eye that shifts by `pixels` for each unit of inverse distance: each pixel goes
 * where the eye sees it, and the nearest one wins.
 */
function place(
  { origin, nearest }: Row,
  inverse: Float32Array,
  pixels: number,
  screen: number,
  edge: number,
): void {
  origin.fill(-1);
  nearest.fill(-1);
  const width = inverse.length;
  let before = inverse[0]!;
  let x0 = pixels * (before - screen);
  for (let x = 0; x < width; x++) {
    const value = inverse[x]!;
    const x1 = x + pixels * (value - screen);
    const step = value - before;
    if (x === 0 || step > edge || -step > edge) {
      // An edge: the pixels beside it end where their own halves do.
      const last = Math.floor(x0 + 0.5);
      if (x > 0 && last >= 0 && last < width && before > nearest[last]!) {
        nearest[last] = before;
        origin[last] = x - 1;
      }
      const first = Math.floor(x1 + 0.5);
      if (first >= 0 && first < width && value > nearest[first]!) {
        nearest[first] = value;
        origin[first] = x;
      }
    } else if (x1 > x0) {
      // Whole places between the two pixels, each from its share of the way.
      let at = Math.ceil(x0);
      if (at < 0) at = 0;
      let last = Math.floor(x1);
      if (last >= width) last = width - 1;
      const rate = 1 / (x1 - x0);
      for (; at <= last; at++) {
        const share = (at - x0) * rate;
        const nearness = before + step * share;
        if (nearness > nearest[at]!) {
          nearest[at] = nearness;
          origin[at] = x - 1 + share;
        }
      }
    }
    before = value;
    x0 = x1;
  }
}

/** Colours of a row from the places that they come from. */
function paint(origin: Float32Array, source: Uint8Array, from: number, target: Uint8Array, to: number): void {
  const width = origin.length;
  for (let x = 0, out = to; x < width; x++, out += 3) {
    const fixed = (origin[x]! * 256) | 0;
    const left = fixed >> 8;
    const share = fixed & 255;
    const a = from + left * 3;
    const b = left + 1 < width ? a + 3 : a;
    const rest = 256 - share;
    target[out] = (source[a]! * rest + source[b]! * share + 128) >> 8;
    target[out + 1] = (source[a + 1]! * rest + source[b + 1]! * share + 128) >> 8;
    target[out + 2] = (source[a + 2]! * rest + source[b + 2]! * share + 128) >> 8;
  }
}

/**
 * Gives an origin to places without one. What is uncovered belongs to the far side, which is mirrored into the gap: its texture goes
 * on, other than that of a single stretched pixel. Where the mirror would show another object, the last pixel is stretched after all.
 */
function fill({ origin, nearest }: Row, inverse: Float32Array, edge: number, fringe: number): void {
  const width = inverse.length;
  for (let x = 0; x < width; x++) {
    if (origin[x]! >= 0) continue;
    const start = x;
    while (x < width && origin[x]! < 0) x++;
    // Between start and x nothing is known.
    const left = start - 1;
    const right = x;
    const fromLeft = right >= width || (left >= 0 && nearest[left]! <= nearest[right]!);
    let rim = fromLeft ? left : right;
    if (rim < 0 || rim >= width) {
      for (let at = start; at < x; at++) origin[at] = at;
      continue;
    }
    const direction = fromLeft ? -1 : 1;
    let count = x - start;
    // Colours right at the rim are still mixed with the object's.
    for (let k = 0; k < fringe && count >= fringe; k++) {
      const next = rim + direction;
      if (next < 0 || next >= width || origin[next]! < 0) break;
      if (Math.abs(nearest[next]! - nearest[rim]!) > edge) break;
      rim = next;
      count++;
    }
    const last = origin[rim]!;
    const level = inverse[Math.round(last)]!;
    let stretched = last;
    for (let k = 1; k <= count; k++) {
      const mirrored = last + direction * k;
      const pixel = Math.round(mirrored);
      if (pixel >= 0 && pixel < width && Math.abs(inverse[pixel]! - level) <= edge) stretched = mirrored;
      const at = rim - direction * k;
      origin[at] = stretched;
      // The next gap may lean on this one.
      nearest[at] = level;
    }
  }
}

/** Red and cyan for glasses with the red filter at the left eye: brightness of the left view, green and blue of the right one. */
export function anaglyphOf({ pixels, width, height }: Rgb): Rgb {
  const half = width / 2;
  const out = new Uint8Array(half * height * 3);
  for (let y = 0, to = 0; y < height; y++) {
    let left = y * width * 3;
    let right = left + half * 3;
    for (let x = 0; x < half; x++, to += 3, left += 3, right += 3) {
      out[to] = 0.299 * pixels[left]! + 0.587 * pixels[left + 1]! + 0.114 * pixels[left + 2]! + 0.5;
      out[to + 1] = pixels[right + 1]!;
      out[to + 2] = pixels[right + 2]!;
    }
  }
  return { pixels: out, width: half, height };
}
