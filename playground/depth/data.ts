/**
 * A depth result's numbers: grey levels for the map, floats for values and shapes.
 *
 * @module
 */
import { bytes } from "../state/api.ts";
import { readNpz } from "./npz.ts";

export type Unit = "metre" | "relative" | "relative_inverse";

export interface DepthResult {
  model: string;
  depth_image_file_id: string;
  depth_data_file_id: string | null;
  depth_data_bytes: number | null;
  width: number;
  height: number;
  min_depth: number;
  max_depth: number;
  depth_unit: Unit;
  focal_length_px: number | null;
  extras?: readonly { kind: string; file_id: string; content_type: string; bytes: number }[];
}

export interface Levels {
  /** Near is bright. */
  values: Uint8Array;
  width: number;
  height: number;
}

/** Depth of every pixel, as the model gave it. */
export interface DepthData {
  depth: Float32Array;
  width: number;
  height: number;
  unit: Unit;
  focal: number | null;
}

/** More pixels than a screen has. */
const largeFrom = 4e6;
/** Rows that are read at a time, so that the page answers in between. */
const stripRows = 256;

/** The size at which a large map is shown first. Undefined for a map that is shown as it is. */
export function coarseSize({ width, height }: { width: number; height: number }) {
  if (width * height <= largeFrom) return undefined;
  const step = Math.ceil(Math.sqrt((width * height) / largeFrom) * 1.5);
  return { width: Math.max(Math.floor(width / step), 1), height: Math.max(Math.floor(height / step), 1) };
}

/** The grey levels of the depth PNG. A large map comes coarsely first. */
export async function levelsOf(
  { depth_image_file_id: id }: DepthResult,
  first: (coarse: Levels) => void = () => {},
): Promise<Levels> {
  const bitmap = await createImageBitmap(await bytes(id), { colorSpaceConversion: "none" });
  const { width, height } = bitmap;
  const whole = { width, height };
  try {
    const coarse = coarseSize(whole);
    if (coarse) {
      first({ values: read(bitmap, { top: 0, rows: height }, coarse), ...coarse });
      await shown();
    }
    const values = new Uint8Array(width * height);
    for (let top = 0; top < height; top += stripRows) {
      const rows = Math.min(stripRows, height - top);
      values.set(read(bitmap, { top, rows }, { width, height: rows }), top * width);
      if (coarse) await new Promise((resolve) => setTimeout(resolve));
    }
    return { values, ...whole };
  } finally {
    bitmap.close();
  }
}

/** Levels of some rows, brought to a size without mixing them. */
function read(
  bitmap: ImageBitmap,
  { top, rows }: { top: number; rows: number },
  { width, height }: { width: number; height: number },
): Uint8Array {
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.imageSmoothingEnabled = false;
  context.drawImage(bitmap, 0, top, bitmap.width, rows, 0, 0, width, height);
  const pixels = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
  const values = new Uint8Array(pixels.length);
  for (let i = 0; i < values.length; i++) values[i] = pixels[i]! & 255;
  return values;
}

/** Resolves once the page was drawn. A hidden page is not drawn. */
const shown = () =>
  new Promise<void>((resolve) => {
    if (document.hidden) return resolve();
    requestAnimationFrame(() => setTimeout(resolve));
  });

export async function dataOf(result: DepthResult): Promise<DepthData> {
  const arrays = await readNpz(await bytes(result.depth_data_file_id!));
  const depth = arrays.get("depth");
  const [height, width] = depth?.shape ?? [];
  if (!(depth?.data instanceof Float32Array) || !width || !height)
    throw new Error("The depth file holds no depth.");
  return { depth: depth.data, width, height, unit: result.depth_unit, focal: result.focal_length_px };
}

/** Three significant digits; nobody has a millimetre at a kilometre. */
export const metres = (value: number) =>
  `${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))} m`;

/** A depth value in words. */
export const valueText = (value: number, unit: Unit) =>
  unit === "metre" ? metres(value) : Number(value.toPrecision(3)).toString();

export const unitText: Record<Unit, string> = {
  metre: "metres",
  relative: "relative depth (no unit)",
  relative_inverse: "relative depth (no unit)",
};

/** What a grey level of the map means, approximately: the map is linear in inverse depth. */
export function levelValue(
  level: number,
  { min_depth: min, max_depth: max, depth_unit: unit }: DepthResult,
): number {
  const share = level / 255;
  if (unit === "relative_inverse") return min + (max - min) * share;
  if (!(min > 0)) return max - (max - min) * share;
  return 1 / (1 / max + (1 / min - 1 / max) * share);
}

/** A place of the camera's space: x right, y up, −z ahead. */
export function spaceAt(data: DepthData, x: number, y: number): [number, number, number] {
  const { depth, width, height } = data;
  const column = Math.min(Math.max(Math.floor(x), 0), width - 1);
  const row = Math.min(Math.max(Math.floor(y), 0), height - 1);
  const z = depth[row * width + column]!;
  const focal = data.focal ?? usualFocal(width, height);
  return [((x - width / 2) / focal) * z, ((height / 2 - y) / focal) * z, -z];
}

/** The focal length of an ordinary lens, 55° along the longer side, in pixels. */
export const usualFocal = (width: number, height: number) =>
  Math.max(width, height) / 2 / Math.tan((55 * Math.PI) / 360);
