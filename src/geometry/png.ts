/**
 * A small PNG, made on the thread that calls: for textures that the engine thread puts into a file of its own.
 *
 * @module
 */
import { crc32, deflateSync } from "node:zlib";
import type { Rgb } from "./rgb.ts";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Each byte is stored as the difference from the one above. */
const UP = 2;

export function encodePng({ pixels, width, height }: Rgb): Uint8Array {
  const line = width * 3;
  const rows = new Uint8Array((line + 1) * height);
  for (let y = 0; y < height; y++) {
    const to = y * (line + 1);
    rows[to] = UP;
    for (let i = 0; i < line; i++)
      rows[to + 1 + i] = pixels[y * line + i]! - (y > 0 ? pixels[(y - 1) * line + i]! : 0);
  }
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  // Eight bits, RGB; compression, filter and interlace are the only or the plain ones.
  header.setUint8(8, 8);
  header.setUint8(9, 2);
  return Buffer.concat([
    Uint8Array.from(SIGNATURE),
    chunk("IHDR", new Uint8Array(header.buffer)),
    chunk("IDAT", deflateSync(rows, { level: 6 })),
    chunk("IEND", new Uint8Array()),
  ]);
}

function chunk(type: string, body: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(12 + body.length);
  bytes.writeUInt32BE(body.length, 0);
  bytes.write(type, 4, "latin1");
  bytes.set(body, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + body.length)), 8 + body.length);
  return bytes;
}
