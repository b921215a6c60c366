/**
 * What a dialect is to the rest of the server: the form in which its clients read refusals.
 *
 * @module
 */
import type { Refusal } from "../../errors.ts";
import type { SchemaError } from "../request/validation.ts";

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
