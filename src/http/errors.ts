/**
 * Refusals and faults as answers: `{"detail": …, "code": …}`.
 *
 * @module
 */
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { isDiskFull, Refusal, type RefusalCode, refusals } from "../errors.ts";
import type { Log } from "../log.ts";
import { errorOf } from "./dialects/openai/translate.ts";
import type { SchemaIssue } from "./request/issues.ts";
import { SchemaError } from "./request/validation.ts";

export function answer(c: Context, refusal: Refusal): Response {
  if (refusal.code === "invalid_request" && !isArtworkRoute(c) && !isOpenAIRoute(c))
    return answerIssues(c, [{ type: "value_error", loc: ["body"], msg: refusal.message }], refusal.code);
  if (isArtworkRoute(c)) return answerArtwork(c, refusal.status, refusal.message, refusal.headers);
  if (isOpenAIRoute(c)) {
    const { status, body } = errorOf(refusal.code, refusal.message);
    return c.json(body, status as ContentfulStatusCode, refusal.headers);
  }
  return c.json(
    { detail: refusal.message, code: refusal.code },
    refusal.status as ContentfulStatusCode,
    refusal.headers,
  );
}

const answerIssues = (c: Context, issues: readonly SchemaIssue[], code: RefusalCode) =>
  c.json({ detail: issues, code }, refusals[code].status as ContentfulStatusCode);

/** Clients of the artwork routes read another form of refusal. */
const isArtworkRoute = (c: Context) => c.req.path.startsWith("/v2/");

/** So do OpenAI's. */
const isOpenAIRoute = (c: Context) => c.req.path.startsWith("/v1/images/") || c.req.path === "/v1/models";

/** What its clients know of a refusal is the message and the status; a parameter that does not fit is a 400 there. */
function answerArtwork(
  c: Context,
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const statusCode = status === 422 ? 400 : status;
  const error = process.getBuiltinModule("node:http").STATUS_CODES[statusCode];
  const body = { message, statusCode, ...(error !== undefined && error !== message && { error }) };
  return c.json(body, statusCode as ContentfulStatusCode, headers);
}

/** What a thrown thing is answered with. A fault tells the log everything and the client nothing. */
export function answerError(error: unknown, c: Context, log: Log): Response {
  if (error instanceof Refusal) return answer(c, error);
  if (error instanceof SchemaError && isArtworkRoute(c)) {
    const places = error.issues.map(({ loc, msg }) => [...loc.slice(1), msg].join(": "));
    return answerArtwork(c, 400, places.join("; "));
  }
  if (error instanceof SchemaError && isOpenAIRoute(c)) {
    const [first] = error.issues;
    const param = first?.loc.slice(1).join(".") || null;
    const { body } = errorOf(error.code, [param, first?.msg].filter(Boolean).join(": "), param);
    return c.json(body, 400);
  }
  if (error instanceof SchemaError) return answerIssues(c, error.issues, error.code);
  if (isDiskFull(error)) return answer(c, new Refusal("disk_full", "no space is left on the server's disk"));
  // A client that leaves in the middle of its body is no fault of the server, and nobody reads this answer.
  if (error instanceof Error && error.name === "AbortError" && c.req.raw.signal.aborted)
    return new Response(null, { status: 499 });
  log.error("request failed", {
    request_id: c.get("requestId"),
    method: c.req.method,
    path: c.req.path,
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
  return answer(c, new Refusal("internal", "internal server error"));
}
