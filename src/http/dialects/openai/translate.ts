/**
 * Between OpenAI's words and ours. Pure functions.
 *
 * @module
 */
import type { Capability, Variant } from "../../../capabilities/capability.ts";
import { randomSeed } from "../../../capabilities/schemas.ts";
import { Refusal, type RefusalCode, refusals } from "../../../errors.ts";
import type { ImagesRequest } from "./contract.ts";

/** OpenAI's own models: front ends send them without asking. */
const theirs = /^(gpt-image|dall-e|chatgpt-image)/;

/** The variant that a model's name means, or undefined for the default. */
export function variantOf(
  { family, variants }: Pick<Capability, "family" | "variants">,
  model: string | null | undefined,
): Variant | undefined {
  const name = model?.trim() ?? "";
  if (name === "" || name === family || theirs.test(name)) return undefined;
  const bare = name.startsWith(`${family}/`) ? name.slice(family.length + 1) : name;
  const found = variants.find((variant) =>
    [variant.name, variant.repo, ...variant.aliases].some(
      (known) => known.toLowerCase() === bare.toLowerCase(),
    ),
  );
  if (found) return found;
  throw new Refusal("unknown_model", "there is no such model; GET /v1/models lists them");
}

interface Defaults {
  width: number;
  height: number;
  steps: number;
}

const share: Readonly<Record<string, number>> = { low: 0.5, high: 1.5, hd: 1.5 };

/** The fields of a generation that both endpoints fill. One picture each: `n` of them are `n` jobs. */
export function generation(
  request: ImagesRequest,
  variant: Variant | undefined,
  defaults: Defaults,
  index: number,
): Record<string, unknown> {
  if (request.background === "transparent")
    throw new Refusal("invalid_parameter", "background: the models make no transparent pictures");
  const [width, height] = sizeOf(request.size, defaults);
  const times = share[request.quality ?? ""] ?? 1;
  return {
    prompt: request.prompt,
    ...(variant && { model: variant.name }),
    width,
    height,
    ...(times !== 1 && { steps: Math.max(1, Math.round(defaults.steps * times)) }),
    ...(request.seed != null && request.seed !== randomSeed && { seed: request.seed + index }),
    format: request.output_format ?? "png",
    ...(request.output_compression != null && { quality: Math.max(1, request.output_compression) }),
    ...(request.stream && (request.partial_images ?? 0) > 0 && { preview: true }),
    mode: "async",
  };
}

export function sizeOf(size: string | null | undefined, { width, height }: Defaults): [number, number] {
  const [, w, h] = /^(\d+)x(\d+)$/.exec(size ?? "auto") ?? [];
  return w && h ? [Number(w), Number(h)] : [width, height];
}

/** A picture of a JSON edit as a reference of ours. */
export function referenceOf({
  image_url,
  file_id,
}: {
  image_url?: string;
  file_id?: string;
}): Record<string, string> {
  if (file_id) return { type: "file_id", file_id };
  if (image_url?.startsWith("data:")) return { type: "data_url", data_url: image_url };
  if (image_url) return { type: "url", url: image_url };
  throw new Refusal("invalid_parameter", "images: each needs image_url or file_id");
}

const types: Readonly<Record<number, string>> = {
  401: "authentication_error",
  403: "permission_error",
  404: "invalid_request_error",
  429: "rate_limit_error",
};

/** A refusal as OpenAI's clients read it. What OpenAI answers 400 to is 422 elsewhere here. */
export function errorOf(
  code: RefusalCode,
  message: string,
  param: string | null = null,
): {
  status: number;
  body: { error: { message: string; type: string; param: string | null; code: string } };
} {
  const own = refusals[code].status;
  const status = own === 422 ? 400 : code === "unknown_model" ? 404 : own;
  const type = types[status] ?? (status >= 500 ? "server_error" : "invalid_request_error");
  const name = code === "unknown_model" ? "model_not_found" : code;
  return { status, body: { error: { message, type, param, code: name } } };
}

/** Fields of a form, with numbers and flags in the types of the JSON form. */
export function fromForm(fields: readonly { name: string; text: string }[]): Record<string, unknown> {
  const whole = new Set(["n", "output_compression", "partial_images", "seed"]);
  const out: Record<string, unknown> = {};
  for (const { name, text } of fields) {
    if (text === "") continue;
    out[name] =
      whole.has(name) && /^-?\d+$/.test(text) ? Number(text) : name === "stream" ? text === "true" : text;
  }
  return out;
}
