/**
 * A dialect: the words of another API over our jobs. The rest of the server knows its name, the form of its refusals, and the body
 * of its webhooks.
 *
 * @module
 */
import type { Refusal } from "../../errors.ts";
import type { SchemaError } from "../request/validation.ts";

/** A job's row keeps the name of the dialect that took it. */
export type DialectName = "kiapi" | "openai" | "tengr";

/** A refusal in a dialect's form. */
export interface ErrorAnswer {
  status: number;
  body: object;
}

export interface ErrorForm {
  /** Whether its clients read the answers at that path, unknown ones too. */
  owns(path: string): boolean;
  refusal(refusal: Refusal): ErrorAnswer;
  schemaError(error: SchemaError): ErrorAnswer;
}
