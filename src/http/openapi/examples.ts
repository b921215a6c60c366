/**
 * Requests that can be sent as they are.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { schemaAt } from "../request/schema-walk.ts";

/** A ball on a meadow, 48 x 32 pixels, so that an example needs neither an upload nor the internet. */
const dataUrl =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAADAAAAAgAgMAAAApuhOPAAAADFBMVEVggECgwODQYDDwkGCbUgE8AAAACXBIWXMAAAPoAAAD6AG1e1JrAAAA" +
  "VklEQVQY073HsRFAUBAE0BuhUvRjhEqhCbnEDNuPJn4JF9wi+Gcb4GXPemEfhDwzA7llRsaRmejIkAXLG0hC45qigSQ0rik1j+6OVS2wZxpgzRgw248uUfJxhhpiVssAAAAA" +
  "SUVORK5CYII=";
const picture = { data_url: dataUrl };

/** Values of the fields that a request needs, by the names that all families use. */
const values: Readonly<Record<string, unknown>> = {
  image: picture,
  images: [picture],
  prompt: "a red fox in fresh snow, morning light",
  imageUrl: "https://picsum.photos/id/1015/640/480.jpg",
};

/** Fields without which a default would be refused on a fresh server, or that make an example quick. */
const beside: Readonly<Record<string, unknown>> = { imageUrl: { model: "mini", resolutionLowerLimit: 256 } };

/** The smallest request that fits a schema, or nothing when it needs a field that is not known here. */
export function exampleOf(schema: z.ZodType): Record<string, unknown> | undefined {
  if (!(schema instanceof z.ZodObject)) return undefined;
  const required = Object.keys(schema.shape).filter(
    (key) => !(schema.shape[key] as z.ZodType).safeParse(undefined).success,
  );
  if (required.length === 0 || required.some((key) => !(key in values))) return undefined;
  // OpenAI's word for the same picture.
  const isOpenAI = schemaAt(schema, ["images", 0, "image_url"]) !== undefined;
  return Object.assign(
    Object.fromEntries(required.map((key) => [key, values[key]])),
    isOpenAI ? { images: [{ image_url: dataUrl }] } : {},
    ...required.map((key) => beside[key] ?? {}),
  );
}
