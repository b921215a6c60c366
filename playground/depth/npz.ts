/**
 * Reads NumPy's `.npz` as the server writes it: a zip archive of `.npy` arrays of floats.
 *
 * @module
 */

export interface NpyArray {
  data: Float32Array | Float64Array;
  shape: number[];
}

export async function readNpz(archive: Blob): Promise<Map<string, NpyArray>> {
  const view = new DataView(await archive.arrayBuffer());
  const arrays = new Map<string, NpyArray>();
  for (const entry of entries(view)) {
    const stored = new Uint8Array(view.buffer, entry.start, entry.packed);
    const plain = entry.deflated ? await inflate(stored) : stored.slice().buffer;
    arrays.set(entry.name.replace(/\.npy$/, ""), readNpy(plain));
  }
  return arrays;
}

interface Entry {
  name: string;
  deflated: boolean;
  packed: number;
  start: number;
}

/** The archive's files, from the directory at its end. */
function* entries(view: DataView): Generator<Entry> {
  let end = view.byteLength - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw new Error("the depth file is not a zip archive");
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  for (let i = 0; i < count; i++) {
    const nameLength = view.getUint16(at + 28, true);
    const local = view.getUint32(at + 42, true);
    const name = new TextDecoder().decode(new Uint8Array(view.buffer, at + 46, nameLength));
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    yield {
      name,
      deflated: view.getUint16(at + 10, true) === 8,
      packed: view.getUint32(at + 20, true),
      start,
    };
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
}

const inflate = (packed: Uint8Array) =>
  new Response(
    new Blob([packed as BlobPart]).stream().pipeThrough(new DecompressionStream("deflate-raw")),
  ).arrayBuffer();

function readNpy(bytes: ArrayBuffer): NpyArray {
  const length = new DataView(bytes).getUint16(8, true);
  const header = new TextDecoder("latin1").decode(new Uint8Array(bytes, 10, length));
  const type = /'descr': '(<f[48])'/.exec(header)?.[1];
  const shape = /'shape': \(([^)]*)\)/.exec(header)?.[1];
  if (!type || shape === undefined) throw new Error("the depth file holds an array of an unknown type");
  const body = bytes.slice(10 + length);
  return {
    data: type === "<f4" ? new Float32Array(body) : new Float64Array(body),
    shape: shape
      .split(",")
      .filter((part) => part.trim())
      .map(Number),
  };
}
