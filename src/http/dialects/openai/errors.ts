/**
 * Refusals as OpenAI's clients read them: 422 elsewhere is 400 here.
 *
 * @module
 */
import { type RefusalCode, refusals } from "../../../errors.ts";
import { json } from "../../openapi/responses.ts";
import type { ErrorForm } from "../dialect.ts";
import { OpenAIError } from "./contract.ts";

const types: Readonly<Record<number, string>> = {
  401: "authentication_error",
  403: "permission_error",
  404: "invalid_request_error",
  429: "rate_limit_error",
};

function errorOf(code: RefusalCode, message: string, param: string | null) {
  const own = refusals[code].status;
  const status = own === 422 ? 400 : code === "unknown_model" ? 404 : own;
  const type = types[status] ?? (status >= 500 ? "server_error" : "invalid_request_error");
  const name = code === "unknown_model" ? "model_not_found" : code;
  return { status, body: { error: { message, type, param, code: name } } };
}

export const openaiErrors: ErrorForm = {
  owns: (path) => path.startsWith("/v1/images/") || path === "/v1/models",
  refusal: ({ code, message }) => errorOf(code, message, null),
  schemaError({ issues: [first], code }) {
    const param = first?.loc.slice(1).join(".") || null;
    return errorOf(code, [param, first?.msg].filter(Boolean).join(": "), param);
  },
};

const refused = json("The request is refused or the job has failed.", OpenAIError);

/** Refusals of every route of this dialect. */
export const refusedResponses = {
  400: refused,
  401: refused,
  403: refused,
  404: refused,
  405: refused,
  409: refused,
  413: refused,
  429: refused,
  500: refused,
  503: refused,
  504: refused,
  507: refused,
} as const;
