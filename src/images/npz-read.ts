/**
 * Reads NumPy's `.npz` as far as depth maps need it: little-endian floats in C order, stored or deflated. Files are hostile until
 * shown otherwise: every offset and size is checked, and nothing larger than allowed is inflated.
 *
 * @module
 */
import type { NpzArray } from "./npz.ts";

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;
/** A comment behind the directory can be so long. */
const LONGEST_COMMENT = 0xffff;

/** The file is no `.npz` of that kind. The message is for people. */
export class NpzError extends Error {
  override name = "NpzError" as const;
}

const broken = (reason: string) => new NpzError(`it is not an NPZ that can be read: ${reason}`);

/** The named arrays that the file has. `maxBytes` bounds each of them. */
export async function decodeNpz(
  file: Uint8Array,
  names: readonly string[],
  maxBytes: number,
): Promise<Record<string, NpzArray>> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  try {
    const found: Record<string, NpzArray> = {};
    for (const entry of entriesOf(file, view)) {
      const name = entry.name.replace(/\.npy$/, "");
      if (names.includes(name)) found[name] = parseNpy(await unpack(file, view, entry, maxBytes));
    }
    return found;
  } catch (error) {
    if (error instanceof RangeError) throw broken("an offset points outside of it");
    throw error;
  }
}

interface Entry {
  name: string;
  method: number;
  packed: number;
  size: number;
  offset: number;
}

function entriesOf(file: Uint8Array, view: DataView): Entry[] {
  let end = file.length - 22;
  const first = Math.max(0, end - LONGEST_COMMENT);
  while (end >= first && view.getUint32(end, true) !== END) end--;
  if (end < first) throw broken("it is not a zip archive");
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  const entries: Entry[] = [];
  for (let i = 0; i < count; i++) {
    if (view.getUint32(at, true) !== CENTRAL) throw broken("its directory is damaged");
    const nameLength = view.getUint16(at + 28, true);
    entries.push({
      name: new TextDecoder("latin1").decode(file.subarray(at + 46, at + 46 + nameLength)),
      method: view.getUint16(at + 10, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
    });
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return entries;
}

async function unpack(
  file: Uint8Array,
  view: DataView,
  { method, packed, size, offset }: Entry,
  maxBytes: number,
): Promise<Uint8Array> {
  if (view.getUint32(offset, true) !== LOCAL) throw broken("its directory is damaged");
  // Names may be padded differently in the two headers.
  const start = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (start + packed > file.length) throw broken("it is cut short");
  if (size > maxBytes) throw broken("an array is larger than allowed");
  const body = file.subarray(start, start + packed);
  if (method === STORED) return body;
  if (method !== DEFLATED) throw broken("its compression is not known");
  const { inflateRaw } = process.getBuiltinModule("node:zlib");
  return await new Promise((resolve, reject) => {
    inflateRaw(body, { maxOutputLength: maxBytes }, (error, bytes) => {
      if (error) reject(broken("an array is damaged"));
      else resolve(bytes);
    });
  });
}

function parseNpy(bytes: Uint8Array): NpzArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== 0x934e554d) throw broken("an array has no header");
  const major = view.getUint8(6);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const start = (major === 1 ? 10 : 12) + length;
  if (start > bytes.length) throw broken("an array is cut short");
  const header = new TextDecoder("latin1").decode(bytes.subarray(start - length, start));
  const type = /'descr':\s*'<f([48])'/.exec(header)?.[1];
  const shape = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (type === undefined || shape === undefined || !/'fortran_order':\s*False/.test(header))
    throw broken("an array holds no little-endian floats in C order");
  const sides = shape
    .split(",")
    .filter((side) => side.trim() !== "")
    .map(Number);
  const size = Number(type);
  const count = sides.reduce((product, side) => product * side, 1);
  if (bytes.length - start !== count * size) throw broken("an array has not the size that it says");
  // A copy, since the values may lie at an odd address.
  const values = new Uint8Array(bytes.subarray(start)).buffer;
  return { data: size === 4 ? new Float32Array(values) : new Float64Array(values), shape: sides };
}
