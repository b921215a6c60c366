/**
 * Chunks of PNG files.
 *
 * @module
 */

const signatureAndHeader = 8 + 25;

/** A PNG with one more chunk, right behind its header. */
export function insertChunk(png: Uint8Array, type: string, data: Uint8Array): Uint8Array {
  return insertChunks(png, [[type, data]]);
}

/** A PNG with text chunks behind its header. They are iTXt, so that any text fits. */
export function withText(png: Uint8Array, text: Readonly<Record<string, string>>): Uint8Array {
  return insertChunks(
    png,
    Object.entries(text).map(([keyword, value]) => ["iTXt", textData(keyword, value)]),
  );
}

function insertChunks(png: Uint8Array, chunks: readonly (readonly [type: string, data: Uint8Array])[]) {
  return Buffer.concat([
    png.subarray(0, signatureAndHeader),
    ...chunks.map(([type, data]) => chunk(type, data)),
    png.subarray(signatureAndHeader),
  ]);
}

function textData(keyword: string, value: string): Buffer {
  // Keyword, its end, "not compressed" and the method, no language and no translated keyword.
  return Buffer.concat([Buffer.from(keyword, "latin1"), Buffer.from([0, 0, 0, 0, 0]), Buffer.from(value)]);
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(Bun.hash.crc32(body), body.length + 4);
  return framed;
}
