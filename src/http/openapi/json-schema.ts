/**
 * Zod schemas as the JSON Schema of an OpenAPI 3.1 document, in the shapes that the contract documents use: a nullable field is
 * `anyOf` with null, a described reference keeps its `$ref`, every property has a title.
 *
 * @module
 */
import { getOpenApiMetadata, getRefId } from "@asteasolutions/zod-to-openapi";
import { z } from "@hono/zod-openapi";

export type JsonSchema = { [key: string]: unknown };

/** Schemas that only wrap another one: they carry its name in their metadata, but they are not it. */
const wrappers = new Set(["optional", "nullable", "default", "prefault", "nonoptional", "readonly", "catch"]);

function nameOf(schema: z.core.$ZodType): string | undefined {
  return wrappers.has(schema._zod.def.type) ? undefined : getRefId(schema as z.ZodType);
}

function proseOf(schema: z.core.$ZodType): JsonSchema {
  const { param, ...prose } = getOpenApiMetadata(schema as z.ZodType) ?? {};
  return prose as JsonSchema;
}

/** Keeps one definition of every named schema it meets. */
export class Components {
  readonly #schemas = new Map<string, z.core.$ZodType>();
  readonly #rendered = new Map<string, JsonSchema>();

  /** The schema as JSON, with `$ref` where a name is met. */
  render(schema: z.ZodType): JsonSchema {
    this.#collect(schema);
    const name = nameOf(schema);
    return name === undefined ? this.#convert(schema) : { $ref: `#/components/schemas/${name}` };
  }

  /** Everything named so far, by name. */
  all(): Record<string, JsonSchema> {
    for (const [name, schema] of this.#schemas) {
      if (this.#rendered.has(name)) continue;
      const rendered = this.#convert(schema);
      const titled = "properties" in rendered || "enum" in rendered;
      this.#rendered.set(name, titled ? { title: name, ...rendered } : rendered);
    }
    return Object.fromEntries([...this.#rendered].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** A named schema that is used with extra prose is a copy, so the copy with the least prose is the definition. */
  #collect(schema: z.ZodType): void {
    z.toJSONSchema(schema, {
      io: "input",
      unrepresentable: "any",
      override: ({ zodSchema }) => {
        const name = nameOf(zodSchema);
        if (name === undefined) return;
        const known = this.#schemas.get(name);
        if (!known || Object.keys(proseOf(zodSchema)).length < Object.keys(proseOf(known)).length)
          this.#schemas.set(name, zodSchema);
      },
    });
  }

  #convert(root: z.core.$ZodType): JsonSchema {
    const json = z.toJSONSchema(root, {
      io: "input",
      unrepresentable: "any",
      override: ({ zodSchema, jsonSchema }) => {
        const name = zodSchema === root ? undefined : nameOf(zodSchema);
        const own = jsonSchema as JsonSchema;
        if (name !== undefined) {
          for (const key of Object.keys(own)) delete own[key];
          const definition = this.#schemas.get(name);
          Object.assign(own, { $ref: `#/components/schemas/${name}` });
          if (definition !== zodSchema) Object.assign(own, proseOf(zodSchema));
          return;
        }
        Object.assign(own, proseOf(zodSchema), discriminated(zodSchema, own));
      },
    });
    return normalized(json as JsonSchema) as JsonSchema;
  }
}

function discriminated(schema: z.core.$ZodType, json: JsonSchema): JsonSchema {
  const def = schema._zod.def as z.core.$ZodDiscriminatedUnionDef;
  if (def.type !== "union" || !def.discriminator) return {};
  const options = (json.oneOf ?? json.anyOf) as JsonSchema[];
  delete json.anyOf;
  const mapping = Object.fromEntries(
    def.options.flatMap((option, index) =>
      [...(option._zod.propValues?.[def.discriminator] ?? [])]
        .filter((value) => typeof value === "string")
        .map((value) => [value, options[index]?.$ref]),
    ),
  );
  return { oneOf: options, discriminator: { propertyName: def.discriminator, mapping } };
}

/** "file_id" as "File Id". */
export const titleOf = (name: string): string =>
  name
    .split(/[_-]/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(" ")
    .trim();

/** The contract's spelling of what JSON Schema can say in several ways. */
export function normalized(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normalized);
  if (typeof value !== "object" || value === null) return value;
  const schema = value as JsonSchema;
  const out: JsonSchema = {};
  for (const [key, member] of Object.entries(schema)) {
    if (key === "$schema") continue;
    // Bounds of a double's whole numbers, which every JSON number of a client has anyway.
    if ((key === "minimum" || key === "maximum") && Math.abs(Number(member)) === Number.MAX_SAFE_INTEGER)
      continue;
    if (key === "examples" || key === "default") out[key] = member;
    else if (key === "additionalProperties" && isEmpty(member)) out[key] = true;
    else if (key === "properties") out[key] = properties(member as JsonSchema);
    else out[key] = normalized(member);
  }
  return Array.isArray(out.type) ? splitTypes(out) : out;
}

const isEmpty = (value: unknown) =>
  typeof value === "object" && value !== null && Object.keys(value).length === 0;

function properties(members: JsonSchema): JsonSchema {
  return Object.fromEntries(
    Object.entries(members).map(([name, member]) => {
      const schema = normalized(member) as JsonSchema;
      return [name, "$ref" in schema || "title" in schema ? schema : { ...schema, title: titleOf(name) }];
    }),
  );
}

const annotations = new Set(["title", "description", "examples", "default", "deprecated"]);

/** `type: ["string", "null"]` as `anyOf`, each constraint beside the type that it bounds. */
function splitTypes(schema: JsonSchema): JsonSchema {
  const { type, ...rest } = schema;
  const outer = Object.fromEntries(Object.entries(rest).filter(([key]) => annotations.has(key)));
  const inner = Object.fromEntries(Object.entries(rest).filter(([key]) => !annotations.has(key)));
  const anyOf = (type as string[]).map((name) =>
    name === "null" ? { type: name } : { type: name, ...inner },
  );
  return { anyOf, ...outer };
}
