/**
 * Refusals as kiapi's clients read them: `{"detail": …, "code": …}`.
 *
 * @module
 */
import { type RefusalCode, refusals } from "../../../errors.ts";
import { json } from "../../openapi/responses.ts";
import type { ErrorForm } from "../dialect.ts";
import { ErrorResponse, HTTPValidationError } from "./errors-contract.ts";

export const kiapiErrors: ErrorForm = {
  owns: () => true,
  refusal({ code, message, status }) {
    // The document promises a list for what does not fit a schema.
    const detail =
      code === "invalid_request" ? [{ type: "value_error", loc: ["body"], msg: message }] : message;
    return { status, body: { detail, code } };
  },
  schemaError: ({ issues, code }) => ({ status: refusals[code].status, body: { detail: issues, code } }),
};

/** Responses of a route, by the codes that it can refuse with. Those of the guards are on every route. */
export function refusalResponses<const Code extends RefusalCode>(...codes: Code[]) {
  const byStatus = Map.groupBy(codes, (code) => refusals[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      status,
      json(group.map((code) => `\`${code}\`: ${refusals[code].means}.`).join("\n\n"), ErrorResponse),
    ]),
  ) as Record<(typeof refusals)[Code]["status"], ReturnType<typeof json<typeof ErrorResponse>>>;
}

/** Codes that any request can be refused with before its route sees it. */
export const guardCodes = [
  "unauthorized",
  "forbidden_host",
  "forbidden_origin",
  "method_not_allowed",
  "internal",
] as const satisfies readonly RefusalCode[];

/** The contract's answer to a request that does not fit the schema. */
export const schemaResponse = {
  422: json(
    "The request does not fit the schema (`invalid_request`), or a value is outside its limits (`invalid_parameter`).",
    HTTPValidationError,
  ),
} as const;
