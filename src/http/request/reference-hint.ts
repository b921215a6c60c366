/**
 * Advice for a request that has something else where a file reference belongs.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import { defOf, isObject } from "./schema-walk.ts";

const keys = ["file_id", "url", "data_url", "lora"] as const;

/** Whether a schema is the union of file references. */
export function isReferenceSchema(schema: z.core.$ZodType): boolean {
  const { options = [], discriminator } = defOf(schema);
  return discriminator === "type" && options.some((option) => "file_id" in (defOf(option).shape ?? {}));
}

/** Whether a reference may name an adapter of the folder. */
export const takesAdapters = (schema: z.core.$ZodType): boolean =>
  (defOf(schema).options ?? []).some((option) => "lora" in (defOf(option).shape ?? {}));

/** The text never repeats the value sent: it may be a picture. */
export function referenceHint(sent: unknown, { takesLora }: { takesLora: boolean }): string {
  if (typeof sent === "string") {
    if (/^https?:/i.test(sent)) return 'write {"url": "https://…"}';
    if (/^data:/i.test(sent)) return 'write {"data_url": "data:image/png;base64,…"}';
    if (/^file_[0-9a-f]+$/.test(sent)) return 'write {"file_id": "file_…"}';
    return 'upload the file with POST /v1/files and write {"file_id": "file_…"}, or write {"url": "https://…"}';
  }
  if (isObject(sent) && (sent.type === "lora" || Object.hasOwn(sent, "lora")) && !takesLora)
    return "a file of lora_dir can be named in loras alone";
  const given = isObject(sent) ? keys.filter((key) => Object.hasOwn(sent, key)) : [];
  if (given.length > 1) return `give only one of ${given.join(", ")}, or say in type which one is meant`;
  return 'write {"file_id": "file_…"}, {"url": "https://…"} or {"data_url": "data:image/png;base64,…"}';
}
