/**
 * Plain pixels as a TIFF file without compression, so that a decoder takes them with their colour profile.
 *
 * @module
 */

export interface PlainTiff {
  file: Uint8Array<ArrayBuffer>;
  /** The part of `file` that holds rows of pixels, to be filled. */
  pixels: Uint8Array<ArrayBuffer>;
}

const shorts = 3;
const longs = 4;
const undefinedBytes = 7;

/** A file of 8-bit RGB or RGBA pixels. */
export function plainTiff(
  { width, height, channels }: { width: number; height: number; channels: 3 | 4 },
  profile?: Uint8Array,
): PlainTiff {
  const size = width * height * channels;
  const entries = 9 + (channels === 4 ? 1 : 0) + (profile ? 1 : 0);
  const bits = 8 + 2 + entries * 12 + 4;
  const icc = bits + channels * 2;
  const start = icc + (profile?.length ?? 0) + ((profile?.length ?? 0) % 2);
  const fields: [tag: number, type: number, count: number, value: number][] = [
    [256, longs, 1, width],
    [257, longs, 1, height],
    [258, shorts, channels, bits],
    // No compression; red, green, blue.
    [259, shorts, 1, 1],
    [262, shorts, 1, 2],
    [273, longs, 1, start],
    [277, shorts, 1, channels],
    [278, longs, 1, height],
    [279, longs, 1, size],
    // The fourth sample is alpha that the colours are not multiplied with.
    ...(channels === 4 ? [[338, shorts, 1, 2] as [number, number, number, number]] : []),
    ...(profile ? [[34675, undefinedBytes, profile.length, icc] as [number, number, number, number]] : []),
  ];
  const file = new Uint8Array(start + size);
  const view = new DataView(file.buffer);
  file.set([0x49, 0x49, 42, 0, 8, 0, 0, 0]);
  view.setUint16(8, entries, true);
  fields.forEach(([tag, type, count, value], i) => {
    const at = 10 + i * 12;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, type, true);
    view.setUint32(at + 4, count, true);
    if (type === shorts && count === 1) view.setUint16(at + 8, value, true);
    else view.setUint32(at + 8, value, true);
  });
  for (let i = 0; i < channels; i++) view.setUint16(bits + i * 2, 8, true);
  if (profile) file.set(profile, icc);
  return { file, pixels: file.subarray(start) };
}
