/**
 * Reads what clients send as the original does: numbers written as text are numbers, and errors come as a list of places.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import { coerced } from "./coercion.ts";
import { issuesOf, type SchemaIssue } from "./issues.ts";
import { withoutUnknown } from "./unknown-fields.ts";

/** A request that does not fit its schema. */
export class SchemaError extends Error {
  override name = "SchemaError" as const;

  constructor(
    readonly issues: readonly SchemaIssue[],
    readonly code: "invalid_request" | "invalid_parameter" = "invalid_request",
  ) {
    super(issues.map((issue) => `${issue.loc.join(".")}: ${issue.msg}`).join("; "));
  }
}

type Place = "body" | "path" | "query";

/** Gives the value as the schema understands it, or throws a SchemaError whose places begin with `where`. */
export const parse = <S extends z.ZodType>(schema: S, value: unknown, where: Place): z.output<S> =>
  checked(schema, coerced(schema, value), where);

/** As `parse`, with the places of fields that the schema does not know. The data are without them. */
export function parseKnown<S extends z.ZodType>(
  schema: S,
  value: unknown,
  where: Place,
): { data: z.output<S>; ignored: string[] } {
  const { known, ignored } = withoutUnknown(schema, coerced(schema, value));
  return { data: checked(schema, known, where), ignored };
}

function checked<S extends z.ZodType>(schema: S, value: unknown, where: Place): z.output<S> {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw new SchemaError(issuesOf(result.error.issues, schema, value, where));
}
