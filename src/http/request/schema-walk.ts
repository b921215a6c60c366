/**
 * Looks into schemas: which parts they have, and which one a place in a value belongs to.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";

export interface Def {
  type: string;
  innerType?: z.core.$ZodType;
  in?: z.core.$ZodType;
  element?: z.core.$ZodType;
  shape?: Record<string, z.core.$ZodType>;
  /** The schema of all other members: of a strict object, the one that takes nothing. */
  catchall?: z.core.$ZodType;
  options?: readonly z.core.$ZodType[];
  discriminator?: string;
}

export const defOf = (schema: z.core.$ZodType): Def => schema._zod.def as unknown as Def;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The schema inside what only wraps it: optional, nullable, default, pipe. */
export function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  const { innerType, type, in: input } = defOf(schema);
  if (innerType) return unwrapped(innerType);
  return type === "pipe" && input ? unwrapped(input) : schema;
}

/** The option of a discriminated union that a value belongs to, by its tag or else by its keys. */
export function optionOf(
  { options = [], discriminator: tag = "" }: Def,
  value: Record<string, unknown>,
): z.core.$ZodType | undefined {
  if (value[tag] !== undefined)
    return options.find((option) => option._zod.propValues?.[tag]?.has(value[tag] as z.core.util.Primitive));
  // `{"url": …}` can be nothing but a url reference.
  const fitting = options.filter((option) =>
    Object.keys(defOf(option).shape ?? {}).some((key) => key !== tag && Object.hasOwn(value, key)),
  );
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** The schema of the value at `path`, or undefined where the schema has no such place. */
export function schemaAt(
  schema: z.core.$ZodType,
  path: readonly (string | number)[],
): z.core.$ZodType | undefined {
  const inner = unwrapped(schema);
  const [key, ...rest] = path;
  if (key === undefined) return inner;
  const { element, shape } = defOf(inner);
  const next = typeof key === "number" ? element : Object.hasOwn(shape ?? {}, key) ? shape![key] : undefined;
  return next && schemaAt(next, rest);
}
