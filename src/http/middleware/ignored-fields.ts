/**
 * Names the fields of a body that were not used, so that a misspelt one does not go unnoticed.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import type { Env } from "../deps.ts";
import { ignoredHeader } from "../request/unknown-fields.ts";
import { parseKnown } from "../request/validation.ts";

export const ignoredFieldsHeader = "X-Easel-Ignored";

export const ignoredFields: MiddlewareHandler<Env> = async (c, next) => {
  await next();
  const ignored = c.get("ignored") ?? [];
  if (ignored.length > 0) c.res.headers.set(ignoredFieldsHeader, ignoredHeader(ignored));
};

/** A body as its schema understands it. Its unknown fields are left out, and named in the answer. */
export function bodyAs<S extends z.ZodType>(c: Context<Env>, schema: S, value: unknown): z.output<S> {
  const { data, ignored } = parseKnown(schema, value, "body");
  c.set("ignored", ignored);
  return data;
}
