/**
 * Schema errors as a list of places, in the words that clients of the original know.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import { isReferenceSchema, referenceHint, takesAdapters } from "./reference-hint.ts";
import { isObject, schemaAt } from "./schema-walk.ts";

export interface SchemaIssue {
  type: string;
  loc: (string | number)[];
  msg: string;
  input?: unknown;
  ctx?: Record<string, unknown>;
}

/** The issues of a value that does not fit `schema`; their places begin with `where`. */
export const issuesOf = (
  issues: readonly z.core.$ZodIssue[],
  schema: z.core.$ZodType,
  value: unknown,
  where: string,
): SchemaIssue[] =>
  issues.flatMap((issue) => translated(issue, [where], value)).map((issue) => withHint(issue, schema, value));

const referenceIssues = new Set(["model_attributes_type", "union_tag_not_found", "union_tag_invalid"]);

/** A malformed reference is the most usual mistake, so its issue says what to write. */
function withHint(issue: SchemaIssue, schema: z.core.$ZodType, value: unknown): SchemaIssue {
  const path = issue.loc.slice(1);
  const wanted = referenceIssues.has(issue.type) && schemaAt(schema, path);
  if (!wanted || !isReferenceSchema(wanted)) return issue;
  return {
    ...issue,
    msg: `${issue.msg}; ${referenceHint(at(value, path), { takesLora: takesAdapters(wanted) })}`,
  };
}

type Issue = z.core.$ZodIssue;

const kinds: Readonly<Record<string, readonly [type: string, words: string]>> = {
  string: ["string_type", "Input should be a valid string"],
  number: ["float_parsing", "Input should be a valid number, unable to parse string as a number"],
  int: ["int_type", "Input should be a valid integer"],
  boolean: ["bool_parsing", "Input should be a valid boolean, unable to interpret input"],
  array: ["list_type", "Input should be a valid list"],
  object: ["model_attributes_type", "Input should be a valid dictionary or object to extract fields from"],
  record: ["dict_type", "Input should be a valid dictionary"],
};

/** Echoed only when it is short: a long value may be a picture or a secret. */
const shown = (value: unknown) =>
  value === null ||
  typeof value === "number" ||
  typeof value === "boolean" ||
  (typeof value === "string" && value.length <= 64);

function translated(issue: Issue, where: (string | number)[], root: unknown): SchemaIssue[] {
  const loc = [...where, ...issue.path.map((part) => (typeof part === "number" ? part : String(part)))];
  const input = "input" in issue ? issue.input : at(root, issue.path);
  const tell = (type: string, msg: string, ctx?: Record<string, unknown>): SchemaIssue[] => [
    { type, loc, msg, ...(shown(input) ? { input } : {}), ...(ctx ? { ctx } : {}) },
  ];
  switch (issue.code) {
    case "invalid_type": {
      if (input === undefined) return tell("missing", "Field required");
      if (issue.expected === "int" && typeof input === "number")
        return Number.isInteger(input)
          ? tell("int_parsing_size", "Input should be a whole number that JSON numbers hold exactly")
          : tell("int_from_float", "Input should be a valid integer, got a number with a fractional part");
      if (issue.expected === "number" && typeof input !== "string")
        return tell("float_type", "Input should be a valid number");
      const [type, words] = kinds[issue.expected] ?? [
        `${issue.expected}_type`,
        `Input should be ${issue.expected}`,
      ];
      return tell(type, words);
    }
    case "too_small":
    case "too_big":
      return tell(...bound(issue, input));
    case "invalid_value": {
      const words = issue.values.map((value) => (typeof value === "string" ? `'${value}'` : String(value)));
      const expected =
        words.length > 1 ? `${words.slice(0, -1).join(", ")} or ${words.at(-1)}` : words.join("");
      return tell("literal_error", `Input should be ${expected}`, { expected });
    }
    case "invalid_format":
      if (issue.format === "regex" && issue.pattern) {
        const pattern = issue.pattern.replace(/^\/|\/[a-z]*$/g, "");
        return tell("string_pattern_mismatch", `String should match pattern '${pattern}'`, { pattern });
      }
      return tell("value_error", `Input should be a valid ${issue.format}`);
    case "not_multiple_of":
      return tell("multiple_of", `Input should be a multiple of ${issue.divisor}`, {
        multiple_of: issue.divisor,
      });
    case "invalid_union":
      return union(issue, loc, input, root, where);
    case "invalid_key":
    case "invalid_element":
    case "unrecognized_keys":
    case "custom":
      return tell("value_error", issue.message);
  }
}

