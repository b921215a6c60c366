/**
 * Bytes that clients send by a link. They are no files yet, and go after a day.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { Refusal } from "../errors.ts";
import type { Blobs } from "./blobs.ts";

export interface Received {
  /**
   * Keeps the bytes in place of earlier ones.
   *
   * @throws {Refusal} `too_large`, `upload_incomplete` when they are not as many as `size`.
   */
  put(name: string, content: AsyncIterable<Uint8Array>, size: number): Promise<void>;
  open(name: string): Promise<{ size: number; body: AsyncIterable<Uint8Array> } | undefined>;
  remove(name: string): Promise<void>;
  /** Removes what came before that time (Unix seconds). */
  clear(before: number): Promise<void>;
  /** Where a client sends exactly that many bytes without this server. */
  link?(
    name: string,
    size: number,
    seconds: number,
  ): { url: string; headers: Record<string, string> } | undefined;
}

/** Names of uploads, of what is known of them, and of partial writes. */
export const receivedName = /^upload_[0-9a-f]{32}(\.json)?(\.[0-9a-f]{16})*$/;

/** Keeps them in a folder that was opened with the pattern `receivedName`. */
export function folderReceived(blobs: Blobs): Received {
  return {
    put: (name, content, size) => receive(blobs, name, content, size),
    async open(name) {
      if (!(await blobs.has(name))) return undefined;
      const file = Bun.file(blobs.path(name));
      return { size: file.size, body: file.stream() };
    },
    remove: blobs.remove,
    async clear(before) {
      await blobs.clearIncoming(before);
      for (const name of await blobs.names())
        if (((await blobs.writtenAt(name)) ?? before) < before) await blobs.remove(name);
    },
  };
}

/** The name of one of several writes for a name. */
export const unique = (name: string) => `${name}.${randomBytes(8).toString("hex")}`;

/** Writes exactly that many bytes. */
export async function receive(
  blobs: Blobs,
  name: string,
  content: AsyncIterable<Uint8Array>,
  size: number,
): Promise<void> {
  const writer = await blobs.writer(name, size, unique(name));
  let seen = 0;
  try {
    for await (const piece of content) {
      seen += piece.length;
      if (seen > size) throw new Refusal("too_large", `the upload was announced with ${size} bytes`);
      await writer.write(piece);
    }
    if (seen < size) throw new Refusal("upload_incomplete", `${seen} bytes came, and ${size} were announced`);
  } catch (error) {
    await writer.abort();
    throw error;
  }
  await writer.commit();
}
