/**
 * From depth values to a picture: normalised, near = bright, grey or through a colour map. Runs on the engine thread.
 *
 * @module
 */
import { TaskError } from "../../engine/engine.ts";
import { notFinite } from "../../engine/finite.ts";
import { quickselect } from "../../images/quickselect.ts";
import { colormaps } from "./colormaps.ts";

export type DepthNormalization = "minmax" | "v2-style" | "raw";
export type DepthColormap = "grey" | keyof typeof colormaps;
export type DepthFormat = "png8" | "png16";

export type DepthRender = {
  /**
   * What is drawn: `inverse` values grow towards the camera and are drawn as they are, `depth` values grow away from it and are
   * turned round, `reciprocal` is depth drawn by 1 / depth.
   */
  values: "inverse" | "depth" | "reciprocal";
  normalization: DepthNormalization;
  invert: boolean;
  colormap: DepthColormap;
  format: DepthFormat;
  /** Values to draw as the ends of the scale, instead of the map's own. `raw` has its own always. */
  ends?: DepthEnds;
};

/** Values of a depth map: the one that is drawn as farthest, and as nearest. */
export type DepthEnds = readonly [farthest: number, nearest: number];

export type RenderedDepth = {
  /** Rows of grey values, or of RGB bytes with a colour map. */
  image: Uint8Array | Uint16Array;
  channels: 1 | 3;
  /** Of the depth values, whatever the picture shows. */
  min: number;
  max: number;
  /** The depth at both ends of the picture's scale. */
  ends: DepthEnds;
  /** Raw only: value = offset + scale × pixel. */
  scale?: number;
  offset?: number;
};

/**
 * Renders a depth map.
 *
 * @param sky How much each pixel is sky, from models that tell; `v2-style` blackens it.
 */
export function renderDepth(
  depth: Float32Array,
  width: number,
  height: number,
  render: DepthRender,
  sky?: Float32Array,
): RenderedDepth {
  const [min, max] = extent(depth);
  if (render.normalization === "raw") {
    const ends: DepthEnds = render.values === "inverse" ? [min, max] : [max, min];
    return { ...raw(depth, min, max, render), min, max, ends };
  }
  if (render.normalization === "minmax" && render.values !== "reciprocal" && render.format === "png8") {
    const [low, high] = render.ends ? shownEnds(render.ends, render.values, 0) : [min, max];
    const ends = render.ends ?? depthEnds(low, high, render.values);
    return { ...colored(straight(depth, low, high, render), render), min, max, ends };
  }
  const { shade, ends } =
    render.normalization === "minmax" ? minmax(depth, render) : v2Style(depth, width, height, render, sky);
  const about = { min, max, ends };
  if (render.invert) for (let i = 0; i < shade.length; i++) shade[i] = 1 - shade[i]!;
  if (render.format === "png16")
    return { image: quantize(shade, new Uint16Array(shade.length), 65535), channels: 1, ...about };
  return { ...colored(quantize(shade, new Uint8Array(shade.length), 255), render), ...about };
}

const colored = (grey: Uint8Array, { colormap }: DepthRender): Pick<RenderedDepth, "image" | "channels"> =>
  colormap === "grey"
    ? { image: grey, channels: 1 }
    : { image: paint(grey, colormaps[colormap]), channels: 3 };

/** What `minmax` and 8 bits give, in one pass: a copy of a large map would take its memory and time. */
function straight(
  depth: Float32Array,
  low: number,
  high: number,
  { values, invert }: DepthRender,
): Uint8Array {
  const image = new Uint8Array(depth.length);
  const range = high - low;
  const turned = values === "depth";
  if (range === 0) return image.fill(MIDDLE * 255 + 0.5);
  for (let i = 0; i < image.length; i++) {
    // Rounded to float32 where a map of shades would be.
    let shade = Math.fround((turned ? high - depth[i]! : depth[i]! - low) / range);
    if (invert) shade = Math.fround(1 - shade);
    image[i] = Math.min(Math.max(shade, 0), 1) * 255 + 0.5;
  }
  return image;
}

/** Smallest and largest value. Every value has to be a finite number. */
function extent(values: Float32Array): [min: number, max: number] {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    // False for NaN too.
    if (!(Math.abs(value) < Number.POSITIVE_INFINITY)) {
      throw new TaskError(notFinite, "invalid_result");
    }
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return [min, max];
}

/** A flat map says nothing about near and far. */
const MIDDLE = 0.5;

interface Shaded {
  shade: Float32Array;
  ends: DepthEnds;
}

function minmax(depth: Float32Array, { values, ends }: DepthRender): Shaded {
  const shade = values === "reciprocal" ? reciprocal(depth, 0) : depth.slice();
  const [low, high] = ends ? shownEnds(ends, values, 0) : extent(shade);
  const range = high - low;
  const own = ends ?? depthEnds(low, high, values);
  if (range === 0) return { shade: shade.fill(MIDDLE), ends: own };
  if (values === "depth") for (let i = 0; i < shade.length; i++) shade[i] = (high - shade[i]!) / range;
  else for (let i = 0; i < shade.length; i++) shade[i] = (shade[i]! - low) / range;
  // Another map's ends may lie within this one's.
  if (ends) for (let i = 0; i < shade.length; i++) shade[i] = Math.min(Math.max(shade[i]!, 0), 1);
  return { shade, ends: own };
}

