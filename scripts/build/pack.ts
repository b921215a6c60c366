/**
 * Writes the archive that `ffi/archive.ts` reads. The same files give the same bytes.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { type Entry, headerSize, skippable } from "../../ffi/archive.ts";

/** A ustar header without times and owners, so that nothing but the contents decides the bytes. */
function header(name: string, size: number): Uint8Array {
  const block = Buffer.alloc(headerSize);
  if (Buffer.byteLength(name) > 100) throw new Error(`${name}: too long a name for the archive`);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
  block.write(name, 0);
  block.write(octal(0o500, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(0, 11), 136);
  block.write("        0", 148);
  block.write("ustar\x0000", 257);
  const sum = block.reduce((a, b) => a + b, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

const round = (size: number) => Math.ceil(size / headerSize) * headerSize;

/** Packs the files, by their names in the archive. */
export async function pack(files: Readonly<Record<string, Uint8Array>>, level = 12): Promise<Uint8Array> {
  const frames: Uint8Array[] = [];
  const sizes: Omit<Entry, "offset">[] = [];
  for (const name of Object.keys(files).sort()) {
    const bytes = files[name]!;
    const record = new Uint8Array(headerSize + round(bytes.length));
    record.set(header(name, bytes.length));
    record.set(bytes, headerSize);
    const frame = await Bun.zstdCompress(record, { level });
    frames.push(frame);
    sizes.push({
      name,
      size: bytes.length,
      sha256: createHash("sha256").update(bytes).digest("hex"),
      length: frame.length,
    });
  }
  const names = sizes.map(({ name, size, sha256 }) => [name, size, sha256]);
  const id = createHash("sha256").update(JSON.stringify(names)).digest("hex").slice(0, 16);
  const end = await Bun.zstdCompress(new Uint8Array(2 * headerSize), { level });

  // offsets count from the archive's start, which the index itself shifts: its room is fixed before
  const index = (start: number) => {
    let offset = start;
    const entries = sizes.map((entry) => {
      const placed = { ...entry, offset };
      offset += entry.length;
      return placed;
    });
    return Buffer.from(JSON.stringify({ id, entries }));
  };
  const room = index(2 ** 40).length;
  const text = Buffer.alloc(room, " ");
  index(8 + room).copy(text);
  const lead = Buffer.alloc(8);
  lead.writeUInt32LE(skippable, 0);
  lead.writeUInt32LE(room, 4);
  return Buffer.concat([lead, text, ...frames, end]);
}
