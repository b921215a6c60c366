/**
 * Refusals and faults as answers, each in the form that the clients of its path read.
 *
 * @module
 */
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { isDiskFull, Refusal } from "../errors.ts";
import type { Log } from "../log.ts";
import type { ErrorAnswer } from "./dialects/dialect.ts";
import { kiapiErrors } from "./dialects/kiapi/errors.ts";
import { openaiErrors } from "./dialects/openai/errors.ts";
import { tengrErrors } from "./dialects/tengr/errors.ts";
import { SchemaError } from "./request/validation.ts";

/** kiapi's has every path that no other one has. */
const forms = [tengrErrors, openaiErrors, kiapiErrors];

const formAt = (path: string) => forms.find(({ owns }) => owns(path))!;

const send = (c: Context, { status, body }: ErrorAnswer, headers: Readonly<Record<string, string>> = {}) =>
  c.json(body, status as ContentfulStatusCode, headers);

export const refuse = (c: Context, refusal: Refusal): Response =>
  send(c, formAt(c.req.path).refusal(refusal), refusal.headers);

/** Answers a thrown error. A fault is written to the log in full, and the client learns nothing of it. */
export function answerError(error: unknown, c: Context, log: Log): Response {
  if (error instanceof Refusal) return refuse(c, error);
  if (error instanceof SchemaError) return send(c, formAt(c.req.path).schemaError(error));
  if (isDiskFull(error)) return refuse(c, new Refusal("disk_full", "no space is left on the server's disk"));
  // A client that disconnects in the middle of its body is no fault of the server.
  if (error instanceof Error && error.name === "AbortError" && c.req.raw.signal.aborted)
    return new Response(null, { status: 499 });
  log.error("request failed", {
    request_id: c.get("requestId"),
    method: c.req.method,
    path: c.req.path,
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
  return refuse(c, new Refusal("internal", "internal server error"));
}