/** Least and largest of the values shown, for ends of the depth map. */
function shownEnds(
  [farthest, nearest]: DepthEnds,
  values: DepthRender["values"],
  epsilon: number,
): [number, number] {
  if (values === "inverse") return [farthest, nearest];
  return values === "depth" ? [nearest, farthest] : [1 / (farthest + epsilon), 1 / (nearest + epsilon)];
}

function depthEnds(low: number, high: number, values: DepthRender["values"]): DepthEnds {
  if (values === "inverse") return [low, high];
  return values === "depth" ? [high, low] : [1 / low, 1 / high];
}

function reciprocal(depth: Float32Array, epsilon: number): Float32Array {
  const inverse = new Float32Array(depth.length);
  for (let i = 0; i < depth.length; i++) inverse[i] = 1 / (depth[i]! + epsilon);
  return inverse;
}

/** A pixel is sky below this confidence of not being sky; below the first number no pixel of the picture is. */
const ANY_SKY = 0.1;
const NOT_SKY = 0.3;

/** Inverse depth between its percentiles, brightened by a square root, sky black. */
function v2Style(
  depth: Float32Array,
  width: number,
  height: number,
  { values, ends }: DepthRender,
  sky?: Float32Array,
): Shaded {
  const shown = values === "inverse" ? "inverse" : "reciprocal";
  const inverse = values === "inverse" ? depth : reciprocal(depth, 1e-6);
  const ground = sky && extent(sky)[1] > ANY_SKY ? sky.map((value) => (value < NOT_SKY ? 1 : 0)) : undefined;
  const content = ground ? inverse.filter((_, index) => ground[index] === 1) : inverse.slice();
  const count = content.length;

  // Few pixels give no percentiles, and hardly any give no range of their own.
  const [low, high] = ends
    ? shownEnds(ends, shown, 1e-6)
    : count > 1000
      ? [quickselect(content, Math.floor(0.01 * count)), quickselect(content, Math.floor(0.99 * count))]
      : extent(count > 100 ? content : inverse);
  const shade = new Float32Array(inverse.length);
  if (low === high) shade.fill(MIDDLE);
  else {
    for (let i = 0; i < shade.length; i++) {
      const value = (inverse[i]! - low) / (high - low + 1e-6);
      shade[i] = Math.sqrt(Math.min(Math.max(value, 0), 1));
    }
  }
  if (ground) {
    const soft = softenEdges(ground, width, height);
    for (let i = 0; i < shade.length; i++) shade[i]! *= soft[i]!;
  }
  return { shade, ends: ends ?? depthEnds(low, high, shown) };
}

/** The mask with its edge pixels, those whose 3×3 neighbours differ, replaced by the neighbours' mean. Outside counts as 0. */
function softenEdges(mask: Float32Array, width: number, height: number): Float32Array {
  const soft = mask.slice();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      let count = 0;
      for (let v = Math.max(y - 1, 0); v <= Math.min(y + 1, height - 1); v++) {
        for (let u = Math.max(x - 1, 0); u <= Math.min(x + 1, width - 1); u++) {
          sum += mask[v * width + u]!;
          count++;
        }
      }
      if (sum > 0 && sum < count) soft[y * width + x] = sum / 9;
    }
  }
  return soft;
}

/** The values themselves, on the picture's whole scale. Inverted: their distance from the largest. */
function raw(
  depth: Float32Array,
  min: number,
  max: number,
  { invert, format }: DepthRender,
): Required<Pick<RenderedDepth, "image" | "channels" | "scale" | "offset">> {
  const levels = format === "png16" ? 65535 : 255;
  const range = max - min;
  const shade = new Float32Array(depth.length).fill(MIDDLE);
  if (range > 0) {
    for (let i = 0; i < shade.length; i++) shade[i] = (invert ? max - depth[i]! : depth[i]! - min) / range;
  }
  const image = quantize(
    shade,
    format === "png16" ? new Uint16Array(shade.length) : new Uint8Array(shade.length),
    levels,
  );
  return { image, channels: 1, scale: range / levels, offset: invert ? 0 : min };
}

function quantize<T extends Uint8Array | Uint16Array>(shade: Float32Array, image: T, levels: number): T {
  for (let i = 0; i < shade.length; i++) image[i] = shade[i]! * levels + 0.5;
  return image;
}

function paint(grey: Uint8Array, table: Uint8Array): Uint8Array {
  const image = new Uint8Array(grey.length * 3);
  for (let i = 0, o = 0; i < grey.length; i++) {
    const entry = grey[i]! * 3;
    image[o++] = table[entry]!;
    image[o++] = table[entry + 1]!;
    image[o++] = table[entry + 2]!;
  }
  return image;
}
