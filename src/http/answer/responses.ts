/**
 * Responses as the document declares them.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import { type RefusalCode, refusals } from "../../errors.ts";
import { ErrorResponse, HTTPValidationError } from "../openapi/schemas.ts";

/** A response of JSON. */
export const json = <S extends z.ZodType>(description: string, schema: S) => ({
  description,
  content: { "application/json": { schema } },
});

/** Responses of a route, by the codes that it can refuse with. Those of the guards are on every route. */
export function refusalResponses(...codes: RefusalCode[]) {
  const byStatus = Map.groupBy(codes, (code) => refusals[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      status,
      json(group.map((code) => `\`${code}\`: ${refusals[code].means}.`).join("\n\n"), ErrorResponse),
    ]),
  );
}

/** What any request can be refused with before its route sees it. */
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
