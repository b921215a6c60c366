/**
 * PLY, binary little-endian: the point cloud that Blender, MeshLab, CloudCompare and photogrammetry programs read.
 *
 * @module
 */
import type { Points } from "./points.ts";

const AXES = ["x", "y", "z"].map((axis) => `property float ${axis}`);
const COLORS = ["red", "green", "blue"].map((color) => `property uchar ${color}`);
/** Three floats and three bytes. */
const RECORD = 15;

/** `comments` become lines of the header. */
export function encodePly(
  { positions, colors, count }: Points,
  comments: readonly string[],
): Uint8Array<ArrayBuffer> {
  const header = new TextEncoder().encode(
    [
      "ply",
      "format binary_little_endian 1.0",
      ...comments.map((comment) => `comment ${comment.replace(/\s+/g, " ")}`),
      `element vertex ${count}`,
      ...AXES,
      ...COLORS,
      "end_header\n",
    ].join("\n"),
  );
  const file = new Uint8Array(header.length + count * RECORD);
  file.set(header);
  const view = new DataView(file.buffer);
  for (let i = 0, at = header.length; i < count; i++, at += RECORD) {
    const from = i * 3;
    view.setFloat32(at, positions[from]!, true);
    view.setFloat32(at + 4, positions[from + 1]!, true);
    view.setFloat32(at + 8, positions[from + 2]!, true);
    file[at + 12] = colors[from]!;
    file[at + 13] = colors[from + 1]!;
    file[at + 14] = colors[from + 2]!;
  }
  return file;
}
