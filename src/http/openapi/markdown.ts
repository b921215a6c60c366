/**
 * An OpenAPI document as Markdown, short enough for the context of a language model.
 *
 * @module
 */
import { guardCodes } from "../dialects/kiapi/errors.ts";
import type { JsonSchema } from "./json-schema.ts";

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema: JsonSchema;
}

type Content = Record<string, { schema?: JsonSchema }>;

export interface DocumentedOperation {
  method: string;
  path: string;
  summary: string;
  description: string;
  tags: readonly string[];
  parameters?: readonly Parameter[];
  requestBody?: { content: Content };
  responses: Record<string, { description: string; content?: Content }>;
}

/** Every operation of a document, in its order. */
export function operationsIn(document: JsonSchema): DocumentedOperation[] {
  const paths = document.paths as Record<
    string,
    Record<string, Omit<DocumentedOperation, "method" | "path">>
  >;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...operation,
      method: method.toUpperCase(),
      path,
    })),
  );
}

/** Whether the server has the operation: some are documented for the contract's sake alone. */
export const isServed = ({ responses }: Pick<DocumentedOperation, "responses">) => !("501" in responses);

/** All operations by tag, then the schemas that they name. */
export function openapiMarkdown(document: JsonSchema): string {
  const operations = operationsIn(document).filter(isServed);
  const tags = document.tags as { name: string; description: string }[];
  const sections = tags.map(({ name, description }) => {
    const own = operations.filter((operation) => operation.tags.includes(name));
    return [`### ${name}`, description, ...own.map(operationMarkdown)].join("\n\n");
  });
  const any = `Any request can be refused with ${guardCodes.map((code) => `\`${code}\``).join(", ")}.`;
  return [any, ...sections, "### Schemas", schemasMarkdown(document, operations)].join("\n\n");
}

function operationMarkdown(operation: DocumentedOperation): string {
  const { method, path, description, parameters = [], requestBody, responses } = operation;
  const content = Object.entries(requestBody?.content ?? {});
  return [
    `#### ${method} ${path}`,
    "",
    description,
    "",
    ...parameters
      .filter((parameter) => parameter.in !== "header")
      .map((parameter) => {
        const need = parameter.required ? ", required" : "";
        return `- ${parameter.in} \`${parameter.name}\` (${typeOf(parameter.schema)}${need})${prose(parameter.description)}`;
      }),
    ...content.map(([type, { schema }]) => `- body ${type}: ${schema ? typeOf(schema) : "bytes"}`),
    ...Object.entries(responses)
      .map(([status, response]) => [status, answerOf(response)] as const)
      .filter(([, answer]) => answer !== "")
      .map(([status, answer]) => `- ${status}: ${answer}`),
  ].join("\n");
}

/** The answer's types, or the codes of a refusal without those that any request can get. */
function answerOf({ description, content = {} }: DocumentedOperation["responses"][string]): string {
  const codes = [...description.matchAll(/^`(\w+)`: /gm)].map(([, code]) => code!);
  if (codes.length > 0)
    return codes
      .filter((code) => !guardCodes.some((known) => known === code))
      .map((code) => `\`${code}\``)
      .join(", ");
  const types = Object.entries(content).map(([type, { schema }]) =>
    type === "application/json" && schema ? typeOf(schema) : type,
  );
  return types.join(" or ") || description;
}

/** Schemas that operations name, and those that these name. */
function schemasMarkdown(document: JsonSchema, operations: readonly DocumentedOperation[]): string {
  const { schemas } = document.components as { schemas: Record<string, JsonSchema> };
  const named = new Set<string>();
  const follow = (value: unknown): void => {
    for (const [, name] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (named.has(name!)) continue;
      named.add(name!);
      follow(schemas[name!]);
    }
  };
  follow(operations);
  const found = [...named].sort().map((name) => ({ name, schema: schemas[name]! }));
  const common = commonFields(found.map(({ schema }) => schema));
  return [
    ["**Common fields**: a schema that lists one as `also` has it as it is here.", ...common.values()].join(
      "\n",
    ),
    ...found.map(({ name, schema }) => schemaMarkdown(name, schema, common)),
  ].join("\n\n");
}

/** A field that so many schemas have in the same words stands once for all of them. */
const COMMON_FROM = 3;

/** Fields that many schemas have in the same words, by name: each name's most frequent words. */
function commonFields(schemas: readonly JsonSchema[]): ReadonlyMap<string, string> {
  const counts = new Map<string, { field: string; count: number }>();
  for (const [field, line] of schemas.flatMap(fieldLines))
    counts.set(line, { field, count: (counts.get(line)?.count ?? 0) + 1 });
  const frequent = [...counts].filter(([, { count }]) => count >= COMMON_FROM);
  return new Map(
    frequent
      .toSorted(([, a], [, b]) => a.count - b.count)
      .map(([line, { field }]) => [field, line] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** A schema's fields: each one's name, and the line that describes it. */
function fieldLines(schema: JsonSchema): (readonly [field: string, line: string])[] {
  const { properties = {}, required = [] } = schema as {
    properties?: Record<string, JsonSchema>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([field, value]) => {
    const need = required.includes(field) ? ", required" : "";
    return [
      field,
      `- \`${field}\` (${typeOf(value)}${need}${defaultOf(value)})${prose(value.description)}`,
    ] as const;
  });
}

function schemaMarkdown(name: string, schema: JsonSchema, common: ReadonlyMap<string, string>): string {
  if (!schema.properties) return `**${name}**: ${typeOf(schema)}${prose(schema.description)}`;
  const fields = fieldLines(schema);
  const isCommon = ([field, line]: (typeof fields)[number]) => common.get(field) === line;
  const own = fields.filter((field) => !isCommon(field)).map(([, line]) => line);
  const shared = fields.filter(isCommon).map(([field]) => `\`${field}\``);
  const also = shared.length > 0 ? [`- also ${shared.join(", ")}`] : [];
  return [`**${name}**${prose(schema.description)}`, ...own, ...also].join("\n");
}

const prose = (text: unknown) =>
  typeof text === "string" && text !== "" ? `: ${text.replaceAll("\n", " ")}` : "";

const defaultOf = ({ default: value }: JsonSchema) =>
  value === undefined || value === null ? "" : `, default ${JSON.stringify(value)}`;

/** A type in a few words: `integer 1 to 100`, `"sync" or "async"`, `list of FileRef`. */
export function typeOf(schema: JsonSchema): string {
  const {
    $ref,
    anyOf,
    oneOf,
    type,
    items,
    enum: values,
    const: fixed,
  } = schema as {
    $ref?: string;
    anyOf?: JsonSchema[];
    oneOf?: JsonSchema[];
    type?: string;
    items?: JsonSchema;
    enum?: unknown[];
    const?: unknown;
  };
  if ($ref !== undefined) return $ref.slice($ref.lastIndexOf("/") + 1);
  const options = anyOf ?? oneOf;
  if (options) return [...new Set(options.map(typeOf))].join(" or ");
  if (values) return values.map((value) => JSON.stringify(value)).join(" or ");
  if (fixed !== undefined) return JSON.stringify(fixed);
  if (type === "array") return `list of ${items ? typeOf(items) : "anything"}`;
  return `${type ?? "anything"}${rangeOf(schema)}`;
}

function rangeOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): string {
  const least = minimum ?? exclusiveMinimum;
  const most = maximum ?? exclusiveMaximum;
  if (least !== undefined && most !== undefined) return ` ${least} to ${most}`;
  if (least !== undefined) return ` from ${least}`;
  return most === undefined ? "" : ` up to ${most}`;
}
