/**
 * The archive of native parts that the binary carries: an ordinary `.tar.zst` in which every file is a zstd frame of its own, after
 * a frame that decompressors skip and that says where each file lies. So one file can be taken out without unpacking the others.
 * `scripts/build/pack.ts` writes it.
 *
 * @module
 */

export interface Entry {
  name: string;
  size: number;
  sha256: string;
  /** The file's frame within the archive. */
  offset: number;
  length: number;
}

export interface Archive {
  /** Stands for the contents: equal ids, equal files. */
  id: string;
  entries: readonly Entry[];
  read(entry: Entry): Promise<Uint8Array>;
}

/** RFC 8878: the first of the magic numbers of frames that decompressors skip. */
export const skippable = 0x184d2a50;
/** Every file follows its tar header. */
export const headerSize = 512;

export async function openArchive(file: Blob): Promise<Archive> {
  const head = new DataView(await file.slice(0, 8).arrayBuffer());
  if (head.byteLength < 8 || head.getUint32(0, true) !== skippable)
    throw new Error("the archive of native parts does not begin with its index");
  const index = await file.slice(8, 8 + head.getUint32(4, true)).json();
  const { id, entries } = index as Pick<Archive, "id" | "entries">;
  return {
    id,
    entries,
    async read({ offset, length, size }) {
      const frame = await Bun.zstdDecompress(await file.slice(offset, offset + length).bytes());
      return frame.subarray(headerSize, headerSize + size);
    },
  };
}
