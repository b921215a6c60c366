/**
 * Depth as a grey PNG of 16 bits, near is bright. A chunk of its own.
 *
 * @module
 */
import { crc32 } from "../view/crc32.ts";
import type { DepthData } from "./data.ts";

/** 0 to 65535, linear in inverse depth as the map is; in depth itself where it reaches zero or below. */
export function levels16({ depth, unit }: DepthData): Uint16Array {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of depth) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const nearness =
    unit === "relative_inverse"
      ? (value: number) => value
      : min > 0
        ? (value: number) => 1 / value
        : (value: number) => -value;
  const [far, near] = [nearness(min), nearness(max)].sort((a, b) => a - b) as [number, number];
  const span = near - far || 1;
  return Uint16Array.from(depth, (value) => Math.round(((nearness(value) - far) / span) * 65_535));
}

export async function png16(data: DepthData): Promise<Blob> {
  const { width, height } = data;
  const levels = levels16(data);
  const rows = new DataView(new ArrayBuffer(height * (1 + width * 2)));
  for (let y = 0, at = 0; y < height; y++) {
    at++;
    for (let x = 0; x < width; x++, at += 2) rows.setUint16(at, levels[y * width + x]!);
  }
  const packed = new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate"));
  const head = new DataView(new ArrayBuffer(13));
  head.setUint32(0, width);
  head.setUint32(4, height);
  head.setUint8(8, 16);
  const signature = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return new Blob(
    [
      signature,
      chunk("IHDR", new Uint8Array(head.buffer)),
      chunk("IDAT", new Uint8Array(await new Response(packed).arrayBuffer())),
      chunk("IEND", new Uint8Array()),
    ],
    { type: "image/png" },
  );
}

function chunk(type: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, body.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(body, 8);
  view.setUint32(8 + body.length, crc32(bytes.subarray(4, 8 + body.length)));
  return bytes;
}
