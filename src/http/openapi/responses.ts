/**
 * Responses as a route declares them.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";

/** A response of JSON. */
export const json = <S extends z.ZodType>(description: string, schema: S) => ({
  description,
  content: { "application/json": { schema } },
});

/** The schema of bytes. */
export const binary = { schema: { type: "string", format: "binary" } } as const;

export const header = (description: string) => ({ description, schema: { type: "string" } }) as const;
