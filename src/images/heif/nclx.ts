/**
 * Colours that HEIF and AVIF files name by numbers (`nclx`, ISO/IEC 23091-2) where they have no profile. libheif applies the matrix and
 * the range. The primaries are left to the reader: here they become a profile.
 *
 * @module
 */

/** Enough for the boxes in front of the pictures, also with many tiles. */
export const boxesBytes = 1 << 18;

export interface Nclx {
  primaries: number;
  transfer: number;
}

interface Box {
  type: string;
  /** Its contents, without the header. */
  view: DataView;
}

/** The colours of the file's picture; undefined where it names none, or the boxes are not understood. */
export function nclxOf(file: Uint8Array): Nclx | undefined {
  try {
    return read(new DataView(file.buffer, file.byteOffset, file.byteLength));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function read(file: DataView): Nclx | undefined {
  const meta = find(boxesIn(file), "meta");
  const inside = meta && [...boxesIn(part(meta, 4))];
  const item = inside && find(inside, "pitm");
  const properties = inside && find(inside, "iprp");
  if (!item || !properties) return undefined;
  const id = item.getUint8(0) === 0 ? item.getUint16(4) : item.getUint32(4);
  const parts = [...boxesIn(properties)];
  const kept = find(parts, "ipco");
  if (!kept) return undefined;
  const known = [...boxesIn(kept)];
  for (const { type, view } of parts) {
    if (type !== "ipma") continue;
    for (const index of associated(view, id)) {
      const property = known[index - 1];
      if (property?.type === "colr" && textAt(property.view, 0) === "nclx")
        return { primaries: property.view.getUint16(4), transfer: property.view.getUint16(6) };
    }
  }
  return undefined;
}

/** Numbers of the properties that an item has, from 1. */
function associated(view: DataView, id: number): number[] {
  const wideIds = view.getUint8(0) > 0;
  const wideNumbers = (view.getUint8(3) & 1) === 1;
  let at = 8;
  for (let left = view.getUint32(4); left > 0; left--) {
    const item = wideIds ? view.getUint32(at) : view.getUint16(at);
    at += wideIds ? 4 : 2;
    const count = view.getUint8(at++);
    const numbers: number[] = [];
    for (let i = 0; i < count; i++) {
      numbers.push(wideNumbers ? view.getUint16(at) & 0x7fff : view.getUint8(at) & 0x7f);
      at += wideNumbers ? 2 : 1;
    }
    if (item === id) return numbers;
  }
  return [];
}

function* boxesIn(view: DataView): Generator<Box> {
  for (let at = 0; at + 8 <= view.byteLength; ) {
    const size = view.getUint32(at);
    // Larger boxes, and those that reach to the file's end, hold the pictures.
    if (size < 8 || at + size > view.byteLength) return;
    yield { type: textAt(view, at + 4), view: part(view, at + 8, size - 8) };
    at += size;
  }
}

const part = (view: DataView, from: number, size = view.byteLength - from) =>
  new DataView(view.buffer, view.byteOffset + from, size);

const find = (boxes: Iterable<Box>, wanted: string): DataView | undefined => {
  for (const { type, view } of boxes) if (type === wanted) return view;
  return undefined;
};

const textAt = (view: DataView, at: number) =>
  String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)));

type Colorants = readonly [red: readonly number[], green: readonly number[], blue: readonly number[]];

/** Primaries that are wider than sRGB's, as XYZ under the light of profiles (D50). */
const wide: Readonly<Record<number, Colorants>> = {
  // BT.2020
  9: [
    [0.67348, 0.27904, -0.00194],
    [0.16566, 0.67534, 0.02998],
    [0.12505, 0.04561, 0.79686],
  ],
  // Display P3
  12: [
    [0.51512, 0.2412, -0.00105],
    [0.29198, 0.69225, 0.04189],
    [0.1571, 0.06657, 0.78407],
  ],
};
/** Transfer functions that screens show like sRGB's. Those of HDR (PQ, HLG) have no white that is known. */
const usualTransfers: readonly number[] = [1, 2, 6, 13, 14, 15];

/** A colour profile (ICC) of the colours; undefined for sRGB's own, and for those that no profile of three channels says. */
export function profileOf(colours: Nclx | undefined): Uint8Array<ArrayBuffer> | undefined {
  const colorants =
    colours && usualTransfers.includes(colours.transfer) ? wide[colours.primaries] : undefined;
  return colorants && matrixProfile(colorants);
}

const fixed = (value: number) => Math.round(value * 65536);
const white = [0.9642, 1, 0.82491];
/** sRGB's curve: exponent, scale and offset above the limit, slope below it, the limit. */
const curve = [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045];

/** A profile of version 4 with three primaries and sRGB's curve. */
function matrixProfile(colorants: Colorants): Uint8Array<ArrayBuffer> {
  const tags: [name: string, type: string, head: number[], numbers: readonly number[]][] = [
    ["wtpt", "XYZ ", [], white],
    ...(["rXYZ", "gXYZ", "bXYZ"] as const).map(
      (name, i) => [name, "XYZ ", [], colorants[i]!] as (typeof tags)[number],
    ),
    ...["rTRC", "gTRC", "bTRC"].map((name) => [name, "para", [3 << 16], curve] as (typeof tags)[number]),
  ];
  const sizes = tags.map(([, , head, numbers]) => 8 + 4 * (head.length + numbers.length));
  const start = 128 + 4 + 12 * tags.length;
  const profile = new Uint8Array(sizes.reduce((sum, size) => sum + size, start));
  const view = new DataView(profile.buffer);
  const write = (at: number, text: string) => profile.set(new TextEncoder().encode(text), at);
  view.setUint32(0, profile.length);
  view.setUint32(8, 0x04200000);
  write(12, "mntrRGB XYZ ");
  write(36, "acsp");
  for (const [i, value] of white.entries()) view.setInt32(68 + 4 * i, fixed(value));
  view.setUint32(128, tags.length);
  let at = start;
  for (const [i, [name, type, head, numbers]] of tags.entries()) {
    const entry = 132 + 12 * i;
    write(entry, name);
    view.setUint32(entry + 4, at);
    view.setUint32(entry + 8, sizes[i]!);
    write(at, type);
    for (const [k, value] of [...head, ...numbers.map(fixed)].entries()) view.setInt32(at + 8 + 4 * k, value);
    at += sizes[i]!;
  }
  return profile;
}
