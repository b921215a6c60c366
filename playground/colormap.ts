/**
 * Colours for depth: the server's own tables, so that the page shows what a request would give.
 *
 * @module
 */
import { colormaps as tables } from "../src/capabilities/depth/colormaps.ts";

const grey = new Uint8Array(768).map((_, at) => Math.floor(at / 3));
/** 256 RGB colours each, from far to near. */
export const colormaps: Readonly<Record<string, Uint8Array>> = { grey, ...tables };

/** Paints grey values, near = bright, through a table. */
export function paint(
  image: ImageData,
  near: Uint8ClampedArray | Uint8Array,
  table: Uint8Array,
  invert: boolean,
): void {
  const { data } = image;
  for (let i = 0, o = 0; i < near.length; i++, o += 4) {
    const entry = (invert ? 255 - near[i]! : near[i]!) * 3;
    data[o] = table[entry]!;
    data[o + 1] = table[entry + 1]!;
    data[o + 2] = table[entry + 2]!;
    data[o + 3] = 255;
  }
}

/** The table as a strip, for a swatch. */
export function swatch(table: Uint8Array): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = 256;
  canvas.height = 1;
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(256, 1);
  paint(
    image,
    new Uint8Array(256).map((_, at) => at),
    table,
    false,
  );
  context.putImageData(image, 0, 0);
  return canvas;
}
