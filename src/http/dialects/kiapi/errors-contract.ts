/**
 * Refusals. Component names are the contract's.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";

const ValidationError = z
  .object({
    loc: z.array(z.union([z.string(), z.int()])).openapi({
      title: "Location",
      description: "Where: `body`, `path` or `query`, then the keys down to the value.",
    }),
    msg: z.string().openapi({ title: "Message", description: "The error in words." }),
    type: z.string().openapi({ title: "Error Type", description: "The error as one word." }),
    input: z
      .unknown()
      .optional()
      .openapi({ title: "Input", description: "The value, when it is short and no secret." }),
    ctx: z
      .looseObject({})
      .optional()
      .openapi({ title: "Context", description: 'The limit that was passed, such as `{"le": 100}`.' }),
  })
  .openapi("ValidationError");

const code = z.string().optional().openapi({
  description: "Stable word for the kind of error; the document's introduction lists all of them.",
});

export const HTTPValidationError = z
  .object({
    detail: z
      .array(ValidationError)
      .optional()
      .openapi({ description: "Each thing that does not fit the schema." }),
    code,
  })
  .openapi("HTTPValidationError");

export const ErrorResponse = z
  .object({
    detail: z.string().openapi({ description: "The error in words, for people." }),
    code: z.string().openapi({
      description: "Stable word for the kind of error; the document's introduction lists all of them.",
    }),
  })
  .openapi("ErrorResponse", { description: "Any refusal that is not a schema error." });
