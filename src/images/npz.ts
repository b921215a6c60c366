/**
 * NumPy's `.npz`: a zip archive with one `.npy` an array, deflated where that makes it much smaller.
 *
 * @module
 */
import { once } from "node:events";

export interface NpzArray {
  data: Float32Array | Float64Array;
  /** Empty for a single number. */
  shape: readonly number[];
}

/** Depth maps hardly shrink more at higher levels, which take several times as long. */
const LEVEL = 1;
/** Bytes that are taken at a time, so that other work on the thread gets its turn. */
const SLICE = 4 << 20;

/** Deflating takes many times as long as storing, so it must save this share at least. Detailed depth maps hardly shrink. */
const leastSaved = 0.3;
/** Bytes of the sample that decides, and the size below which all are deflated. */
const sampleBytes = 1 << 18;

/**
 * What `numpy.load` reads, in pieces. Compression runs on a thread pool. An array that is stored as it is lies in the pieces itself, not a
 * copy of it.
 */
export async function encodeNpz(arrays: Readonly<Record<string, NpzArray>>): Promise<readonly Uint8Array[]> {
  const local: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let offset = 0;
  for (const [name, array] of Object.entries(arrays)) {
    const header = npyHeader(array);
    const body = new Uint8Array(array.data.buffer, array.data.byteOffset, array.data.byteLength);
    const method = (await shrinks(body)) ? DEFLATED : STORED;
    const { chunks, packed, crc } = await (method === DEFLATED ? deflate : store)([header, body]);
    const size = header.length + body.length;
    const entry = { name: `${name}.npy`, method, crc, packed, size, offset };
    const head = localHeader(entry);
    local.push(head, ...chunks);
    central.push(centralHeader(entry));
    offset += head.length + packed;
  }
  const directory = Buffer.concat(central);
  return [...local, directory, endOfDirectory(central.length, directory.length, offset)];
}

/** Format 1.0: magic, header length, a Python literal padded so that the data starts at a multiple of 64. */
function npyHeader({ data, shape }: NpzArray): Uint8Array {
  const descr = data instanceof Float32Array ? "<f4" : "<f8";
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const length = Math.ceil((10 + dict.length + 1) / 64) * 64;
  const header = Buffer.alloc(length, " ");
  header.write("\x93NUMPY\x01\x00", 0, "latin1");
  header.writeUInt16LE(length - 10, 8);
  header.write(dict, 10, "latin1");
  header[length - 1] = 0x0a;
  return header;
}

/** Deflates the parts as one, slice by slice on the thread pool, and sums them on the way. */
async function deflate(
  parts: readonly Uint8Array[],
): Promise<{ chunks: Uint8Array[]; packed: number; crc: number }> {
  // taken at its first use: an import costs every start time
  const { crc32, createDeflateRaw } = process.getBuiltinModule("node:zlib");
  const stream = createDeflateRaw({ level: LEVEL, chunkSize: 1 << 20 });
  const chunks: Uint8Array[] = [];
  stream.on("data", (chunk: Uint8Array) => chunks.push(chunk));
  const ended = once(stream, "end");
  let crc = 0;
  for (const part of parts) {
    for (let start = 0; start < part.length; start += SLICE) {
      const slice = part.subarray(start, start + SLICE);
      crc = crc32(slice, crc);
      await new Promise<void>((resolve, reject) => {
        stream.write(slice, (error) => (error ? reject(error) : resolve()));
      });
    }
  }
  stream.end();
  await ended;
  return { chunks, packed: chunks.reduce((sum, chunk) => sum + chunk.length, 0), crc };
}

/** Whether an array is worth deflating, by a sample out of its middle. */
async function shrinks(body: Uint8Array): Promise<boolean> {
  if (body.length <= sampleBytes) return true;
  const middle = (body.length - sampleBytes) >> 1;
  const { packed } = await deflate([body.subarray(middle, middle + sampleBytes)]);
  return packed <= sampleBytes * (1 - leastSaved);
}

/** The parts as they are, and their sum. */
async function store(parts: readonly Uint8Array[]) {
  const { crc32 } = process.getBuiltinModule("node:zlib");
  let crc = 0;
  for (const part of parts)
    for (let start = 0; start < part.length; start += SLICE) {
      crc = crc32(part.subarray(start, start + SLICE), crc);
      await new Promise(setImmediate);
    }
  return { chunks: [...parts], packed: parts.reduce((sum, part) => sum + part.length, 0), crc };
}

interface Entry {
  name: string;
  method: number;
  crc: number;
  packed: number;
  size: number;
  offset: number;
}

/** 1980-01-01, the zip format's first day: equal arrays give equal bytes. */
const FIRST_DAY = 0x0021;
const VERSION = 20;
const STORED = 0;
const DEFLATED = 8;

function localHeader(entry: Entry): Uint8Array {
  const { name } = entry;
  const head = Buffer.alloc(30 + name.length);
  head.writeUInt32LE(0x04034b50, 0);
  writeCommon(head, 4, entry);
  head.write(name, 30, "latin1");
  return head;
}

function centralHeader(entry: Entry): Uint8Array {
  const { name, offset } = entry;
  const head = Buffer.alloc(46 + name.length);
  head.writeUInt32LE(0x02014b50, 0);
  head.writeUInt16LE(VERSION, 4);
  writeCommon(head, 6, entry);
  head.writeUInt32LE(offset, 42);
  head.write(name, 46, "latin1");
  return head;
}

/** The fields that both headers share, in the same order. */
function writeCommon(head: Buffer, at: number, { method, crc, packed, size, name }: Entry): void {
  head.writeUInt16LE(VERSION, at);
  head.writeUInt16LE(method, at + 4);
  head.writeUInt16LE(FIRST_DAY, at + 8);
  head.writeUInt32LE(crc, at + 10);
  head.writeUInt32LE(packed, at + 14);
  head.writeUInt32LE(size, at + 18);
  head.writeUInt16LE(name.length, at + 22);
}

function endOfDirectory(count: number, size: number, offset: number): Uint8Array {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  return end;
}
