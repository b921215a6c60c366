/**
 * Resolves references in a job's parameters to bytes on the disk.
 *
 * @module
 */
import { Refusal } from "../errors.ts";
import type { Outbound } from "../net/outbound.ts";
import { contentTypeOf, extensionOf } from "./content-type.ts";
import type { FileRecord, FileRef } from "./file.ts";
import { type FileStore, fileIdPattern } from "./store.ts";

export interface ResolveOptions {
  store: FileStore;
  outbound: Outbound;
  maxBytes: number;
  signal?: AbortSignal | undefined;
}

/**
 * The file behind a reference. A URL is fetched through the guard and stored as a new file.
 *
 * @throws {Refusal} `unknown_file`, `file_not_found`, and what `Outbound.get` throws.
 */
export async function resolveReference(
  reference: FileRef,
  kind: string,
  options: ResolveOptions,
): Promise<{ path: string; record: FileRecord }> {
  const { store, signal } = options;
  const record =
    reference.type === "url"
      ? await storeUrl(reference.url, kind, options)
      : await storedFile(reference.file_id, kind, store);
  return { path: await store.local(record, signal), record };
}

async function storedFile(id: string, kind: string, store: FileStore): Promise<FileRecord> {
  const record = await store.get(id);
  if (record) return record;
  throw new Refusal("unknown_file", `unknown ${kind} file_id${fileIdPattern.test(id) ? ` '${id}'` : ""}`);
}

/** Fetches and stores the file behind a URL. */
async function storeUrl(
  url: string,
  kind: string,
  { store, outbound, maxBytes, signal }: ResolveOptions,
): Promise<FileRecord> {
  const fetched = await outbound.get(url, { what: `${kind} url`, maxBytes, signal });
  const sent = fetched.contentType?.split(";", 1)[0]?.trim();
  // Servers send this type for everything unknown; the name may say more.
  const essence = sent?.toLowerCase() === "application/octet-stream" ? undefined : sent;
  const last = new URL(url).pathname.split("/").at(-1) ?? "";
  const filename = last || `${kind}${extensionOf(essence ?? "")}`;
  return store.store(fetched.body, {
    filename,
    content_type: contentTypeOf(filename, essence),
    meta: { source: "url", url, kind },
    expected: fetched.length ?? undefined,
  });
}
