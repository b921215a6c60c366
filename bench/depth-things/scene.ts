/**
 * A photograph-like picture and its depth map, as a network would give it: computed small and enlarged, so that edges are soft.
 *
 * @module
 */

export interface Scene {
  width: number;
  height: number;
  pixels: Uint8Array;
  /** Inverse depth without scale. */
  depth: Float32Array;
}

/** Sides of the map that the network is meant to have given. */
const SEEN = 700;

export function scene(width: number, height: number): Scene {
  const seen = { width: SEEN, height: Math.round((SEEN * height) / width) };
  let seed = 7;
  const random = () => {
    seed = (seed * 16807) % 2147483647;
    return seed / 2147483647;
  };
  const balls = Array.from({ length: 24 }, () => ({
    x: random(),
    y: 0.3 + 0.6 * random(),
    radius: 0.03 + 0.09 * random(),
    near: 0.3 + 0.7 * random(),
  }));
  const at = (u: number, v: number): number => {
    let nearest = Math.max(0.05 + 0.05 * u, 1.2 * (v - 0.45));
    for (const { x, y, radius, near } of balls) {
      const bulge = 1 - ((u - x) ** 2 + ((v - y) * (height / width)) ** 2) / radius ** 2;
      if (bulge > 0 && near + 0.1 * Math.sqrt(bulge) > nearest) nearest = near + 0.1 * Math.sqrt(bulge);
    }
    return nearest;
  };
  const small = new Float32Array(seen.width * seen.height);
  for (let y = 0; y < seen.height; y++)
    for (let x = 0; x < seen.width; x++)
      small[y * seen.width + x] = at(x / seen.width, y / seen.height) + 0.002 * random();

  const depth = new Float32Array(width * height);
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0, i = 0; y < height; y++) {
    const sy = Math.min(Math.max(((y + 0.5) * seen.height) / height - 0.5, 0), seen.height - 1.001);
    for (let x = 0; x < width; x++, i++) {
      const sx = Math.min(Math.max(((x + 0.5) * seen.width) / width - 0.5, 0), seen.width - 1.001);
      const [x0, y0] = [Math.floor(sx), Math.floor(sy)];
      const [fx, fy] = [sx - x0, sy - y0];
      const a = y0 * seen.width + x0;
      const top = small[a]! * (1 - fx) + small[a + 1]! * fx;
      const bottom = small[a + seen.width]! * (1 - fx) + small[a + seen.width + 1]! * fx;
      const value = top * (1 - fy) + bottom * fy;
      depth[i] = value;
      const grain = 24 * Math.sin(x / 3.1) * Math.cos(y / 4.7) + 12 * random();
      pixels[i * 3] = Math.min(255, Math.max(0, 200 * value + grain));
      pixels[i * 3 + 1] = Math.min(255, Math.max(0, 90 + 80 * Math.sin(6 * value) + grain));
      pixels[i * 3 + 2] = Math.min(255, Math.max(0, 180 - 120 * value + grain));
    }
  }
  return { width, height, pixels, depth };
}
