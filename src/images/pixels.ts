/**
 * Pictures and maps as typed arrays, resized exactly as the libraries do that the models were made with. Rows, then columns,
 * then channels. For the engine thread: these are loops over pixels.
 *
 * @module
 */
import { areaTaps, type Kernel, pillowTaps, type TapOptions, type Taps, taps } from "./resample.ts";
import { roundHalfEven } from "./round.ts";

/** A picture or map. */
export interface Pixels<A extends ArrayLike<number> = ArrayLike<number>> {
  data: A;
  width: number;
  height: number;
  channels: number;
}

/** PyTorch's `interpolate` and OpenCV's float resize: no rounding, no clamping. */
export function resizeFloats(
  from: Pixels,
  width: number,
  height: number,
  kernel: Kernel,
  options: TapOptions = {},
): Pixels<Float32Array<ArrayBuffer>> {
  const { channels } = from;
  if (width === from.width && height === from.height)
    return { data: Float32Array.from(from.data), width, height, channels };
  const data = new Float32Array(width * height * channels);
  const made = { data, width, height, channels };
  apply(
    from,
    made,
    (input, output, range) => taps(kernel, input, output, { ...options, range }),
    (x) => x,
  );
  return made;
}

/** OpenCV's resize of bytes by INTER_CUBIC or, for shrinking, INTER_AREA. Rounds half to even. */
export function resizeOpenCv(
  from: Pixels<Uint8Array>,
  width: number,
  height: number,
  method: "cubic" | "area",
): Pixels<Uint8Array<ArrayBuffer>> {
  const { channels } = from;
  const made = { data: new Uint8Array(width * height * channels), width, height, channels };
  apply(
    from,
    made,
    (input, output, range) =>
      method === "area" ? areaTaps(input, output, range) : taps("bicubic", input, output, { range }),
    roundToByte,
  );
  return made;
}

const roundToByte = (x: number) => Math.min(Math.max(roundHalfEven(x), 0), 255);

/** Entries of a table of taps that are held at once. A photograph needs far fewer; a strip of one row needs more. */
const mostTaps = 2 ** 20;

/** Ranges of the outputs of one axis whose tables are small. */
function bands(input: number, output: number): [from: number, to: number][] {
  const entries = 4 * Math.max(input / output, 1) + 1;
  const size = Math.max(1, Math.floor(mostTaps / entries));
  return Array.from({ length: Math.ceil(output / size) }, (_, i) => [
    i * size,
    Math.min((i + 1) * size, output),
  ]);
}

type Table = (input: number, output: number, range: readonly [number, number]) => Taps;
type Writable = { data: { [index: number]: number }; width: number; height: number };

/** Resizes band by band, so that tables and rows stay small however long and thin a picture is. */
function apply(from: Pixels, out: Writable, table: Table, finish: (x: number) => number): void {
  const columns = bands(from.width, out.width);
  for (const band of bands(from.height, out.height)) {
    const down = table(from.height, out.height, band);
    for (const [left, right] of columns) {
      const across = table(from.width, out.width, [left, right]);
      applyBand(from, across, down, out, { left, top: band[0] }, finish);
    }
  }
}

/** Longest row that is summed as a whole. */
const longestRow = 2 ** 15;

/** The pass that leaves less work for the other one goes first. */
function applyBand(
  from: Pixels,
  across: Taps,
  down: Taps,
  out: Writable,
  at: { left: number; top: number },
  finish: (x: number) => number,
): void {
  // Rows are summed as they lie in memory, so that this pass costs little where it leaves few of them.
  const rowsFirst =
    from.width <= longestRow &&
    across.size === out.width &&
    2 * out.height < from.height &&
    2 * out.width < from.width;
  (rowsFirst ? rowsThenColumns : columnsThenRows)(from, across, down, out, at, finish);
}

function rowsThenColumns(
  { channels, width, data }: Pixels,
  across: Taps,
  down: Taps,
  out: Writable,
  { left, top }: { left: number; top: number },
  finish: (x: number) => number,
): void {
  const line = new Float64Array(width * channels);
  for (let y = 0; y < down.size; y++) {
    line.fill(0);
    for (let k = y * down.count; k < (y + 1) * down.count; k++) {
      const weight = down.weights[k]!;
      if (weight === 0) continue;
      const start = down.indices[k]! * width * channels;
      for (let i = 0; i < line.length; i++) line[i]! += weight * data[start + i]!;
    }
    let to = ((top + y) * out.width + left) * channels;
    for (let x = 0; x < across.size; x++) {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = x * across.count; k < (x + 1) * across.count; k++)
          sum += across.weights[k]! * line[across.indices[k]! * channels + c]!;
        out.data[to++] = finish(sum);
      }
    }
  }
}

