/**
 * Uploads by a link: a client announces a file, sends its bytes to the link, and completes it. Only then it is a file, under a new id
 * that the link does not reach.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { Refusal } from "../errors.ts";
import type { FileRecord } from "./file.ts";
import type { Received } from "./received.ts";
import type { FileStore } from "./store.ts";

export interface Announced {
  filename: string;
  content_type?: string | undefined;
  size: number;
}

export interface Uploads {
  /** Gives the upload's id, and where its bytes go when that is not this server. */
  begin(file: Announced, seconds: number): Promise<{ id: string; direct?: DirectUpload | undefined }>;
  /** Takes the bytes of an upload. @throws {Refusal} `upload_not_found`, `too_large`, `upload_incomplete` */
  receive(id: string, content: AsyncIterable<Uint8Array>): Promise<void>;
  /**
   * Makes a file of the bytes that came. Repeated, it gives the same file.
   *
   * @throws {Refusal} `upload_not_found`, `upload_incomplete`
   */
  complete(id: string): Promise<FileRecord>;
  /** Removes uploads that began before that time (Unix seconds). */
  clear(before: number): Promise<void>;
}

export interface DirectUpload {
  url: string;
  headers: Record<string, string>;
}

/** What is known of an upload. It names its file once there is one. */
interface Note extends Announced {
  file_id?: string;
}

/** The form of an upload's id. No other text reaches a path. */
export const uploadIdPattern = /^upload_[0-9a-f]{32}$/;

/** Seconds for which an upload can be completed. */
export const uploadLifetime = 86_400;

/** Bytes of a note, at most. */
const longestNote = 16_384;

type Files = Pick<FileStore, "store" | "get">;

export function createUploads(files: Files, received: Received): Uploads {
  /** Completions on their way, so that a repeated request does not make a second file. */
  const completing = new Map<string, Promise<FileRecord>>();

  async function noteOf(id: string): Promise<Note> {
    const kept = uploadIdPattern.test(id) ? await received.open(`${id}.json`) : undefined;
    if (!kept || kept.size > longestNote)
      throw new Refusal("upload_not_found", "unknown upload: it may be older than a day");
    return JSON.parse(await new Response(kept.body as ReadableStream<Uint8Array>).text()) as Note;
  }

  async function keep(id: string, note: Note): Promise<void> {
    const bytes = new TextEncoder().encode(JSON.stringify(note));
    await received.put(`${id}.json`, once(bytes), bytes.length);
  }

  async function complete(id: string): Promise<FileRecord> {
    const note = await noteOf(id);
    if (note.file_id !== undefined) return made(note.file_id);
    try {
      return await make(id, note);
    } catch (error) {
      // Another machine may have completed it meanwhile, and removed what came.
      const { file_id } = await noteOf(id).catch(() => note);
      if (file_id === undefined) throw error;
      return made(file_id);
    }
  }

  async function made(file_id: string): Promise<FileRecord> {
    const record = await files.get(file_id);
    if (record) return record;
    throw new Refusal("upload_not_found", "the file of this upload was deleted");
  }

  async function make(id: string, note: Note): Promise<FileRecord> {
    const came = await received.open(id);
    if (!came) throw new Refusal("upload_incomplete", "no bytes have come to the link yet");
    if (came.size !== note.size) {
      await cancel(came.body);
      throw new Refusal("upload_incomplete", `${came.size} bytes came, and ${note.size} were announced`);
    }
    const record = await files.store(came.body, {
      ...note,
      expected: note.size,
      meta: { source: "upload" },
      // another machine may complete it at the same moment
      once: id,
    });
    await keep(id, { ...note, file_id: record.file_id });
    await received.remove(id);
    return record;
  }

  return {
    async begin({ filename, content_type, size }, seconds) {
      const id = `upload_${randomBytes(16).toString("hex")}`;
      await keep(id, { filename, content_type, size });
      return { id, direct: received.link?.(id, size, seconds) };
    },
    async receive(id, content) {
      const { size, file_id } = await noteOf(id);
      if (file_id !== undefined) throw new Refusal("upload_not_found", "the upload was completed before");
      await received.put(id, content, size);
    },
    complete(id) {
      const running = completing.get(id) ?? complete(id).finally(() => completing.delete(id));
      completing.set(id, running);
      return running;
    },
    clear: (before) => received.clear(before),
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const cancel = async (body: AsyncIterable<Uint8Array>) =>
  void (await body[Symbol.asyncIterator]().return?.());
