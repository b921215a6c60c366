/**
 * Colour profiles (ICC) that pictures carry: which can stay with their pixels, and how a file gets one. libvips would change the
 * pixels on the way, so the profile is put into the finished file.
 *
 * @module
 */
import { promisify } from "node:util";
import { deflate } from "node:zlib";
import type { PictureFormat } from "./encode.ts";
import { insertChunk } from "./png.ts";

const headerBytes = 128;
/** Profiles of printers with tables for every case stay below that. */
const mostBytes = 4 << 20;

/** Whether a profile says what the numbers of an RGB picture mean. One of grey or CMYK tells nothing of three channels of light. */
export function describesRgb(profile: Uint8Array): boolean {
  const text = (at: number) => String.fromCharCode(...profile.subarray(at, at + 4));
  return (
    profile.length > headerBytes && profile.length <= mostBytes && text(16) === "RGB " && text(36) === "acsp"
  );
}

/** The file of that format with a profile in it. It must have none yet. */
export async function withProfile(
  file: Uint8Array,
  format: PictureFormat,
  profile: Uint8Array,
): Promise<Uint8Array> {
  switch (format) {
    case "png": {
      // Its name, the end of the name, the one method there is.
      const packed = await promisify(deflate)(profile);
      return insertChunk(file, "iCCP", Buffer.concat([Buffer.from("icc\0\0", "latin1"), packed]));
    }
    case "jpeg":
      return jpegWith(file, profile);
    case "webp":
      return webpWith(file, profile);
  }
}

const jpegMarker = Buffer.from("ICC_PROFILE\0", "latin1");
/** A segment counts its bytes in 16 bits, the count included. */
const segmentBytes = 0xffff - 2 - jpegMarker.length - 2;

/** Behind the segments that want to be first: JFIF's and EXIF's. */
function jpegWith(file: Uint8Array, profile: Uint8Array): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let at = 2;
  while (view.getUint8(at) === 0xff && [0xe0, 0xe1].includes(view.getUint8(at + 1)))
    at += 2 + view.getUint16(at + 2);
  const count = Math.ceil(profile.length / segmentBytes);
  const segments = Array.from({ length: count }, (_, i) => {
    const part = profile.subarray(i * segmentBytes, (i + 1) * segmentBytes);
    const head = Buffer.from([0xff, 0xe2, 0, 0]);
    head.writeUInt16BE(2 + jpegMarker.length + 2 + part.length, 2);
    return Buffer.concat([head, jpegMarker, Buffer.from([i + 1, count]), part]);
  });
  return Buffer.concat([file.subarray(0, at), ...segments, file.subarray(at)]);
}

const riffBytes = 12;
const extendedBytes = 10;
const hasProfile = 0x20;
const hasAlpha = 0x10;

/** In front of the picture's data, behind the chunk that lists what a file has. Small files lack that chunk. */
function webpWith(file: Uint8Array, profile: Uint8Array): Uint8Array {
  const source = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const kind = source.toString("latin1", riffBytes, riffBytes + 4);
  const extended = kind === "VP8X";
  const list = Buffer.alloc(extendedBytes);
  const body = riffBytes + 8;
  if (extended) source.copy(list, 0, body, body + extendedBytes);
  else {
    const { width, height, alpha } =
      kind === "VP8L" ? losslessHeader(source, body) : lossyHeader(source, body);
    list[0] = alpha ? hasAlpha : 0;
    list.writeUIntLE(width - 1, 4, 3);
    list.writeUIntLE(height - 1, 7, 3);
  }
  list[0]! |= hasProfile;
  const chunks = Buffer.concat([
    webpChunk("VP8X", list),
    webpChunk("ICCP", profile),
    source.subarray(extended ? body + extendedBytes : riffBytes),
  ]);
  const riff = Buffer.from("RIFF\0\0\0\0WEBP", "latin1");
  riff.writeUInt32LE(4 + chunks.length, 4);
  return Buffer.concat([riff, chunks]);
}

function webpChunk(name: string, data: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.write(name, "latin1");
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
}

/** Behind the frame's tag and its start code: 14 bits each, and two of scaling. */
function lossyHeader(source: Buffer, body: number) {
  const side = (at: number) => source.readUInt16LE(body + at) & 0x3fff;
  return { width: side(6), height: side(8), alpha: false };
}

/** Behind the signature: 14 bits each, less one, and whether there is transparency. */
function losslessHeader(source: Buffer, body: number) {
  const bits = source.readUInt32LE(body + 1);
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1, alpha: (bits >>> 28) % 2 === 1 };
}
