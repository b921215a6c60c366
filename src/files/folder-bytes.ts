/**
 * Bytes in a folder, of this machine or shared by several.
 *
 * @module
 */
import { Refusal } from "../errors.ts";
import type { Blobs } from "./blobs.ts";
import type { Bytes } from "./bytes.ts";
import type { FileRecord } from "./file.ts";
import type { Received } from "./received.ts";

export function folderBytes(blobs: Blobs, received: Received): Bytes {
  async function local({ file_id }: FileRecord): Promise<string> {
    if (await blobs.has(file_id)) return blobs.path(file_id);
    throw gone(file_id);
  }
  return {
    writer: (name, { expected } = {}) => blobs.writer(name, expected),
    local,
    async adopt(record, path) {
      const writer = await blobs.writer(record.file_id, record.size);
      try {
        for await (const piece of Bun.file(path).stream()) await writer.write(piece);
      } catch (error) {
        await writer.abort();
        throw error;
      }
      await writer.commit(record);
    },
    async read(record, { start, end }) {
      const file = Bun.file(await local(record));
      return start === 0 && end === record.size ? file : file.slice(start, end);
    },
    remove: blobs.remove,
    async *names() {
      yield* (await blobs.names()).sort();
    },
    writtenAt: blobs.writtenAt,
    clearPartial: blobs.clearIncoming,
    received,
  };
}

export const gone = (id: string) => new Refusal("file_not_found", `the bytes of file '${id}' are gone`);
