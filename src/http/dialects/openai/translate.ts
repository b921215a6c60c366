/**
 * Between OpenAI's words and ours. Pure functions.
 *
 * @module
 */
import type { Capability, OpenAiOperation } from "../../../capabilities/capability.ts";
import { findModel, variantsFor } from "../../../capabilities/catalogue.ts";
import { randomSeed } from "../../../capabilities/schemas.ts";
import { Refusal } from "../../../errors.ts";
import type { ImagesRequest } from "./contract.ts";

/** OpenAI's own models: front ends send them without asking. */
const theirs = /^(gpt-image|dall-e|chatgpt-image)/;

export type Kind = "generate" | "edit";

/** A family's operation, and the variant that a request asks for; the family's default one where it names none. */
export interface Chosen {
  family: string;
  route: OpenAiOperation;
  variant: string;
}

/**
 * The family and variant that a model's name means: a family, one of its models with or without the family's name, or anything of
 * OpenAI's own for the first family whose default model is on this machine.
 */
export function choose(
  families: readonly Capability[],
  kind: Kind,
  model: string | null | undefined,
  isActivated: (family: string, variant: string) => boolean,
): Chosen {
  const able = families.flatMap((family) => {
    const route = family.openai?.[kind];
    const [first] = route ? variantsFor(family, route.operation) : [];
    return route && first ? [{ family, route, standard: route.standard ?? first.name }] : [];
  });
  const name = model?.trim() ?? "";
  if (name === "" || theirs.test(name)) {
    const first = able.find(({ family, standard }) => isActivated(family.family, standard)) ?? able[0];
    if (first) return { family: first.family.family, route: first.route, variant: first.standard };
  }
  const whole = able.find(({ family }) => family.family === name.toLowerCase());
  if (whole) return { family: name.toLowerCase(), route: whole.route, variant: whole.standard };
  const found = findModel(
    able.map(({ family }) => family),
    name,
  );
  if (!found) throw new Refusal("unknown_model", "there is no such model; GET /v1/models lists them");
  const { family } = found.family;
  const { route } = able.find((each) => each.family.family === family)!;
  return { family, route, variant: found.variant.name };
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
  variant: string,
  defaults: Defaults,
  { index, ownSize }: { index: number; ownSize: boolean },
): Record<string, unknown> {
  if (request.background === "transparent")
    throw new Refusal("invalid_parameter", "background: the models make no transparent pictures");
  const [width, height] = sizeOf(request.size, defaults);
  const times = share[request.quality ?? ""] ?? 1;
  return {
    prompt: request.prompt,
    model: variant,
    // Without a size, a picture of which a part is repainted keeps its own.
    ...((!ownSize || fixed.test(request.size ?? "")) && { width, height }),
    ...(times !== 1 && { steps: Math.max(1, Math.round(defaults.steps * times)) }),
    ...(request.seed != null && request.seed !== randomSeed && { seed: request.seed + index }),
    format: request.output_format ?? "png",
    ...(request.output_compression != null && { quality: Math.max(1, request.output_compression) }),
    ...(request.stream && (request.partial_images ?? 0) > 0 && { preview: true }),
    mode: "async",
  };
}

const fixed = /^(\d+)x(\d+)$/;

export function sizeOf(size: string | null | undefined, { width, height }: Defaults): [number, number] {
  const [, w, h] = fixed.exec(size ?? "") ?? [];
  return w && h ? [Number(w), Number(h)] : [width, height];
}

/** A picture of a JSON edit as a reference of ours. */
export function referenceOf(
  { image_url, file_id }: { image_url?: string | undefined; file_id?: string | undefined },
  field: "images" | "mask",
): Record<string, string> {
  if (file_id) return { type: "file_id", file_id };
  if (image_url?.startsWith("data:")) return { type: "data_url", data_url: image_url };
  if (image_url) return { type: "url", url: image_url };
  throw new Refusal("invalid_parameter", `${field}: image_url or file_id is needed`);
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
