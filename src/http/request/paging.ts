/**
 * Pages of lists, and the ids that name a place in them.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { Refusal } from "../../errors.ts";
import { SchemaError } from "./validation.ts";

type Thing = "file" | "job";

export const idOf = (thing: Thing, description: string) =>
  z
    .string()
    .regex(new RegExp(`^${thing}_[0-9a-f]+$`))
    .openapi({
      description,
      examples: [`${thing}_0123456789abcdef`],
      title: `${thing[0]!.toUpperCase()}${thing.slice(1)} Id`,
    });

/** A page of a list. An unknown `after` is refused as a place of the query. */
export async function pageAfter<Page>(list: Promise<Page>): Promise<Page> {
  try {
    return await list;
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "invalid_parameter") throw error;
    throw new SchemaError(
      [{ type: "value_error", loc: ["query", "after"], msg: error.message }],
      "invalid_parameter",
    );
  }
}

/** The query of a page. */
export const pageOf = (thing: Thing, id: ReturnType<typeof idOf>) => ({
  limit: z
    .int()
    .min(1)
    .max(1000)
    .optional()
    .openapi({ description: `Most ${thing}s in the answer, 1 to 1000 (default: 1000).` }),
  after: id.optional().openapi({
    description: `Continue after this ${thing}: the last id of the page before. An id that was never a ${thing} is refused.`,
  }),
});
