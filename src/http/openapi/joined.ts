/**
 * Several OpenAPI documents as one.
 *
 * @module
 */
import type { JsonSchema } from "./json-schema.ts";

interface Named {
  name: string;
  document: JsonSchema;
}

/** A schema keeps its name, unless another document has a different one of that name: then it gets its document's name in front. */
export function joined(documents: readonly Named[]): JsonSchema {
  const schemas: Record<string, JsonSchema> = {};
  const paths: JsonSchema = {};
  const clashing = clashes(documents);
  for (const { name, document } of documents) {
    const renamed = (schema: string) => (clashing.has(schema) ? `${titled(name)}${schema}` : schema);
    const { components, paths: own } = withReferences(document, renamed) as {
      components: { schemas: Record<string, JsonSchema> };
      paths: JsonSchema;
    };
    Object.assign(paths, own);
    for (const [schema, value] of Object.entries(components.schemas))
      schemas[renamed(schema)] = "title" in value ? { ...value, title: renamed(schema) } : value;
  }
  const [first] = documents;
  const { components, ...rest } = first!.document;
  return { ...rest, paths, components: { ...(components as JsonSchema), schemas } };
}

/** Names that documents give to different schemas. */
function clashes(documents: readonly Named[]): Set<string> {
  const seen = new Map<string, string>();
  const different = new Set<string>();
  for (const { document } of documents) {
    const { schemas } = document.components as { schemas: Record<string, JsonSchema> };
    for (const [name, schema] of Object.entries(schemas)) {
      const text = JSON.stringify(schema);
      if ((seen.get(name) ?? text) !== text) different.add(name);
      seen.set(name, text);
    }
  }
  return different;
}

const prefix = "#/components/schemas/";

function withReferences(value: unknown, renamed: (schema: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => withReferences(item, renamed));
  if (typeof value === "string")
    return value.startsWith(prefix) ? prefix + renamed(value.slice(prefix.length)) : value;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, withReferences(member, renamed)]),
  );
}

const titled = (name: string) => `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
