/**
 * Request bodies, with the limit on the bytes that really came.
 *
 * @module
 */
import type { Context } from "hono";
import { Refusal } from "../../errors.ts";
import { SchemaError } from "./validation.ts";

const tooLarge = (limit: number) => new Refusal("too_large", `the body is larger than ${limit} bytes`);

/** The whole body, or a refusal as soon as it is known to be longer than `limit` bytes. */
export async function bodyOf(c: Context, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const declared = c.req.header("content-length");
  if (declared !== undefined) {
    if (Number(declared) > limit) throw tooLarge(limit);
    // The server reads no more than was declared.
    const bytes = new Uint8Array(await c.req.raw.arrayBuffer());
    if (bytes.length > limit) throw tooLarge(limit);
    return bytes;
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    size += chunk.length;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * A JSON body: its value, and its bytes for whoever compares requests. The content type is demanded, because a page of another
 * origin can send any other one without asking.
 */
export async function jsonOf(
  c: Context,
  limit: number,
): Promise<{ value: unknown; bytes: Uint8Array<ArrayBuffer> }> {
  const type = (c.req.header("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
  const bytes = await bodyOf(c, limit);
  if (bytes.length === 0)
    throw new SchemaError([{ type: "missing", loc: ["body"], msg: "Field required", input: null }]);
  if (!/^application\/([\w.-]+\+)?json$/.test(type))
    throw new SchemaError([
      {
        type: "model_attributes_type",
        loc: ["body"],
        msg: "Input should be a JSON object, sent with Content-Type: application/json",
      },
    ]);
  try {
    return { value: JSON.parse(decoder.decode(bytes)), bytes };
  } catch {
    throw new SchemaError([
      {
        type: "json_invalid",
        loc: ["body"],
        msg: "JSON decode error",
        ctx: { error: "The body is no valid JSON in UTF-8" },
      },
    ]);
  }
}
