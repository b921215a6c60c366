/**
 * Request bodies, with the limit on the bytes that really came.
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import type { Context } from "hono";
import { Refusal } from "../../errors.ts";
import type { FileStore } from "../../files/store.ts";
import type { Settings } from "../../settings/settings.ts";
import { type InFlight, inFlight, type Share } from "./in-flight.ts";
import { jsonLimit } from "./json-limit.ts";
import { jsonScanner } from "./json-scan.ts";
import { createUploads, type PayloadWriter, type Uploads } from "./uploads.ts";
import { SchemaError } from "./validation.ts";

const tooLarge = (limit: number) => new Refusal("too_large", `the body is larger than ${limit} bytes`);

/** Bodies up to this many bytes are read in one piece. */
const oneChunk = 65_536;

const isSmall = (c: Context, limit: number) => {
  const declared = c.req.header("content-length");
  if (declared === undefined) return false;
  if (Number(declared) > limit) throw tooLarge(limit);
  return Number(declared) <= oneChunk;
};

/** The chunks of a body, or a refusal as soon as it is known to be longer than `limit` bytes. */
async function* chunksOf(c: Context, limit: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    size += chunk.length;
    if (size > limit) throw tooLarge(limit);
    yield chunk;
  }
}

/** The whole body as text, for small forms and messages. `check` sees each chunk before it is kept. */
export async function textOf(
  c: Context,
  limit: number,
  check?: (chunk: Uint8Array) => void,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  isSmall(c, limit);
  for await (const chunk of chunksOf(c, limit)) {
    check?.(chunk);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

export interface JsonBody extends AsyncDisposable {
  value: unknown;
  /** The data URLs that it held. */
  uploads: Uploads;
  /** SHA-256 of the path and the bytes, in hexadecimal. */
  hash: string;
}

/** Reads JSON bodies of at most `limit` bytes. Dispose of the body when its value is no longer needed. */
export type ReadJson = (c: Context, limit?: number) => Promise<JsonBody>;

const largestJson = 64 * 2 ** 20;
/** Bytes of JSON without the payloads of data URLs. */
const longestText = 4 * 2 ** 20;

/**
 * Makes the reader that all routes share. Payloads of data URLs go to the file store as they arrive; the rest stays in memory,
 * bounded for each request by `longestText` and over all requests by `max_json_in_flight_mb`.
 */
export function jsonReader(
  settings: Pick<Settings, "max_upload_mb" | "max_json_in_flight_mb">,
  files: FileStore,
  bound: InFlight = inFlight(settings.max_json_in_flight_mb * 2 ** 20),
): ReadJson {
  const largest = Math.min(settings.max_upload_mb * 2 ** 20, largestJson);
  return async (c, limit = largest) => {
    requireJson(c);
    const share = bound.share();
    const uploads = createUploads(files);
    const dispose = async () => {
      share.release();
      await uploads[Symbol.asyncDispose]();
    };
    try {
      const hash = createHash("sha256").update(`${c.req.path}\n`);
      const sinks = { hash, share, uploads };
      // The server reads no more than was declared.
      const text = isSmall(c, limit)
        ? await readWhole(new Uint8Array(await c.req.raw.arrayBuffer()), sinks)
        : await read(chunksOf(c, limit), sinks);
      return { value: parsed(text), uploads, hash: hash.digest("hex"), [Symbol.asyncDispose]: dispose };
    } catch (error) {
      await dispose();
      throw error;
    }
  };
}

interface Sinks {
  hash: Hash;
  share: Share;
  uploads: Uploads;
}

/** A small body: without a data URL, and without escapes that could hide one, it is the text as it is. */
async function readWhole(bytes: Uint8Array, sinks: Sinks): Promise<Uint8Array> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (text.includes("data:") || text.includes("\\")) return read([bytes], sinks);
  sinks.hash.update(bytes);
  await sinks.share.grow(bytes.length);
  return bytes;
}

/** The text of a body without the payloads of its data URLs, which go to `uploads`. */
async function read(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { hash, share, uploads }: Sinks,
): Promise<Uint8Array> {
  const scanner = jsonScanner();
  const limit = jsonLimit(longestText);
  const text: Uint8Array[] = [];
  let payload: PayloadWriter | undefined;
  try {
    for await (const chunk of chunks) {
      hash.update(chunk);
      for (const event of scanner.push(chunk)) {
        if (event.type === "text") {
          limit(event.bytes);
          await share.grow(event.bytes.length);
          // A copy: a view would keep the whole chunk.
          text.push(event.bytes.length === chunk.length ? chunk : event.bytes.slice());
        } else if (event.type === "begin") payload = await uploads.writer(event.place, event.head);
        else if (event.type === "data") await payload!.write(event.bytes);
        else {
          await payload!.end();
          payload = undefined;
        }
      }
    }
  } finally {
    await payload?.abort();
  }
  return text.length === 1 ? text[0]! : Buffer.concat(text);
}

/** The content type is demanded, because a page of another origin can send any other one without asking. */
function requireJson(c: Context): void {
  const type = (c.req.header("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
  const isEmpty = c.req.header("content-length") === "0" || c.req.raw.body === null;
  if (isEmpty) throw missingBody();
  if (!/^application\/([\w.-]+\+)?json$/.test(type))
    throw new SchemaError([
      {
        type: "model_attributes_type",
        loc: ["body"],
        msg: "Input should be a JSON object, sent with Content-Type: application/json",
      },
    ]);
  requireUncompressed(c.req.raw.headers);
}

const missingBody = () =>
  new SchemaError([{ type: "missing", loc: ["body"], msg: "Field required", input: null }]);

/** Refuses compressed bodies by the name of the header, since their bytes would only look damaged. */
export function requireUncompressed(headers: Headers): void {
  const encoding = headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  if (encoding === "" || encoding === "identity") return;
  const named = /^[\w, -]{1,40}$/.test(encoding) ? ` (Content-Encoding: ${encoding})` : "";
  throw new SchemaError([
    {
      type: "value_error",
      loc: ["header", "content-encoding"],
      msg: `The body is compressed${named}; send it uncompressed and without Content-Encoding`,
    },
  ]);
}

const decoder = new TextDecoder("utf-8", { fatal: true });

function parsed(text: Uint8Array): unknown {
  if (text.length === 0) throw missingBody();
  try {
    return JSON.parse(decoder.decode(text));
  } catch {
    const isGzip = text[0] === 0x1f && text[1] === 0x8b;
    const why = isGzip
      ? "The body is compressed with gzip; send it uncompressed"
      : "The body is not valid JSON in UTF-8";
    throw new SchemaError([
      { type: "json_invalid", loc: ["body"], msg: "JSON decode error", ctx: { error: why } },
    ]);
  }
}
