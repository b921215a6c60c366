/**
 * OpenEXR with one float channel, lossless (ZIP, sixteen rows a block).
 *
 * The channel is called Y, since viewers and Blender show a lone Z channel as black.
 *
 * @module
 */

const ROWS_PER_BLOCK = 16;
const MAGIC = 20000630;
const VERSION = 2;
const ZIP = 3;
const FLOAT = 2;
const INCREASING_Y = 0;

/** The rows in OpenEXR's order before compression: low and high bytes apart, each byte as a difference. */
export interface ExrRows {
  width: number;
  height: number;
  /** The blocks one after the other. */
  packed: Uint8Array;
}

/** Brings rows into the order that they are compressed in. */
export function packExr(depth: Float32Array, width: number, height: number): ExrRows {
  const bytes = new Uint8Array(depth.buffer, depth.byteOffset, width * height * 4);
  const packed = new Uint8Array(bytes.length);
  const block = width * 4 * ROWS_PER_BLOCK;
  for (let start = 0; start < bytes.length; start += block) {
    const end = Math.min(start + block, bytes.length);
    // Floats are little-endian and rows even in length: even bytes go to the first half.
    const half = (end - start) >> 1;
    let before = bytes[start]!;
    packed[start] = before;
    for (let from = start + 2, to = start + 1; from < end; from += 2, to++) {
      const value = bytes[from]!;
      packed[to] = value - before + 128;
      before = value;
    }
    for (let from = start + 1, to = start + half; from < end; from += 2, to++) {
      const value = bytes[from]!;
      packed[to] = value - before + 128;
      before = value;
    }
  }
  return { width, height, packed };
}

/** A file with these rows. Attributes that are numbers become floats, others strings. Compression runs on a thread pool. */
export async function encodeExr(
  { width, height, packed }: ExrRows,
  depth: Float32Array,
  attributes: Readonly<Record<string, number | string>>,
): Promise<Blob> {
  const { deflate } = process.getBuiltinModule("node:zlib");
  const block = width * 4 * ROWS_PER_BLOCK;
  const raw = new Uint8Array(depth.buffer, depth.byteOffset, width * height * 4);
  const chunks = await Promise.all(
    Array.from({ length: Math.ceil(height / ROWS_PER_BLOCK) }, (_, index) => {
      const [start, end] = [index * block, Math.min((index + 1) * block, raw.length)];
      return new Promise<Uint8Array>((resolve, reject) => {
        deflate(packed.subarray(start, end), { level: LEVEL }, (error, bytes) => {
          if (error) return reject(error);
          // A block that does not shrink is stored as it is, which readers tell by its length.
          resolve(bytes.length < end - start ? bytes : raw.subarray(start, end));
        });
      });
    }),
  );
  const header = headerOf(width, height, attributes);
  const table = new DataView(new ArrayBuffer(chunks.length * 8));
  const parts: Uint8Array[] = [header, new Uint8Array(table.buffer)];
  let offset = header.length + table.byteLength;
  for (const [index, bytes] of chunks.entries()) {
    table.setBigUint64(index * 8, BigInt(offset), true);
    const lead = new DataView(new ArrayBuffer(8));
    lead.setInt32(0, index * ROWS_PER_BLOCK, true);
    lead.setInt32(4, bytes.length, true);
    parts.push(new Uint8Array(lead.buffer), bytes);
    offset += 8 + bytes.length;
  }
  return new Blob(parts as BlobPart[], { type: "image/x-exr" });
}

/** Higher levels take twice as long and save a tenth. */
const LEVEL = 1;

function headerOf(
  width: number,
  height: number,
  attributes: Readonly<Record<string, number | string>>,
): Uint8Array {
  const bytes: number[] = [];
  const integer = (value: number) => bytes.push(...new Uint8Array(new Int32Array([value]).buffer));
  const float = (value: number) => bytes.push(...new Uint8Array(new Float32Array([value]).buffer));
  const text = (value: string) => bytes.push(...new TextEncoder().encode(value));
  const name = (value: string) => {
    text(value);
    bytes.push(0);
  };
  const attribute = (key: string, type: string, size: number) => {
    name(key);
    name(type);
    integer(size);
  };
  const box = () => [0, 0, width - 1, height - 1].forEach(integer);

  integer(MAGIC);
  integer(VERSION);
  attribute("channels", "chlist", 2 + 16 + 1);
  name("Y");
  // Pixel type; linear flag and three reserved bytes; sampling along x and y.
  [FLOAT, 0, 1, 1].forEach(integer);
  bytes.push(0);
  attribute("compression", "compression", 1);
  bytes.push(ZIP);
  attribute("dataWindow", "box2i", 16);
  box();
  attribute("displayWindow", "box2i", 16);
  box();
  attribute("lineOrder", "lineOrder", 1);
  bytes.push(INCREASING_Y);
  attribute("pixelAspectRatio", "float", 4);
  float(1);
  attribute("screenWindowCenter", "v2f", 8);
  float(0);
  float(0);
  attribute("screenWindowWidth", "float", 4);
  float(1);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "number") {
      attribute(key, "float", 4);
      float(value);
    } else {
      const encoded = new TextEncoder().encode(value);
      attribute(key, "string", encoded.length);
      bytes.push(...encoded);
    }
  }
  bytes.push(0);
  return new Uint8Array(bytes);
}
