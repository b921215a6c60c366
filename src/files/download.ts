/**
 * Plans the response to a download: status, headers and range, from the record and the request's headers.
 *
 * @module
 */
import { Refusal } from "../errors.ts";
import type { FileRecord } from "./file.ts";
import type { Slice } from "./store.ts";

export interface Download {
  status: 200 | 206 | 304;
  headers: Record<string, string>;
  /** The bytes to send. Null for 304; a HEAD sends none either. */
  slice: Slice | null;
}

/**
 * Conditions and ranges by RFC 9110. One range gets 206; several ranges, or a malformed header, get the whole file.
 *
 * @throws {Refusal} `range_not_satisfiable` with its Content-Range.
 */
export function planDownload(record: FileRecord, request: Headers): Download {
  const headers = downloadHeaders(record);
  if (isUnchanged(record, request)) {
    const { etag, "last-modified": modified, "cache-control": cache } = headers;
    return {
      status: 304,
      headers: { etag: etag!, "last-modified": modified!, "cache-control": cache! },
      slice: null,
    };
  }
  const range = isSameFile(record, request.get("if-range"))
    ? rangeOf(request.get("range"), record.size)
    : null;
  if (range === "unsatisfiable") {
    throw new Refusal("range_not_satisfiable", `the file has ${record.size} bytes`, {
      "content-range": `bytes */${record.size}`,
      "accept-ranges": "bytes",
    });
  }
  const slice = range ?? { start: 0, end: record.size };
  headers["content-length"] = String(slice.end - slice.start);
  if (!range) return { status: 200, headers, slice };
  headers["content-range"] = `bytes ${slice.start}-${slice.end - 1}/${record.size}`;
  return { status: 206, headers, slice };
}

/** Headers of every answer that carries a stored file. A browser may save or show it, but never run it as a page of this server. */
function downloadHeaders(record: FileRecord): Record<string, string> {
  const isText = /^text\//i.test(record.content_type) && !/;\s*charset=/i.test(record.content_type);
  return {
    "content-type": isText ? `${record.content_type}; charset=utf-8` : record.content_type,
    "content-disposition": attachment(record.filename),
    "accept-ranges": "bytes",
    etag: etagOf(record),
    "last-modified": new Date(record.created_at * 1000).toUTCString(),
    "cache-control": "private, no-cache",
    "x-content-type-options": "nosniff",
    "content-security-policy": "sandbox; default-src 'none'",
    "cross-origin-resource-policy": "same-origin",
  };
}

/** `attachment` with a name that every client can read: plain, and encoded by RFC 8187 when it is not plain. */
export function attachment(filename: string): string {
  // Some clients still read folders out of a name.
  const name = filename.toWellFormed().replaceAll(/[/\\]/g, "_");
  const plain = name.replaceAll(/[^\x20-\x7e]/g, "_").replaceAll(/["%]/g, "_");
  if (plain === name) return `attachment; filename="${name}"`;
  const encoded = encodeURIComponent(name).replaceAll(
    /['()*!]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

const etagOf = (record: FileRecord) => `"${record.sha256}"`;
const secondOf = (record: FileRecord) => Math.floor(record.created_at);

function isUnchanged(record: FileRecord, request: Headers): boolean {
  const tags = request.get("if-none-match");
  if (tags !== null) {
    if (tags.trim() === "*") return true;
    return tags.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etagOf(record));
  }
  const since = Date.parse(request.get("if-modified-since") ?? "");
  return Number.isFinite(since) && secondOf(record) * 1000 <= since;
}

/** Whether the client's partial copy is of this file, so that a range may complete it. */
function isSameFile(record: FileRecord, ifRange: string | null): boolean {
  if (ifRange === null) return true;
  const condition = ifRange.trim();
  if (/^(W\/)?"/.test(condition)) return condition === etagOf(record);
  return Date.parse(condition) === secondOf(record) * 1000;
}

function rangeOf(
  header: string | null,
  size: number,
): { start: number; end: number } | "unsatisfiable" | null {
  // One pattern, no list: what does not fit it may be ignored, so that many ranges cost nothing.
  const match = /^\s*bytes\s*=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i.exec(header ?? "");
  if (!match) return null;
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return null;
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { start: size - length, end: size };
  }
  const start = Number(first);
  if (last !== "" && Number(last) < start) return null;
  if (start >= size) return "unsatisfiable";
  return { start, end: last === "" ? size : Math.min(Number(last) + 1, size) };
}
