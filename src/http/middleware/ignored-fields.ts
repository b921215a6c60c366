/**
 * Names the fields of a body that were not used, so that a misspelt one does not go unnoticed.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import type { Env } from "../deps.ts";
import { ignoredHeader } from "../request/unknown-fields.ts";

export const ignoredFields: MiddlewareHandler<Env> = async (c, next) => {
  await next();
  const ignored = c.get("ignored") ?? [];
  if (ignored.length > 0) c.res.headers.set("X-Easel-Ignored", ignoredHeader(ignored));
};
