/**
 * Files of the server itself, such as scripts and pages, compressed as the client can read them.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Context } from "hono";

/** A file as it lies in the program: plain, or compressed with zstd. */
export interface Asset {
  type: string;
  bytes?: Uint8Array<ArrayBuffer>;
  zstd?: Uint8Array<ArrayBuffer>;
}

type Encoding = "zstd" | "gzip" | "identity";

/** Made at the first request for each, off the main thread, and kept. */
const made = new WeakMap<Asset, Map<Encoding, Promise<Uint8Array<ArrayBuffer>>>>();

const isText = (type: string) => /^(text|image\/svg)/.test(type);

/** Answers with the file, or with 304 when the client has it. */
export async function answerAsset(
  c: Context,
  asset: Asset,
  headers: Record<string, string> = {},
): Promise<Response> {
  const encoding = isText(asset.type)
    ? encodingFor(c.req.header("accept-encoding") ?? "", asset)
    : "identity";
  const bytes = await encoded(asset, encoding);
  const etag = etagOf(bytes);
  const all = {
    ...headers,
    ETag: etag,
    ...(isText(asset.type) && { Vary: "Accept-Encoding" }),
  };
  if (c.req.header("if-none-match") === etag) return c.body(null, 304, all);
  return new Response(bytes, {
    headers: {
      ...all,
      "Content-Type": asset.type,
      ...(encoding !== "identity" && { "Content-Encoding": encoding }),
    },
  });
}

/** zstd only where the file has it already. */
function encodingFor(accept: string, { zstd }: Asset): Encoding {
  const accepted = new Set(
    accept
      .toLowerCase()
      .split(",")
      .filter((part) => !/;\s*q=0(\.0*)?\s*$/.test(part))
      .map((part) => part.split(";")[0]!.trim()),
  );
  if (zstd && accepted.has("zstd")) return "zstd";
  return accepted.has("gzip") ? "gzip" : "identity";
}

function encoded(asset: Asset, encoding: Encoding): Promise<Uint8Array<ArrayBuffer>> {
  const known = made.get(asset) ?? new Map<Encoding, Promise<Uint8Array<ArrayBuffer>>>();
  made.set(asset, known);
  const bytes = known.get(encoding) ?? make(asset, encoding);
  // Plain bytes are large and rarely requested.
  if (encoding !== "identity") known.set(encoding, bytes);
  return bytes;
}

async function make(asset: Asset, encoding: Encoding): Promise<Uint8Array<ArrayBuffer>> {
  if (encoding === "zstd") return asset.zstd!;
  if (encoding === "gzip")
    return new Uint8Array(await promisify(gzip)(await make(asset, "identity"), { level: 9 }));
  return asset.bytes ?? new Uint8Array(await Bun.zstdDecompress(asset.zstd!));
}

const etags = new WeakMap<Uint8Array, string>();

function etagOf(bytes: Uint8Array): string {
  const etag = etags.get(bytes) ?? `"${createHash("sha256").update(bytes).digest("hex").slice(0, 32)}"`;
  etags.set(bytes, etag);
  return etag;
}
