/**
 * Compresses the large JSON answers that pages wait for. Results are compressed already, and events are not to be held back.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import { compress } from "hono/compress";

const large = /^(\/v1\/(jobs|files|setup)|\/playground\/offer\.json|(\/.+)?\/openapi\.json)$/;
const gzip = compress({ encoding: "gzip" });

export const compression: MiddlewareHandler = (c, next) =>
  c.req.method === "GET" && large.test(c.req.path) ? gzip(c, next) : next();
