/**
 * multipart/form-data (RFC 7578) as a stream: bytes from the socket go in, parts come out, nothing is buffered.
 *
 * @module
 */
import { Refusal } from "../errors.ts";

export type MultipartEvent =
  | { type: "part"; name: string; filename?: string | undefined; contentType?: string | undefined }
  | { type: "data"; bytes: Uint8Array }
  | { type: "end" };

export interface MultipartLimits {
  /** Parts of any kind. */
  parts: number;
  /** Bytes of one part's headers. */
  headerBytes: number;
  /** Ignored bytes before the first part and after the last. */
  paddingBytes: number;
}

const multipartLimits: MultipartLimits = {
  parts: 128,
  headerBytes: 16 * 1024,
  paddingBytes: 64 * 1024,
};

const malformed = (why: string) => new Refusal("invalid_request", `The multipart body is malformed: ${why}`);

/** The boundary of a multipart Content-Type; null for other types. */
export function boundaryOf(contentType: string | null | undefined): string | null {
  const [essence = ""] = (contentType ?? "").split(";", 1);
  if (essence.trim().toLowerCase() !== "multipart/form-data") return null;
  const boundary = parametersOf(contentType!.slice(essence.length)).get("boundary");
  // RFC 2046 allows no others, and no blank at the end.
  if (!boundary || !/^[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]$/.test(boundary)) {
    throw malformed("its Content-Type names no valid boundary");
  }
  return boundary;
}

const CR = 13;
const LF = 10;
const DASH = 45;
const isBlank = (byte: number) => byte === 32 || byte === 9;

/**
 * Reads one body. `push` takes the next bytes and gives the events they complete; `end` throws when the body was cut off. A data
 * event's bytes are a view of what was pushed, so they must be used before the buffer is.
 */
export function multipartReader(boundary: string, limits: MultipartLimits = multipartLimits) {
  const delimiter = Buffer.from(`\r\n--${boundary}`, "latin1");
  const headersEnd = Buffer.from("\r\n\r\n", "latin1");
  let state: "preamble" | "delimiter" | "headers" | "data" | "epilogue" = "preamble";
  // A body may begin with its first boundary; the line end before it is supposed.
  let rest: Buffer = Buffer.from("\r\n", "latin1");
  let padding = 0;
  let parts = 0;

  function pad(bytes: number) {
    padding += bytes;
    if (padding > limits.paddingBytes) throw malformed("too many bytes outside of its parts");
  }

  /** Bytes up to the next delimiter, or to where one could begin; `found` says which. */
  function scan(buffer: Buffer): { upTo: number; found: boolean } {
    const at = buffer.indexOf(delimiter);
    if (at >= 0) return { upTo: at, found: true };
    // Every candidate begins with CR and is shorter than the delimiter.
    let from = Math.max(0, buffer.length - delimiter.length + 1);
    for (;;) {
      const candidate = buffer.indexOf(CR, from);
      if (candidate < 0) return { upTo: buffer.length, found: false };
      const tail = buffer.length - candidate;
      if (buffer.compare(delimiter, 0, tail, candidate) === 0) return { upTo: candidate, found: false };
      from = candidate + 1;
    }
  }

  function* push(chunk: Uint8Array): Generator<MultipartEvent> {
    const view = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let buffer = rest.length > 0 ? Buffer.concat([rest, view]) : view;
    rest = Buffer.alloc(0);
    for (;;) {
      if (state === "epilogue") {
        pad(buffer.length);
        return;
      }
      if (state === "preamble" || state === "data") {
        const { upTo, found } = scan(buffer);
        if (state === "preamble") pad(upTo);
        else if (upTo > 0) yield { type: "data", bytes: buffer.subarray(0, upTo) };
        buffer = buffer.subarray(found ? upTo + delimiter.length : upTo);
        if (!found) break;
        if (state === "data") yield { type: "end" };
        state = "delimiter";
        continue;
      }
      if (state === "delimiter") {
        const next = afterDelimiter(buffer);
        if (next === null) break;
        if (next === "close") {
          state = "epilogue";
          continue;
        }
        if (++parts > limits.parts)
          throw new Refusal("too_large", `The form has more than ${limits.parts} parts`);
        // The line end stays: a part without headers has its blank line there.
        buffer = buffer.subarray(next - 2);
        state = "headers";
        continue;
      }
      const end = buffer.indexOf(headersEnd);
      if ((end < 0 ? buffer.length : end) > limits.headerBytes)
        throw malformed("the headers of a part are too long");
      if (end < 0) break;
      yield partOf(buffer.toString("utf8", 0, end));
      buffer = buffer.subarray(end + headersEnd.length);
      state = "data";
    }
    // A copy: the caller's buffer may be used again.
    rest = Buffer.from(buffer);
  }

  /** Where the line behind a boundary ends, "close" for the last boundary, or null when more bytes must come. */
  function afterDelimiter(buffer: Buffer): number | "close" | null {
    if (buffer[0] === DASH && buffer[1] === DASH) return "close";
    let at = 0;
    while (at < buffer.length && isBlank(buffer[at]!)) at++;
    if (at > limits.headerBytes) throw malformed("a boundary line is too long");
    const dash = at === 0 && buffer[0] === DASH && buffer.length === 1;
    if (dash || at === buffer.length || (buffer[at] === CR && at + 1 === buffer.length)) return null;
    if (buffer[at] !== CR || buffer[at + 1] !== LF)
      throw malformed("something follows a boundary on its line");
    return at + 2;
  }

  return {
    push,
    end() {
      if (state !== "epilogue") throw malformed("it ends before its last boundary");
    },
  };
}

function partOf(block: string): MultipartEvent & { type: "part" } {
  const headers = new Map<string, string>();
  for (const line of block.split("\r\n").filter((line) => line !== "")) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    if (colon < 1 || !/^[\w!#$%&'*+.^`|~-]+$/.test(name)) throw malformed("a part has a broken header");
    if (headers.has(name)) throw malformed("a part has the same header twice");
    headers.set(name, line.slice(colon + 1).trim());
  }
  const disposition = headers.get("content-disposition") ?? "";
  const [kind = ""] = disposition.split(";", 1);
  const parameters = parametersOf(disposition.slice(kind.length));
  const name = parameters.get("name");
  if (kind.trim().toLowerCase() !== "form-data" || name === undefined) throw malformed("a part has no name");
  const filename = parameters.get("filename") ?? extended(parameters.get("filename*"));
  return { type: "part", name, filename, contentType: headers.get("content-type") };
}

/** `UTF-8''%c3%a4.png`, as some libraries write names that are not ASCII. */
function extended(value: string | undefined): string | undefined {
  const encoded = /^utf-8'[^']*'(.*)$/i.exec(value ?? "")?.[1];
  if (encoded === undefined) return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

/** `; a=b; c="d;e"` in any order. Of a name that comes twice, the first counts. */
function parametersOf(text: string): Map<string, string> {
  const found = new Map<string, string>();
  const parameter = /;[ \t]*([\w!#$%&'*+.^`|~-]+)[ \t]*=[ \t]*(?:"((?:\\["\\]|[^"])*)"|([^;"]*))[ \t]*/y;
  for (let match = parameter.exec(text); match; match = parameter.exec(text)) {
    const name = match[1]!.toLowerCase();
    // Only the quote is escaped in practice: a backslash in a name is a backslash.
    const value = match[2] !== undefined ? match[2].replaceAll(/\\(["\\])/g, "$1") : match[3]!.trim();
    if (!found.has(name)) found.set(name, value);
  }
  return found;
}
