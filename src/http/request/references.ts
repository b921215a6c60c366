/**
 * File references inside a request.
 *
 * @module
 */
import { Refusal } from "../../errors.ts";

type Path = readonly string[];
type Reference = { type: string } & Record<string, unknown>;

/** The word for a reference in messages: `images` gives "image", the `file` of `loras` gives "lora". */
export function kindOf(path: Path): string {
  const named = path.filter((key) => !/^\d+$/.test(key));
  const last = named.at(-1) === "file" ? (named.at(-2) ?? "file") : (named.at(-1) ?? "file");
  return last.replace(/s$/, "");
}

const types: ReadonlySet<string> = new Set(["file_id", "url", "data_url", "lora"]);

const isReference = (value: object): value is Reference =>
  "type" in value && typeof value.type === "string" && types.has(value.type);

/** The value with every reference in it replaced by what `change` makes of it. */
export function mapReferences<Value>(
  value: Value,
  change: (reference: Reference, path: Path) => unknown,
  path: Path = [],
): Value {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value))
    return value.map((item, index) => mapReferences(item, change, [...path, String(index)])) as Value;
  if (isReference(value)) return change(value, path) as Value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, mapReferences(member, change, [...path, key])]),
  ) as Value;
}

const shortId = /^[\w.-]{1,64}$/;

/** Refuses ids that name no stored file, and adapters in another place than `loras`. */
export async function requireFiles(
  request: unknown,
  known: (fileId: string) => Promise<boolean>,
): Promise<void> {
  const named: { id: string; kind: string }[] = [];
  mapReferences(request, (reference, path) => {
    if (reference.type === "lora" && kindOf(path) !== "lora")
      throw new Refusal(
        "invalid_reference",
        `a file of lora_dir can be named in loras, not as ${kindOf(path)}`,
      );
    if (reference.type === "file_id") named.push({ id: String(reference.file_id), kind: kindOf(path) });
    return reference;
  });
  for (const { id, kind } of named)
    if (!(await known(id)))
      throw new Refusal("unknown_file", `unknown ${kind} file_id${shortId.test(id) ? ` '${id}'` : ""}`);
}
