/**
 * Fields of a body that its schema does not know.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import { defOf, isObject, optionOf, unwrapped } from "./schema-walk.ts";

/** The value without its unknown fields, and their places, such as `steps` or `loras.0.weight`. */
export function withoutUnknown(
  schema: z.core.$ZodType,
  value: unknown,
): { known: unknown; ignored: string[] } {
  const ignored: string[] = [];
  return { known: known(schema, value, [], ignored), ignored };
}

function known(schema: z.core.$ZodType, value: unknown, path: readonly string[], ignored: string[]): unknown {
  const def = defOf(unwrapped(schema));
  if (Array.isArray(value) && def.element) {
    const { element } = def;
    return value.map((item, index) => known(element, item, [...path, String(index)], ignored));
  }
  if (!isObject(value)) return value;
  if (def.discriminator !== undefined) {
    const option = optionOf(def, value);
    return option ? known(option, value, path, ignored) : value;
  }
  const { shape, catchall } = def;
  if (!shape) return value;
  const strict = catchall !== undefined && defOf(catchall).type === "never";
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => {
      const place = [...path, key];
      if (Object.hasOwn(shape, key)) return [[key, known(shape[key]!, member, place, ignored)]];
      // A strict schema refuses them by itself.
      if (strict) return [[key, member]];
      ignored.push(place.join("."));
      return [];
    }),
  );
}

const mostNamed = 32;

/** The names as a header can carry them: few, short and in ASCII. */
export const ignoredHeader = (ignored: readonly string[]): string =>
  ignored
    .slice(0, mostNamed)
    .map((name) => encodeURIComponent(name.toWellFormed()).slice(0, 64))
    .concat(ignored.length > mostNamed ? ["..."] : [])
    .join(", ");
