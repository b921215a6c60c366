/**
 * The page as the server gives it out: every file that it consists of, by its path.
 *
 * @module
 */

export interface PageFile {
  type: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** `index.html`, and what it names below `/playground/`. The latter carry their hash in their names. */
export type Page = ReadonlyMap<string, PageFile>;

/** As one file: the length of a table in JSON, the table, the files one after the other. */
export function packPage(page: Page): Uint8Array<ArrayBuffer> {
  const table = [...page].map(([name, { type, bytes }]) => ({ name, type, size: bytes.length }));
  const head = new TextEncoder().encode(JSON.stringify(table));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, head.length, true);
  return new Uint8Array(Buffer.concat([length, head, ...[...page.values()].map(({ bytes }) => bytes)]));
}

export function unpackPage(packed: Uint8Array<ArrayBuffer>): Page {
  const length = new DataView(packed.buffer, packed.byteOffset).getUint32(0, true);
  const table = JSON.parse(new TextDecoder().decode(packed.subarray(4, 4 + length))) as {
    name: string;
    type: string;
    size: number;
  }[];
  let at = 4 + length;
  const page = new Map<string, PageFile>();
  for (const { name, type, size } of table) {
    page.set(name, { type, bytes: packed.subarray(at, at + size) });
    at += size;
  }
  return page;
}
