/**
 * Colours for depth: the server's own tables, so that the page shows what a request would give.
 *
 * @module
 */
import { colormaps as tables } from "../../src/capabilities/depth/colormaps.ts";

const grey = new Uint8Array(768).map((_, at) => Math.floor(at / 3));
/** 256 RGB colours each, from far to near. */
export const colormaps: Readonly<Record<string, Uint8Array>> = { grey, ...tables };

export interface Look {
  colormap: string;
  /** Far is bright. */
  invert: boolean;
  /** Grey levels that the colours span, far and near. */
  far: number;
  near: number;
}

export const plain: Look = { colormap: "grey", invert: false, far: 0, near: 255 };

/** The colours of all 256 grey levels, as pixels. */
export function palette({ colormap, invert, far, near }: Look): Uint32Array {
  const table = colormaps[colormap] ?? grey;
  const bytes = new Uint8Array(1024);
  const span = Math.max(near - far, 1);
  for (let level = 0; level < 256; level++) {
    const share = Math.min(Math.max((level - far) / span, 0), 1);
    const entry = Math.round((invert ? 1 - share : share) * 255) * 3;
    bytes.set([table[entry]!, table[entry + 1]!, table[entry + 2]!, 255], level * 4);
  }
  return new Uint32Array(bytes.buffer);
}

/** Paints grey levels, near = bright. One table look-up for each pixel. */
export function paint(context: CanvasRenderingContext2D, levels: Uint8Array, look: Look): void {
  const { width, height } = context.canvas;
  for (const strip of strips(context, levels, look, { width, height, rows: height })) strip();
}

interface Extent {
  width: number;
  height: number;
  /** Of a strip. */
  rows: number;
}

/** The same in strips, each painted when it is called. */
export function* strips(
  context: CanvasRenderingContext2D,
  levels: Uint8Array,
  look: Look,
  { width, height, rows }: Extent,
): Generator<() => void> {
  const image = context.createImageData(width, rows);
  const pixels = new Uint32Array(image.data.buffer);
  const colours = palette(look);
  for (let top = 0; top < height; top += rows)
    yield () => {
      const strip = levels.subarray(top * width, (top + rows) * width);
      for (let i = 0; i < strip.length; i++) pixels[i] = colours[strip[i]!]!;
      context.putImageData(image, 0, top);
    };
}
