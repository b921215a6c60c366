/**
 * The file store in the words of requests and answers.
 *
 * @module
 */
import { planDownload } from "../../files/download.ts";
import type { FileRecord } from "../../files/file.ts";
import type { FileStore } from "../../files/store.ts";
import { FormError, readUpload } from "../../files/upload-form.ts";
import { requireUncompressed } from "../request/body.ts";
import { SchemaError } from "../request/validation.ts";

/** Keeps the file of a multipart body, as it comes. */
export async function upload(store: FileStore, request: Request, maxBytes: number): Promise<FileRecord> {
  const { headers, body } = request;
  requireUncompressed(headers);
  try {
    const { record } = await readUpload(
      { body, contentType: headers.get("content-type"), contentLength: headers.get("content-length") },
      { store, maxBytes },
    );
    return record;
  } catch (error) {
    throw error instanceof FormError ? new SchemaError(error.issues) : error;
  }
}

/** The file's bytes as an answer to that request, or nothing for an unknown id. */
export async function download(
  store: FileStore,
  id: string,
  request: Request,
): Promise<Response | undefined> {
  const record = await store.get(id);
  if (!record) return undefined;
  const { status, headers, slice } = planDownload(record, conditions(request));
  if (slice === null) return new Response(null, { status, headers });
  const isHead = request.method === "HEAD";
  // Nothing is fetched for a HEAD, but bytes that are gone are found.
  const body = await store.read(record, isHead ? { start: 0, end: 0 } : slice, request.signal);
  return new Response(isHead ? null : body, { status, headers });
}

/** A POST is never answered "you have that already". */
function conditions({ method, headers }: Request): Headers {
  if (method === "GET" || method === "HEAD") return headers;
  const kept = new Headers();
  for (const name of ["range", "if-range"]) if (headers.has(name)) kept.set(name, headers.get(name)!);
  return kept;
}
