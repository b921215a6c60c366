/** Bytes of the picture on its way in and out: bytes, floats, depth, shades, the drawn map. */
export function pictureBytes({ width, height }: { width: number; height: number }): number {
  return width * height * (3 + 3 * 4 + 2 * 4 + 3);
}
