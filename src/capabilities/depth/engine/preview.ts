/**
 * A small drawing of the map, for clients that show something before the map has its full size.
 *
 * @module
 */
import type { Pixels } from "../../../images/pixels.ts";
import type { Size } from "../../../images/sizing.ts";
import type { EstimateInput, PreviewPayload } from "../phase.ts";
import { renderDepth } from "../render.ts";

/** Pixels of a preview's long side at most. */
const longest = 1024;

/** The size of the preview; undefined where none is wanted, or the map is hardly larger. */
export function previewSize({ preview, at, original }: EstimateInput): Size | undefined {
  const scale = longest / Math.max(original.width, original.height);
  if (!preview || at !== "picture" || scale > 0.75) return undefined;
  const fit = (length: number) => Math.max(1, Math.round(length * scale));
  return { width: fit(original.width), height: fit(original.height) };
}

/** Draws the map, which has the preview's size, in 8 bits. */
export function drawPreview(
  depth: Float32Array,
  { width, height }: Size,
  { render }: EstimateInput,
  sky?: Float32Array,
): PreviewPayload {
  const normalization = render.normalization === "raw" ? "minmax" : render.normalization;
  const { image, channels } = renderDepth(
    depth,
    width,
    height,
    { ...render, normalization, format: "png8" },
    sky,
  );
  return { image: image as Uint8Array, channels, width, height };
}

/** A picture of fewer pixels, taken at even distances: enough to find edges for a preview. */
export function thinned({ data, width, height, channels }: Pixels<Uint8Array>, to: Size): Pixels<Uint8Array> {
  const made = new Uint8Array(to.width * to.height * channels);
  for (let y = 0, at = 0; y < to.height; y++) {
    const row = Math.floor(((y + 0.5) * height) / to.height) * width;
    for (let x = 0; x < to.width; x++) {
      const from = (row + Math.floor(((x + 0.5) * width) / to.width)) * channels;
      for (let c = 0; c < channels; c++) made[at++] = data[from + c]!;
    }
  }
  return { data: made, ...to, channels };
}
