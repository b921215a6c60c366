/**
 * Text turned into numbers and truth values where a schema wants them, and references given the type they lack.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { type Def, defOf, isObject, optionOf } from "./schema-walk.ts";

const decimal = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/;
const truths: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(["1", "true", "t", "yes", "y", "on"].map((word) => [word, true])),
  ...Object.fromEntries(["0", "false", "f", "no", "n", "off"].map((word) => [word, false])),
};

const uncoerced = new WeakSet<z.core.$ZodType>();

/** A truth value that is taken as it is: neither text nor a number stands for it. */
export function exactBoolean() {
  const schema = z.boolean();
  uncoerced.add(schema);
  return schema;
}

/** The value with text turned to numbers and truths where the schema wants them, and references given the type they lack. */
export function coerced(schema: z.core.$ZodType, value: unknown): unknown {
  const def = defOf(schema);
  if (value === undefined || value === null || uncoerced.has(schema)) return value;
  if (def.innerType) return coerced(def.innerType, value);
  switch (def.type) {
    case "number":
      if (typeof value === "boolean") return Number(value);
      return typeof value === "string" && decimal.test(value) ? Number(value) : value;
    case "boolean":
      return typeof value === "string" || typeof value === "number"
        ? (truths[String(value).trim().toLowerCase()] ?? value)
        : value;
    case "array":
      return Array.isArray(value) ? value.map((item) => coerced(def.element!, item)) : value;
    case "object": {
      if (!isObject(value)) return value;
      const known = Object.entries(def.shape!).filter(([key]) => Object.hasOwn(value, key));
      return {
        ...value,
        ...Object.fromEntries(known.map(([key, type]) => [key, coerced(type, value[key])])),
      };
    }
    case "union":
      return coercedUnion(def, value);
    case "pipe":
      return coerced(def.in!, value);
    default:
      return value;
  }
}

function coercedUnion(def: Def, value: unknown): unknown {
  const options = def.options!;
  if (def.discriminator !== undefined) {
    if (!isObject(value)) return value;
    const tag = def.discriminator;
    const tagged = optionOf(def, value);
    if (!tagged) return value;
    const [name] = tagged._zod.propValues?.[tag] ?? [];
    return coerced(tagged, { ...value, [tag]: value[tag] ?? name });
  }
  if (options.some((option) => (option as z.ZodType).safeParse(value).success)) return value;
  const changed = options.map((option) => coerced(option, value));
  const fit = options.findIndex((option, index) => (option as z.ZodType).safeParse(changed[index]).success);
  return fit < 0 ? value : changed[fit];
}
