/**
 * Feature maps that are computed a few rows at a time. A stage asks the one before it for the rows it needs, a row more on each
 * side of a 3×3 convolution, so that a map at full size never lies in memory whole. The values are those of the whole map.
 *
 * @module
 */
import { concat, resample, scope, type Tensor } from "../../ffi/index.ts";
import { section, type TapOptions, taps } from "../images/resample.ts";
import { computed } from "./computed.ts";
import type { Conv2d, ConvAround, Deconv2d } from "./conv.ts";
import { enlarge } from "./interpolate.ts";

export interface Rows {
  readonly height: number;
  readonly width: number;
  /** Rows from..to as [1, to − from, width, channels]. */
  rows(from: number, to: number): Tensor;
}

/** A map in memory. */
export function held(x: Tensor): Rows {
  const [batch, height, width] = x.shape as [number, number, number];
  return {
    height,
    width,
    rows: (from, to) => (from === 0 && to === height ? x.slice([0]) : x.slice([0, from], [batch, to])),
  };
}

/** A stage evaluates its rows at once, which frees its inputs before the next stage runs. */
const stage = (height: number, width: number, rows: Rows["rows"]): Rows => ({
  height,
  width,
  rows: (from, to) => computed(() => rows(from, to)),
});

/** A change of each pixel by itself. */
export const each = (input: Rows, change: (x: Tensor, from: number, to: number) => Tensor): Rows =>
  stage(input.height, input.width, (from, to) => change(input.rows(from, to), from, to));

/** Rows from..to of a 3×3 convolution, of an input that begins at row `start` of a map `height` high. */
function convolved(
  x: Tensor,
  conv: Conv2d,
  start: number,
  [from, to]: readonly [number, number],
  height: number,
  around: ConvAround = {},
): Tensor {
  const low = Math.max(from - 1, 0);
  const high = Math.min(to + 1, height);
  const part = x.slice([0, low - start], [x.shape[0]!, high - start]);
  const [padding, paddingHigh] = [from === 0, to === height].map((edge) => [+edge, 1] as const);
  return conv.forward(part, { ...around, padding: padding!, paddingHigh: paddingHigh! });
}

/** A 3×3 convolution with a border of zeros, added to a map where one is given. */
export function conv3x3(
  input: Rows,
  conv: Conv2d,
  { residual, ...around }: Omit<ConvAround, "residual"> & { residual?: Rows } = {},
): Rows {
  const { height, width } = input;
  return stage(height, width, (from, to) => {
    const start = Math.max(from - 1, 0);
    const x = input.rows(start, Math.min(to + 1, height));
    const added = residual && { residual: residual.rows(from, to) };
    return convolved(x, conv, start, [from, to], height, { ...around, ...added });
  });
}

/** A 3×3 convolution of stride two, with zeros on the right and below alone: half the rows and columns. */
export function halved(input: Rows, conv: Conv2d): Rows {
  const [height, width] = [input.height, input.width].map((size) => Math.floor((size - 2) / 2) + 1);
  return stage(height!, width!, (from, to) => {
    const end = 2 * to + 1;
    const x = input.rows(2 * from, Math.min(end, input.height));
    return conv.forward(x, { padding: 0, paddingHigh: [end > input.height ? 1 : 0, 1] });
  });
}

/** A square of `times` × `times` out of every pixel. */
export function enlarged(input: Rows, times: number): Rows {
  return stage(input.height * times, input.width * times, (from, to) => {
    const start = Math.floor(from / times);
    const made = enlarge(input.rows(start, Math.ceil(to / times)), times);
    return made.slice([0, from - start * times], [made.shape[0]!, to - start * times]);
  });
}

/** x + conv2(relu(conv1(relu(x)))), the residual unit of DPT heads. */
export function residualUnit(input: Rows, conv1: Conv2d, conv2: Conv2d): Rows {
  const { height, width } = input;
  return stage(height, width, (from, to) => {
    const outer = [Math.max(from - 2, 0), Math.min(to + 2, height)] as const;
    const inner = [Math.max(from - 1, 0), Math.min(to + 1, height)] as const;
    const x = input.rows(...outer);
    const hidden = computed(() =>
      convolved(x, conv1, outer[0], inner, height, { rectified: true, curve: "relu" }),
    );
    const residual = x.slice([0, from - outer[0]], [x.shape[0]!, to - outer[0]]);
    return convolved(hidden, conv2, inner[0], [from, to], height, { residual });
  });
}

export const sum = (a: Rows, b: Rows): Rows => each(a, (x, from, to) => x.add(b.rows(from, to)));

/** A transposed convolution that does not overlap. */
export function deconv(input: Rows, layer: Deconv2d): Rows {
  const { kernel } = layer;
  return stage(input.height * kernel, input.width * kernel, (from, to) => {
    const start = Math.floor(from / kernel);
    const made = layer.forward(input.rows(start, Math.ceil(to / kernel)));
    return made.slice([0, from - start * kernel], [made.shape[0]!, to - start * kernel]);
  });
}

/** Bilinear resizing. */
export function bilinear(input: Rows, height: number, width: number, options: TapOptions = {}): Rows {
  if (height === input.height && width === input.width) return input;
  const down = taps("bilinear", input.height, height, options);
  const across = width === input.width ? null : taps("bilinear", input.width, width, options);
  return stage(height, width, (from, to) => {
    const needed = down.indices.subarray(2 * from, 2 * to);
    const start = needed.reduce((a, b) => Math.min(a, b));
    const x = input.rows(start, needed.reduce((a, b) => Math.max(a, b)) + 1);
    return resample(x, section(down, from, to, start), across);
  });
}

/** The default tap: does nothing. */
export const ignore = (_name: string, _value: Tensor): void => {};

/** Gives a map to a tap. Nothing is computed for the default tap. */
export function tapRows(tap: (name: string, value: Tensor) => void, name: string, map: Rows): void {
  if (tap !== ignore) tap(name, map.rows(0, map.height));
}

/** Rows of a strip of about `bytes`. */
export const rowsOf = (bytes: number, width: number, channels: number) =>
  Math.max(Math.floor(bytes / (4 * width * channels)), 8);

/** A map in memory, as the strips that it was computed in. */
export interface Strips extends Rows, Disposable {}

/** Computes a map in strips of about `bytes` at `channels` channels. `step` is called after every strip and may throw to stop. */
export function strips(
  map: Rows,
  channels: number,
  step: (done: number, total: number) => void = () => {},
  bytes = 12e6,
): Strips {
  const { height, width } = map;
  const high = rowsOf(bytes, width, channels);
  const total = Math.ceil(height / high);
  const made: Tensor[] = [];
  for (let from = 0; from < height; from += high) {
    made.push(computed(() => map.rows(from, Math.min(from + high, height)).contiguous()));
    step(made.length, total);
  }
  return {
    height,
    width,
    rows(from, to) {
      const first = Math.floor(from / high);
      const parts = made.slice(first, Math.ceil(to / high)).map((strip, i) => {
        const start = (first + i) * high;
        return strip.slice(
          [0, Math.max(from - start, 0)],
          [strip.shape[0]!, Math.min(to - start, strip.shape[1]!)],
        );
      });
      return parts.length === 1 ? parts[0]! : concat(parts, 1);
    },
    [Symbol.dispose]() {
      for (const strip of made) strip[Symbol.dispose]();
    },
  };
}

/** The strips, joined: for a moment they lie in memory twice. */
export function collect(...how: Parameters<typeof strips>): Tensor {
  return scope(() => {
    const made = strips(...how);
    return computed(() => made.rows(0, made.height));
  });
}
