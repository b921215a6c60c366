/**
 * Normals of a surface as colours: red is right, green is up, blue is towards the camera.
 *
 * @module
 */
import type { Camera } from "./camera.ts";
import type { Advance, Rgb } from "./rgb.ts";
import { edgeJump, type Surface } from "./surface.ts";

/** Share of the depth range that an object's edge jumps by at least. */
const EDGE = 0.03;
/** Differences are taken over this share of the longer side: depth networks see no finer. */
const REACH = 1 / 1024;
const ROWS_PER_STEP = 256;

export function normalsOf(surface: Surface, camera: Camera, advance?: Advance): Rgb {
  const { width, height, inverse } = surface;
  const { focal } = camera;
  const reach = Math.max(1, Math.round(Math.max(width, height) * REACH));
  const edge = edgeJump(surface, EDGE);
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    if (y % ROWS_PER_STEP === 0) advance?.(y, height);
    const up = Math.min(reach, y);
    const down = Math.min(reach, height - 1 - y);
    const fromCentreY = y + 0.5 - height / 2;
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const here = inverse[at]!;
      const left = Math.min(reach, x);
      const right = Math.min(reach, width - 1 - x);
      const across = slope(inverse[at - left]!, here, inverse[at + right]!, left, right, edge);
      const along = slope(inverse[at - up * width]!, here, inverse[at + down * width]!, up, down, edge);
      // The plane through inverse distance d with the gradient (across, along) has this normal.
      const nx = -focal * across;
      const ny = focal * along;
      const nz = here - (x + 0.5 - width / 2) * across - fromCentreY * along;
      const length = Math.sqrt(nx * nx + ny * ny + nz * nz);
      const scale = length > 0 ? 127.5 / length : 0;
      const to = at * 3;
      pixels[to] = nx * scale + 128;
      pixels[to + 1] = ny * scale + 128;
      // Without surface the normal points at the camera, as the middle colour of a normal map does.
      pixels[to + 2] = length > 0 ? Math.min(nz * scale + 128, 255) : 255;
    }
  }
  advance?.(height, height);
  return { pixels, width, height };
}

/** The slope at a value from those before and behind it; beyond an object's edge nothing is looked at. */
function slope(
  before: number,
  here: number,
  behind: number,
  back: number,
  ahead: number,
  edge: number,
): number {
  const rise = here - before;
  const fall = behind - here;
  const useRise = back > 0 && before > 0 && (Math.abs(rise) < edge || Math.abs(rise) <= Math.abs(fall));
  const useFall = ahead > 0 && behind > 0 && (Math.abs(fall) < edge || Math.abs(fall) < Math.abs(rise));
  if (useRise && useFall) return (rise + fall) / (back + ahead);
  if (useRise) return rise / back;
  return useFall ? fall / ahead : 0;
}
