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

/**
 * A file with these rows. Attributes that are numbers become floats, others strings.
 *
 * Blocks are compressed on a thread pool, a batch at a time: each compressor holds about 200 kB, however small its block.
 */
export async function encodeExr(
  { width, height, packed }: ExrRows,
  depth: Float32Array,
  attributes: Readonly<Record<string, number | string>>,
): Promise<Blob> {
  const block = width * 4 * ROWS_PER_BLOCK;
  const raw = new Uint8Array(depth.buffer, depth.byteOffset, width * height * 4);
  const count = Math.ceil(height / ROWS_PER_BLOCK);
  const header = headerOf(width, height, attributes);
  const table = new DataView(new ArrayBuffer(count * 8));
  const parts: Uint8Array[] = [header, new Uint8Array(table.buffer)];
  let offset = header.length + table.byteLength;
  for (let first = 0; first < count; first += BATCH) {
    const batch = await Promise.all(
      Array.from({ length: Math.min(BATCH, count - first) }, (_, index) => {
        const [start, end] = [(first + index) * block, Math.min((first + index + 1) * block, raw.length)];
        return compressed(packed.subarray(start, end), raw.subarray(start, end));
      }),
    );
    const joined = new Uint8Array(batch.reduce((sum, bytes) => sum + LEAD + bytes.length, 0));
    const view = new DataView(joined.buffer);
    let at = 0;
    for (const [index, bytes] of batch.entries()) {
      table.setBigUint64((first + index) * 8, BigInt(offset + at), true);
      view.setInt32(at, (first + index) * ROWS_PER_BLOCK, true);
      view.setInt32(at + 4, bytes.length, true);
      joined.set(bytes, at + LEAD);
      at += LEAD + bytes.length;
    }
    parts.push(joined);
    offset += at;
  }
  return new Blob(parts as BlobPart[], { type: "image/x-exr" });
}

/** Blocks that are compressed at the same time: enough for every thread of the pool. */
const BATCH = 32;
/** Bytes before each block: its first row and its length. */
const LEAD = 8;

/** A block that does not shrink is stored as it is, which readers tell by its length. */
function compressed(packed: Uint8Array, raw: Uint8Array): Promise<Uint8Array> {
  const { deflate } = process.getBuiltinModule("node:zlib");
  return new Promise((resolve, reject) => {
    deflate(packed, { level: LEVEL }, (error, bytes) => {
      if (error) return reject(error);
      resolve(bytes.length < raw.length ? bytes : raw);
    });
  });
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
