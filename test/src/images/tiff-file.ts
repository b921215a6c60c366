type Samples = Uint16Array | Int16Array | Int8Array | Uint32Array | Float32Array;
const formatOf = (samples: Samples) =>
  samples instanceof Float32Array ? 3 : samples instanceof Int16Array || samples instanceof Int8Array ? 2 : 1;

/** A TIFF file of one row of samples, without compression: grey, RGB or RGB with alpha. */
export function tiffOf(
  samples: Samples,
  channels: 1 | 3 | 4,
  options: { whiteIsZero?: boolean } = {},
): Uint8Array {
  const short = (value: number) => [3, channels, value] as const;
  const width = samples.length / channels;
  const hasAlpha = channels === 4;
  const entries = hasAlpha ? 11 : 10;
  const lists = 8 + 2 + entries * 12 + 4;
  const start = lists + 4 * channels;
  const each = (at: number, value: number) => (channels === 1 ? value : lists + at);
  const bits = samples.BYTES_PER_ELEMENT * 8;
  const fields: (readonly [tag: number, type: number, count: number, value: number])[] = [
    [256, 4, 1, width],
    [257, 4, 1, 1],
    [258, ...short(each(0, bits))],
    [259, 3, 1, 1],
    [262, 3, 1, channels !== 1 ? 2 : options.whiteIsZero ? 0 : 1],
    [273, 4, 1, start],
    [277, 3, 1, channels],
    [278, 4, 1, 1],
    [279, 4, 1, samples.byteLength],
    ...(hasAlpha ? [[338, 3, 1, 2] as const] : []),
    [339, ...short(each(2 * channels, formatOf(samples)))],
  ];
  const file = Buffer.alloc(start + samples.byteLength);
  file.write("II*\0\b\0\0\0", "latin1");
  file.writeUInt16LE(entries, 8);
  fields.forEach(([tag, type, count, value], i) => {
    const at = 10 + i * 12;
    file.writeUInt16LE(tag, at);
    file.writeUInt16LE(type, at + 2);
    file.writeUInt32LE(count, at + 4);
    file.writeUInt32LE(value, at + 8);
  });
  for (let c = 0; c < channels; c++) {
    file.writeUInt16LE(bits, lists + 2 * c);
    file.writeUInt16LE(formatOf(samples), lists + 2 * (channels + c));
  }
  file.set(new Uint8Array(samples.buffer), start);
  return new Uint8Array(file);
}
