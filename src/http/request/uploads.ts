/**
 * File references inside a request. A job's parameters never hold the bytes of a data URL: they are taken out before the request
 * is checked and stored once it has been found good.
 *
 * @module
 */
import { Refusal } from "../../errors.ts";
import type { FileRef } from "../../files/file.ts";
import { decodeDataUrl } from "./data-url.ts";

/** The bytes of a data URL, and what stands for their id until they are stored. */
export interface Payload {
  placeholder: string;
  kind: string;
  media_type: string;
  bytes: Uint8Array<ArrayBuffer>;
}

type Path = readonly string[];

/** What a reference is called in messages: `images` as "image", the `file` of `loras` as "lora". */
export function kindOf(path: Path): string {
  const named = path.filter((key) => !/^\d+$/.test(key));
  const last = named.at(-1) === "file" ? (named.at(-2) ?? "file") : (named.at(-1) ?? "file");
  return last.replace(/s$/, "");
}

const isReference = (value: object): value is { type: string } & Record<string, unknown> =>
  "type" in value && (value.type === "file_id" || value.type === "url" || value.type === "data_url");

/** The value with every reference in it replaced by what `change` makes of it. */
function mapReferences(
  value: unknown,
  change: (reference: { type: string } & Record<string, unknown>, path: Path) => unknown,
  path: Path = [],
): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value))
    return value.map((item, index) => mapReferences(item, change, [...path, String(index)]));
  if (isReference(value)) return change(value, path);
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, mapReferences(member, change, [...path, key])]),
  );
}

/** Takes the data URLs out of a request that fits its schema. Nothing is stored yet. */
export function withoutDataUrls(request: unknown): { request: unknown; payloads: Payload[] } {
  const payloads: Payload[] = [];
  const bare = mapReferences(request, (reference, path) => {
    if (reference.type !== "data_url" || typeof reference.data_url !== "string") return reference;
    const kind = kindOf(path);
    const { media_type, bytes } = decodeDataUrl(reference.data_url, kind);
    const placeholder = `data_url ${payloads.length}`;
    payloads.push({ placeholder, kind, media_type, bytes });
    return { type: "data_url", media_type, size: bytes.length, file_id: placeholder } satisfies FileRef;
  });
  return { request: bare, payloads };
}

/** Gives the data URLs the ids that they were stored under. */
export function withStored<Params>(params: Params, ids: ReadonlyMap<string, string>): Params {
  return mapReferences(params, (reference) =>
    reference.type === "data_url"
      ? { ...reference, file_id: ids.get(String(reference.file_id)) ?? reference.file_id }
      : reference,
  ) as Params;
}

const shortId = /^[\w.-]{1,64}$/;

/** Refuses ids that name no stored file. */
export async function demandFiles(
  params: unknown,
  known: (fileId: string) => Promise<boolean>,
): Promise<void> {
  const named: { id: string; kind: string }[] = [];
  mapReferences(params, (reference, path) => {
    if (reference.type === "file_id") named.push({ id: String(reference.file_id), kind: kindOf(path) });
    return reference;
  });
  for (const { id, kind } of named)
    if (!(await known(id)))
      throw new Refusal("unknown_file", `unknown ${kind} file_id${shortId.test(id) ? ` '${id}'` : ""}`);
}