function bound(
  issue: Extract<Issue, { code: "too_small" | "too_big" }>,
  input: unknown,
): [type: string, msg: string, ctx: Record<string, unknown>] {
  const small = issue.code === "too_small";
  const limit = Number(small ? issue.minimum : issue.maximum);
  if (issue.origin === "string")
    return small
      ? [
          "string_too_short",
          `String should have at least ${limit} character${limit === 1 ? "" : "s"}`,
          { min_length: limit },
        ]
      : [
          "string_too_long",
          `String should have at most ${limit} character${limit === 1 ? "" : "s"}`,
          { max_length: limit },
        ];
  if (issue.origin === "array") {
    const actual_length = Array.isArray(input) ? input.length : 0;
    const items = `${limit} item${limit === 1 ? "" : "s"} after validation, not ${actual_length}`;
    return small
      ? [
          "too_short",
          `List should have at least ${items}`,
          { field_type: "List", min_length: limit, actual_length },
        ]
      : [
          "too_long",
          `List should have at most ${items}`,
          { field_type: "List", max_length: limit, actual_length },
        ];
  }
  const key = small ? (issue.inclusive ? "ge" : "gt") : issue.inclusive ? "le" : "lt";
  const names = {
    ge: ["greater_than_equal", "greater than or equal to"],
    gt: ["greater_than", "greater than"],
    le: ["less_than_equal", "less than or equal to"],
    lt: ["less_than", "less than"],
  } as const;
  return [names[key][0], `Input should be ${names[key][1]} ${limit}`, { [key]: limit }];
}

function union(
  issue: Extract<Issue, { code: "invalid_union" }>,
  loc: (string | number)[],
  input: unknown,
  root: unknown,
  where: (string | number)[],
): SchemaIssue[] {
  if ("discriminator" in issue && issue.discriminator) {
    // zod points at the tag itself, the original at the object that lacks it.
    const tag = String(issue.discriminator);
    const place = loc.at(-1) === tag ? loc.slice(0, -1) : loc;
    const holder = at(root, issue.path.at(-1) === tag ? issue.path.slice(0, -1) : issue.path);
    if (!isObject(holder))
      return [
        {
          type: kinds.object![0],
          loc: place,
          msg: kinds.object![1],
          ...(shown(holder) ? { input: holder } : {}),
        },
      ];
    const value = holder[tag];
    if (value === undefined)
      return [
        {
          type: "union_tag_not_found",
          loc: place,
          msg: `Unable to extract tag using discriminator '${tag}'`,
          ctx: { discriminator: `'${tag}'` },
        },
      ];
    return [
      {
        type: "union_tag_invalid",
        loc: place,
        msg: `Input tag does not match any of the expected tags, see the schema of '${tag}'`,
        ...(shown(value) ? { input: value } : {}),
        ctx: { discriminator: `'${tag}'` },
      },
    ];
  }
  const branches = issue.errors.flat();
  if (branches.length === 0) return [{ type: "value_error", loc, msg: issue.message }];
  return branches.flatMap((branch) =>
    translated({ ...branch, path: [...issue.path, ...branch.path] } as Issue, where, root).map((each) => ({
      ...each,
      ...(shown(input) ? { input } : {}),
    })),
  );
}

function at(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  return value;
}
