import { join } from "node:path";
import sharp from "sharp";

/** A picture of the fixtures, as bytes. */
export async function pixelsOf(folder: string, file: string) {
  const { data, info } = await sharp(join(folder, file))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data: new Uint8Array(data), width: info.width, height: info.height, channels: 3 };
}

/** The largest difference of two pictures, in levels of 255. */
export function levels(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) throw new Error(`${a.length} bytes where ${b.length} were expected`);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}
