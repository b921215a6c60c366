/**
 * What every family's `check` asks of a request: which model, which bits, and whether its files are here. Messages are the
 * original's where it has one.
 *
 * @module
 */
import type { Bits } from "../engine/task.ts";
import { Refusal } from "../errors.ts";
import type { Capability, CheckContext, Variant } from "./capability.ts";

/** The models of a family, with the facts for choosing one. */
export type Models = Pick<Capability, "family" | "variants" | "defaultVariant">;

/** The variant that a request names, by name or alias; the default one where it names none. */
export function chooseVariant(
  { family, variants, defaultVariant }: Models,
  model: string | null | undefined,
  context: CheckContext,
): Variant {
  // As in kiapi, an empty name means the default.
  const name = model?.trim() ? model : defaultVariant(context);
  const found = findVariant(variants, name);
  if (found) return found;
  const names = variants.map((variant) => `'${variant.name}'`).sort();
  throw new Refusal(
    "unknown_model",
    `unknown ${family} model '${shortened(name)}'; available: [${names.join(", ")}]`,
  );
}

/** A variant by its name, one of its aliases or its repository; blanks around it and upper case do not matter. */
export function findVariant(variants: readonly Variant[], name: string): Variant | undefined {
  const key = name.trim().toLowerCase();
  return (
    variants.find((variant) => variant.name.toLowerCase() === key) ??
    variants.find(({ aliases, repo }) => [...aliases, repo].some((known) => known.toLowerCase() === key))
  );
}

/** A name long enough to be no name is not sent back whole. */
function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

const allowedBits: readonly Bits[] = [3, 4, 5, 6, 8];

/** The bits that a request runs with, and whether they make a copy of the model for this request alone. */
export function chooseBits(
  quantize: number | null | undefined,
  standard: Bits,
): { bits: Bits; transient: boolean } {
  if (quantize === null || quantize === undefined) return { bits: standard, transient: false };
  const bits = quantize as Bits;
  if (!allowedBits.includes(bits)) {
    throw new Refusal("invalid_parameter", "quantize must be one of 3, 4, 5, 6, 8");
  }
  return { bits, transient: bits !== standard };
}

/** Refuses a variant whose files are not on this machine, and says how they come. */
export function requireActivated(family: string, variant: Variant, context: CheckContext): void {
  const activation = context.activation(family, variant.name);
  if (!("missing" in activation)) return;
  const full = `${family}/${variant.name}`;
  const way =
    full in context.settings.model_paths
      ? `Nothing is at the place that the setting model_paths gives for "${full}": correct it, or take it out`
      : variant.downloads.length > 0
        ? `Run: easel activate --model ${full}${variant.licence.commercial ? "" : " --accept-license"}`
        : `Give its place in the setting model_paths: {"${full}": "<folder or file>"}`;
  throw new Refusal(
    "not_activated",
    `model '${variant.name}' is not activated; missing: ${activation.missing.join(", ")}. ${way}`,
  );
}
