/**
 * Files that come inside a request. They lie in the store without a record until a job takes them, and go when none does.
 *
 * @module
 */
import { extensionOf } from "../../files/content-type.ts";
import type { FileRecord, FileRef } from "../../files/file.ts";
import type { FileStore } from "../../files/store.ts";
import { type DataUrlDecoder, dataUrlDecoder, noDataUrl } from "./data-url.ts";
import { kindOf, mapReferences } from "./references.ts";

export interface Uploads extends AsyncDisposable {
  /** Adds a file that the request names by its id. */
  add(place: string, record: FileRecord): Promise<void>;
  /** Begins a data URL; `head` is the URL up to its comma. Writers of one body come one after the other. */
  writer(place: readonly string[], head: string): Promise<PayloadWriter>;
  /** The request with every data URL in it replaced by the file that holds its bytes. */
  named<Request>(request: Request): Request;
  /** Parameters in which a file that came inside the request is told from one that the client had stored before. */
  marked<Params>(params: Params): Params;
  /** Files that the request uses and no record names yet: the job's commit keeps them. */
  pending(): FileRecord[];
  /** A job was committed with them: they stay. */
  taken(): void;
  /** The jobs that had them are gone again. */
  released(): void;
}

export interface PayloadWriter {
  write(payload: Uint8Array): Promise<void>;
  end(): Promise<void>;
  abort(): Promise<void>;
}

/** A staged file, or why its payload was refused. */
type Upload = { record: FileRecord } | { refusal: unknown };

export function createUploads(files: FileStore): Uploads {
  const uploads = new Map<string, Upload>();
  const wanted = new Set<FileRecord>();
  const inserted = new Set<FileRecord>();
  let stay = false;

  async function put(place: string, upload: Upload): Promise<void> {
    // Of a key that comes twice, JSON takes the last.
    const before = uploads.get(place);
    uploads.set(place, upload);
    if (before && "record" in before) await files.discard(before.record);
  }

  function at(place: string, kind: string): FileRecord {
    const upload = uploads.get(place);
    if (!upload) throw noDataUrl(kind);
    if ("refusal" in upload) throw upload.refusal;
    return upload.record;
  }

  return {
    async add(place, record) {
      await put(place, { record });
      wanted.add(record);
    },
    writer: (place, head) =>
      payloadWriter(files, { kind: kindOf(place), head, done: (upload) => put(place.join("."), upload) }),

    named: (request) =>
      mapReferences(request, (reference, path) => {
        if (reference.type !== "data_url") return reference;
        const record = at(path.join("."), kindOf(path));
        wanted.add(record);
        return inside(record);
      }),

    marked: (params) =>
      mapReferences(params, (reference) => {
        if (reference.type !== "file_id") return reference;
        const record = [...wanted].find(({ file_id }) => file_id === reference.file_id);
        return record ? inside(record) : reference;
      }),

    pending: () => [...wanted].filter((record) => !inserted.has(record)),

    taken() {
      for (const record of wanted) inserted.add(record);
      stay = true;
    },
    released() {
      stay = false;
    },

    async [Symbol.asyncDispose]() {
      for (const upload of uploads.values()) {
        if (!("record" in upload)) continue;
        const { record } = upload;
        if (!inserted.has(record)) await files.discard(record).catch(() => {});
        else if (!stay) await files.delete(record.file_id).catch(() => {});
      }
    },
  };
}

/** A reference to a file that came inside the request, whatever form that had. */
const inside = ({ content_type: media_type, size, file_id }: FileRecord): FileRef => ({
  type: "data_url",
  media_type,
  size,
  file_id,
});

/** Writes a payload to the store. A payload that is malformed is read to its end, since the request may not even use it. */
async function payloadWriter(
  files: FileStore,
  { kind, head, done }: { kind: string; head: string; done(upload: Upload): Promise<void> },
): Promise<PayloadWriter> {
  const decoder = dataUrlDecoder(head, kind);
  const writer = await files.writer({
    filename: `${kind}${extensionOf(decoder.media_type)}`,
    content_type: decoder.media_type,
    meta: { source: "data_url", kind },
  });
  let refusal: unknown;

  async function write(next: (decoder: DataUrlDecoder) => Uint8Array): Promise<void> {
    if (refusal) return;
    let bytes: Uint8Array;
    try {
      bytes = next(decoder);
    } catch (error) {
      refusal = error;
      await writer.abort();
      return;
    }
    if (bytes.length > 0) await writer.write(bytes);
  }

  return {
    write: (payload) => write((decoder) => decoder.push(payload)),
    async end() {
      await write((decoder) => decoder.end());
      await done(refusal ? { refusal } : { record: await writer.commit() });
    },
    async abort() {
      if (!refusal) await writer.abort();
    },
  };
}
