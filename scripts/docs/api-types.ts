/**
 * TypeScript types of the API, from the documents that the server serves.
 *
 *     bun scripts/docs/api-types.ts URL [FAMILY…] > easel.ts
 *
 * Each document becomes a namespace: `common` for files and jobs, and one for every family named. A type that stands in the first one
 * just so is taken from there.
 *
 * @module
 */

interface Schema {
  $ref?: string;
  type?: string | readonly string[];
  enum?: readonly unknown[];
  const?: unknown;
  anyOf?: readonly Schema[];
  oneOf?: readonly Schema[];
  allOf?: readonly Schema[];
  items?: Schema;
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  additionalProperties?: boolean | Schema;
  default?: unknown;
}

export interface Document {
  components?: { schemas?: Readonly<Record<string, Schema>> };
}

type Schemas = Readonly<Record<string, Schema>>;

/** The source of a module with one namespace for each document. */
export function apiTypes(documents: Readonly<Record<string, Document>>): string {
  const all = Object.entries(documents).map(
    ([name, { components }]) => [identifier(name), components?.schemas ?? {}] as const,
  );
  const spaces = all.map(([name, schemas], i) => {
    const [first, known] = i > 0 ? all[0]! : ["", {}];
    const same = sameIn(schemas, known);
    const types = Object.entries(schemas)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([type, schema]) => {
        const meaning = same.has(type) ? `${first}.${identifier(type)}` : typeOf(schema, "  ");
        return `  export type ${identifier(type)} = ${meaning};\n`;
      });
    return `export namespace ${name} {\n${types.join("\n")}}\n`;
  });
  return `// Written by scripts/docs/api-types.ts from the documents that the server serves.\n\n${spaces.join("\n")}`;
}

/** The names that mean the same in both, with all that they are made of. */
function sameIn(schemas: Schemas, others: Schemas): ReadonlySet<string> {
  const same = new Set(
    Object.keys(schemas).filter((name) => others[name] && typeOf(schemas[name]!) === typeOf(others[name])),
  );
  for (let before = -1; before !== same.size; ) {
    before = same.size;
    for (const name of same)
      if (referred(schemas[name]!).some((other) => !same.has(other))) same.delete(name);
  }
  return same;
}

const referred = (schema: Schema): string[] =>
  [...JSON.stringify(schema).matchAll(/"\$ref":"[^"]*\/([^"/]+)"/g)].map(([, name]) => name!);

const identifier = (name: string) => name.replace(/\W/g, "_");

function typeOf(schema: Schema, indent = ""): string {
  if (schema.$ref) return identifier(schema.$ref.split("/").at(-1)!);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return [...new Set(choices.map((choice) => typeOf(choice, indent)))].join(" | ");
  if (schema.allOf) return schema.allOf.map((part) => typeOf(part, indent)).join(" & ");
  const kinds = typeof schema.type === "string" ? [schema.type] : (schema.type ?? ["unknown"]);
  return kinds.map((kind) => plain(kind, schema, indent)).join(" | ");
}

function plain(kind: string, schema: Schema, indent: string): string {
  if (kind === "integer" || kind === "number") return "number";
  if (kind === "string" || kind === "boolean" || kind === "null") return kind;
  if (kind === "array") return `Array<${schema.items ? typeOf(schema.items, indent) : "unknown"}>`;
  return kind === "object" ? object(schema, indent) : "unknown";
}

function object({ properties = {}, required = [], additionalProperties }: Schema, indent: string): string {
  const inner = `${indent}  `;
  const fields = Object.entries(properties).map(([name, schema]) => {
    const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
    return `${inner}${key}${required.includes(name) ? "" : "?"}: ${typeOf(schema, inner)};\n`;
  });
  if (fields.length > 0) return `{\n${fields.join("")}${indent}}`;
  const value = typeof additionalProperties === "object" ? typeOf(additionalProperties, indent) : "unknown";
  return `Record<string, ${value}>`;
}

if (import.meta.main) {
  const [url, ...families] = process.argv.slice(2);
  if (!url) throw new Error("the address of a server is needed");
  const read = async (path: string) => (await (await fetch(new URL(path, url))).json()) as Document;
  const documents: Record<string, Document> = { common: await read("/openapi.json") };
  for (const family of families) documents[family] = await read(`/v1/image/${family}/openapi.json`);
  process.stdout.write(apiTypes(documents));
}
