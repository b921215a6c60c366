/**
 * Points in space from a picture and its depth.
 *
 * @module
 */
import type { DepthData } from "./depth-view.ts";

export type Picture = HTMLImageElement | HTMLCanvasElement;

export interface PointSet {
  /** x to the right, y up, the camera at the origin looking along -z. */
  positions: Float32Array;
  colors: Uint8Array;
  count: number;
  /** Depth that the view turns about. */
  middle: number;
  /** Between neighbours at depth 1. */
  spacing: number;
  /** Vertical, in degrees. */
  fieldOfView: number;
  aspect: number;
}

/** As many points as a small GPU turns smoothly. */
const mostPoints = 600_000;
/** Field of view of an ordinary lens, along the longer side, where nothing tells the real one. */
const usualView = (55 * Math.PI) / 180;
/** How much farther than the nearest the farthest point of a map without a unit is put. */
const relativeReach = 4;
/** Points farther than this many times the middle depth are sky, or as good as. */
const horizon = 8;

export function pointsOf(data: DepthData, picture: Picture): PointSet {
  const { width, height } = data;
  const step = Math.max(1, Math.ceil(Math.sqrt((width * height) / mostPoints)));
  const columns = Math.floor(width / step);
  const rows = Math.floor(height / step);
  const paint = pixelsOf(picture, columns, rows);
  const focal = data.focal ?? Math.max(width, height) / 2 / Math.tan(usualView / 2);
  const depthAt = toDepth(data);

  const sample: number[] = [];
  for (let i = 0; i < 4096; i++)
    sample.push(depthAt(data.depth[Math.floor((i * data.depth.length) / 4096)]!));
  sample.sort((a, b) => a - b);
  const middle = sample[2048]!;
  const farthest = Math.min(middle * horizon, sample[4050]! * 1.5);

  const positions = new Float32Array(columns * rows * 3);
  const colors = new Uint8Array(columns * rows * 3);
  let count = 0;
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const x = column * step + step / 2;
      const y = row * step + step / 2;
      const depth = depthAt(data.depth[Math.floor(y) * width + Math.floor(x)]!);
      if (!(depth > 0 && depth <= farthest)) continue;
      positions[count * 3] = ((x - width / 2) / focal) * depth;
      positions[count * 3 + 1] = ((height / 2 - y) / focal) * depth;
      positions[count * 3 + 2] = -depth;
      const pixel = (row * columns + column) * 4;
      for (let c = 0; c < 3; c++) colors[count * 3 + c] = paint[pixel + c]!;
      count++;
    }
  return {
    positions: positions.slice(0, count * 3),
    colors: colors.slice(0, count * 3),
    count,
    middle,
    spacing: (1.5 * step) / focal,
    fieldOfView: (2 * Math.atan(height / 2 / focal) * 180) / Math.PI,
    aspect: width / height,
  };
}

/** What a model's number means as a distance from the camera, up to a factor. */
function toDepth({ depth, unit }: DepthData): (value: number) => number {
  if (unit !== "relative_inverse") return (value) => value;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of depth) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const range = high - low || 1;
  const far = 1 / relativeReach;
  return (value) => 1 / (far + (1 - far) * ((value - low) / range));
}

function pixelsOf(picture: Picture, width: number, height: number): Uint8ClampedArray {
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.drawImage(picture, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}
