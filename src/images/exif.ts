/**
 * The one EXIF value that depth estimation wants. sharp reads the orientation itself and hands out the rest undecoded.
 *
 * @module
 */

/** `FocalLengthIn35mmFilm`, and the pointer from the first directory to the EXIF directory that usually holds it. */
const FOCAL_LENGTH_35MM = 0xa405;
const EXIF_DIRECTORY = 0x8769;

/**
 * The focal length in millimetres of 35 mm film, or undefined where the block has none above zero. A block that is cut short or
 * points outside itself counts as missing: a bad tag must not refuse the picture.
 */
export function focalLength35mm(exif: Uint8Array): number | undefined {
  // JPEG and WebP put this marker in front of the TIFF header, PNG does not.
  const marked = exif.length > 6 && String.fromCharCode(...exif.subarray(0, 4)) === "Exif";
  const block = marked ? exif.subarray(6) : exif;
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  try {
    const order = view.getUint16(0);
    if (order !== 0x4949 && order !== 0x4d4d) return undefined;
    const little = order === 0x4949;
    const first = readDirectory(view, view.getUint32(4, little), little);
    const pointer = first.get(EXIF_DIRECTORY);
    const second = pointer === undefined ? undefined : readDirectory(view, pointer, little);
    const value = first.get(FOCAL_LENGTH_35MM) ?? second?.get(FOCAL_LENGTH_35MM);
    return value !== undefined && value > 0 ? value : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The first value of every numeric entry, by tag. */
function readDirectory(view: DataView, offset: number, little: boolean): Map<number, number> {
  const entries = new Map<number, number>();
  const count = view.getUint16(offset, little);
  for (let index = 0; index < count; index++) {
    const at = offset + 2 + index * 12;
    const tag = view.getUint16(at, little);
    if (tag !== FOCAL_LENGTH_35MM && tag !== EXIF_DIRECTORY) continue;
    const value = readValue(view, view.getUint16(at + 2, little), at + 8, little);
    if (value !== undefined) entries.set(tag, value);
  }
  return entries;
}

function readValue(view: DataView, type: number, at: number, little: boolean): number | undefined {
  switch (type) {
    case 1:
      return view.getUint8(at);
    case 3:
      return view.getUint16(at, little);
    case 4:
      return view.getUint32(at, little);
    case 5: {
      const ratio = view.getUint32(at, little);
      const denominator = view.getUint32(ratio + 4, little);
      return denominator === 0 ? undefined : view.getUint32(ratio, little) / denominator;
    }
    default:
      return undefined;
  }
}

/** Apple's rule: the diagonal of 35 mm film stands for the diagonal of the picture, whatever its aspect. */
export function focalLengthInPixels(millimetres: number, width: number, height: number): number {
  return (millimetres * Math.hypot(width, height)) / Math.hypot(36, 24);
}
