/**
 * The client's own key for a request that makes a job: the same key and request give the same job, however often it is sent.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { Refusal } from "../../errors.ts";
import type { Idempotency } from "../../jobs/store/store.ts";

/** The header, as the document tells of it. */
export const idempotencyHeader = z
  .string()
  .min(1)
  .max(255)
  .optional()
  .openapi({
    description:
      "A key of the client's own. The same key with the same body gives the same job, however often it is sent; with " +
      "another body it is refused.",
  });

/** A hash of the path and of everything else that distinguishes the request. */
export const hashOf = (c: Context, content = ""): string =>
  createHash("sha256").update(`${c.req.path}\n${content}`).digest("hex");

/** The client's key, with a hash of the request. */
export function idempotencyOf(c: Context, hash = hashOf(c)): Idempotency | undefined {
  const key = c.req.header("idempotency-key");
  if (key === undefined) return undefined;
  if (!/^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(key))
    throw new Refusal("invalid_parameter", "Idempotency-Key must be 1 to 255 printable ASCII characters");
  return { key, hash };
}