/** Columns first into a strip of rows, so that only the rows under the vertical kernel are held. */
function columnsThenRows(
  from: Pixels,
  across: Taps,
  down: Taps,
  out: Writable,
  { left, top }: { left: number; top: number },
  finish: (x: number) => number,
): void {
  const { channels, width, data } = from;
  const length = across.size * channels;
  const rows = new Map<number, Float64Array>();
  // A new row for each would leave as much garbage as a large map has bytes.
  const spare: Float64Array[] = [];
  const row = (y: number) => {
    let made = rows.get(y);
    if (made !== undefined) return made;
    made = spare.pop() ?? new Float64Array(length);
    for (let x = 0, at = 0; x < across.size; x++) {
      for (let c = 0; c < channels; c++, at++) {
        let sum = 0;
        for (let k = x * across.count; k < (x + 1) * across.count; k++)
          sum += across.weights[k]! * data[(y * width + across.indices[k]!) * channels + c]!;
        made[at] = sum;
      }
    }
    rows.set(y, made);
    return made;
  };
  const line = new Float64Array(length);
  for (let y = 0; y < down.size; y++) {
    line.fill(0);
    let first = Number.POSITIVE_INFINITY;
    for (let k = y * down.count; k < (y + 1) * down.count; k++) {
      const weight = down.weights[k]!;
      if (weight === 0) continue;
      first = Math.min(first, down.indices[k]!);
      const source = row(down.indices[k]!);
      for (let i = 0; i < length; i++) line[i]! += weight * source[i]!;
    }
    for (const [key, over] of rows) {
      if (key >= first) continue;
      rows.delete(key);
      spare.push(over);
    }
    const begin = ((top + y) * out.width + left) * channels;
    for (let i = 0; i < length; i++) out.data[begin + i] = finish(line[i]!);
  }
}

/** Pillow's `resize` of 8-bit pictures: fixed-point coefficients, an 8-bit picture between the passes. Exact to the byte. */
export function resizePillow(
  from: Pixels<Uint8Array>,
  width: number,
  height: number,
  filter: "nearest" | "bilinear" | "bicubic" | "lanczos",
): Pixels<Uint8Array<ArrayBuffer>> {
  if (filter === "nearest") return nearest(from, width, height);
  const across = (x: Pixels<Uint8Array>) =>
    width === from.width ? x : passAcross(x, pillowTaps(filter, from.width, width));
  const down = (x: Pixels<Uint8Array>) =>
    height === from.height ? x : passDown(x, pillowTaps(filter, from.height, height));
  const done = goesDownFirst(from, width, height) ? across(down(from)) : down(across(from));
  return {
    ...done,
    data: done === from ? Uint8Array.from(from.data) : (done.data as Uint8Array<ArrayBuffer>),
  };
}

/** Pillow 13 does the rows first where that leaves it fewer pixels between the passes by its measure; the bytes tell. */
const goesDownFirst = (from: Pixels, width: number, height: number) =>
  height < from.height && (width >= from.width || 2 * (from.width - width) < from.height - height);

const bits = 22;
const fixed = (weights: Float64Array) =>
  Int32Array.from(weights, (w) => Math.trunc(w * (1 << bits) + (w < 0 ? -0.5 : 0.5)));
const shifted = (sum: number) => Math.min(Math.max(sum >> bits, 0), 255);

function passAcross(from: Pixels<Uint8Array>, { size, count, indices, weights }: Taps): Pixels<Uint8Array> {
  const { data, width, height, channels } = from;
  const coefficients = fixed(weights);
  const out = new Uint8Array(size * height * channels);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < size; x++)
      for (let c = 0; c < channels; c++, at++) {
        let sum = 1 << (bits - 1);
        for (let k = x * count; k < (x + 1) * count; k++)
          sum += coefficients[k]! * data[(y * width + indices[k]!) * channels + c]!;
        out[at] = shifted(sum);
      }
  return { data: out, width: size, height, channels };
}

function passDown(from: Pixels<Uint8Array>, { size, count, indices, weights }: Taps): Pixels<Uint8Array> {
  const { data, width, channels } = from;
  const coefficients = fixed(weights);
  const length = width * channels;
  const out = new Uint8Array(size * length);
  const line = new Int32Array(length);
  for (let y = 0; y < size; y++) {
    line.fill(1 << (bits - 1));
    for (let k = y * count; k < (y + 1) * count; k++) {
      const coefficient = coefficients[k]!;
      const at = indices[k]! * length;
      if (coefficient !== 0) for (let i = 0; i < length; i++) line[i]! += coefficient * data[at + i]!;
    }
    for (let i = 0; i < length; i++) out[y * length + i] = shifted(line[i]!);
  }
  return { data: out, width, height: size, channels };
}

/** The source position is summed up in steps, as Pillow does: the closed form rounds differently now and then. */
function nearest(from: Pixels<Uint8Array>, width: number, height: number): Pixels<Uint8Array<ArrayBuffer>> {
  const { channels } = from;
  const sources = (input: number, output: number) => {
    const step = input / output;
    let at = step * 0.5;
    return Int32Array.from({ length: output }, () => {
      const index = Math.min(Math.trunc(at), input - 1);
      at += step;
      return index;
    });
  };
  const across = sources(from.width, width);
  const data = new Uint8Array(width * height * channels);
  let at = 0;
  for (const y of sources(from.height, height))
    for (const x of across)
      for (let c = 0; c < channels; c++) data[at++] = from.data[(y * from.width + x) * channels + c]!;
  return { data, width, height, channels };
}
