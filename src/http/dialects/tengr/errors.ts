/**
 * Refusals as Tengr's clients read them: a message and the status, without a code. A parameter that does not fit is a 400 there.
 *
 * @module
 */
import { STATUS_CODES } from "node:http";
import { refusals } from "../../../errors.ts";
import { json } from "../../openapi/responses.ts";
import type { ErrorForm } from "../dialect.ts";
import { ArtworkError } from "./contract.ts";

function errorOf(status: number, message: string) {
  const statusCode = status === 422 ? 400 : status;
  const error = STATUS_CODES[statusCode];
  return {
    status: statusCode,
    body: { message, statusCode, ...(error !== undefined && error !== message && { error }) },
  };
}

export const tengrErrors: ErrorForm = {
  owns: (path) => path.startsWith("/v2/"),
  refusal: ({ status, message }) => errorOf(status, message),
  schemaError: ({ issues, code }) =>
    errorOf(
      refusals[code].status,
      issues.map(({ loc, msg }) => [...loc.slice(1), msg].join(": ")).join("; "),
    ),
};

const refused = json("The request is refused.", ArtworkError);

/** Refusals of every route of this dialect. */
export const refusedResponses = {
  400: refused,
  401: refused,
  403: refused,
  405: refused,
  500: refused,
} as const;

/** Refusals of the routes that name an artwork. */
export const unknownResponse = { 404: refused } as const;

/** Refusals of the route that makes one. */
export const creationResponses = { 413: refused, 429: refused, 503: refused, 507: refused } as const;
