/** Draws a mesh into a picture, without a GPU. */
import type { Camera } from "../../../src/geometry/camera.ts";
import type { MeshLayer } from "../../../src/geometry/layer.ts";
import type { Rgb } from "../../../src/geometry/rgb.ts";

export interface Eye {
  /** Where the camera stands, in the mesh's own axes. */
  at: readonly [x: number, y: number, z: number];
  /** Radians that it is turned to the left. */
  turn: number;
}

export const original: Eye = { at: [0, 0, 0], turn: 0 };

export interface Drawing extends Rgb {
  /** Distance along the view of what each pixel shows; infinite where nothing is. */
  depth: Float32Array;
}

export function blank(width: number, height: number): Drawing {
  return {
    pixels: new Uint8Array(width * height * 3),
    depth: new Float32Array(width * height).fill(Number.POSITIVE_INFINITY),
    width,
    height,
  };
}

/** Adds a layer to a drawing of any size; the drawing shows what the camera's picture does. */
export function draw(
  onto: Drawing,
  { positions, uvs, indices }: MeshLayer,
  texture: Rgb,
  camera: Camera,
  { at, turn }: Eye = original,
): void {
  const scale = onto.width / camera.width;
  const [sine, cosine] = [Math.sin(turn), Math.cos(turn)];
  const count = positions.length / 3;
  const screen = new Float64Array(count * 3);
  for (let i = 0; i < count; i++) {
    const x = positions[i * 3]! - at[0];
    const y = positions[i * 3 + 1]! - at[1];
    const z = positions[i * 3 + 2]! - at[2];
    const depth = -(z * cosine - x * -sine);
    screen[i * 3] = (((x * cosine + z * -sine) / depth) * camera.focal + camera.width / 2) * scale;
    screen[i * 3 + 1] = (camera.height / 2 - (y / depth) * camera.focal) * scale;
    screen[i * 3 + 2] = 1 / depth;
  }
  for (let t = 0; t < indices.length; t += 3) {
    const [a, b, c] = [indices[t]! * 3, indices[t + 1]! * 3, indices[t + 2]! * 3];
    const [ax, ay, aw] = [screen[a]!, screen[a + 1]!, screen[a + 2]!];
    const [bx, by, bw] = [screen[b]!, screen[b + 1]!, screen[b + 2]!];
    const [cx, cy, cw] = [screen[c]!, screen[c + 1]!, screen[c + 2]!];
    if (aw <= 0 || bw <= 0 || cw <= 0) continue;
    const area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay);
    if (area === 0) continue;
    const left = Math.max(0, Math.ceil(Math.min(ax, bx, cx) - 0.5));
    const right = Math.min(onto.width - 1, Math.floor(Math.max(ax, bx, cx) - 0.5));
    const top = Math.max(0, Math.ceil(Math.min(ay, by, cy) - 0.5));
    const bottom = Math.min(onto.height - 1, Math.floor(Math.max(ay, by, cy) - 0.5));
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const [px, py] = [x + 0.5, y + 0.5];
        const wb = ((px - ax) * (cy - ay) - (cx - ax) * (py - ay)) / area;
        const wc = ((bx - ax) * (py - ay) - (px - ax) * (by - ay)) / area;
        const wa = 1 - wb - wc;
        if (wa < -1e-9 || wb < -1e-9 || wc < -1e-9) continue;
        const w = wa * aw + wb * bw + wc * cw;
        const pixel = y * onto.width + x;
        if (1 / w >= onto.depth[pixel]!) continue;
        onto.depth[pixel] = 1 / w;
        const mixed = (k: number) =>
          (wa * aw * uvs[(a / 3) * 2 + k]! +
            wb * bw * uvs[(b / 3) * 2 + k]! +
            wc * cw * uvs[(c / 3) * 2 + k]!) /
          w;
        const u = Math.min(texture.width - 1, Math.max(0, Math.floor(mixed(0) * texture.width)));
        const v = Math.min(texture.height - 1, Math.max(0, Math.floor(mixed(1) * texture.height)));
        for (let k = 0; k < 3; k++)
          onto.pixels[pixel * 3 + k] = texture.pixels[(v * texture.width + u) * 3 + k]!;
      }
    }
  }
}
