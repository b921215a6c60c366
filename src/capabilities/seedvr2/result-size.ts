/**
 * Size of an upscaled picture. It knows nothing of the server, so that the page can say the size before a job is made.
 *
 * @module
 */

/** What `resolution` asks for: pixels of the shorter side, or a factor. */
export type Target = { pixels: number } | { factor: number };

export const step = 16;

/**
 * Width and height of the result. A factor is brought down to a multiple of 16 on the shorter side, both sides end even: so were
 * the pictures that the network learned from.
 */
export function resultSize(width: number, height: number, target: Target): { width: number; height: number } {
  const shorter = Math.min(width, height);
  const pixels = "pixels" in target ? target.pixels : multipleBelow(target.factor * shorter);
  const scale = pixels / shorter;
  const even = (side: number) => Math.floor(Math.trunc(side * scale) / 2) * 2;
  return { width: even(width), height: even(height) };
}

const multipleBelow = (side: number) => Math.trunc(side - (side % step));
