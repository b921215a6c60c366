import type { Variant } from "../capabilities/capability.ts";
import type { Family } from "../capabilities/family.ts";
import { label } from "../hub/download/resources.ts";
import { nearest } from "../settings/nearest.ts";
import { CommandError, exitCodes } from "./context.ts";

/** One model as the commands that manage files see it. */
export interface Choice {
  capability: Family;
  variant: Variant;
  default: boolean;
}

export interface Filters {
  all?: boolean;
  /** Every model whose licence allows commercial use. */
  free?: boolean;
  domain?: readonly string[];
  family?: readonly string[];
  repo?: readonly string[];
  model?: readonly string[];
}

/** Every model, in the order of the registry. */
export function choices(capabilities: readonly Family[], defaults: (family: string) => string): Choice[] {
  return capabilities.flatMap((capability) =>
    capability.variants.map((variant) => ({
      capability,
      variant,
      default: variant.name === defaults(capability.family),
    })),
  );
}

/**
 * The models that any of the filters names. A filter that names nothing is an error: a slip of the pen must not pass beside a
 * filter that fits.
 */
export function select(all: readonly Choice[], filters: Filters): Choice[] {
  if (filters.all) return [...all];
  const wanted = new Set<Choice>();
  const add = (
    kind: string,
    values: readonly string[] = [],
    fits: (choice: Choice, value: string) => boolean,
  ) => {
    for (const value of values) {
      const found = all.filter((choice) => fits(choice, value));
      if (found.length === 0) throw unknown(kind, value, all);
      for (const choice of found) wanted.add(choice);
    }
  };
  add("domain", filters.domain, ({ capability }, value) => capability.domain === value);
  add("family", filters.family, ({ capability }, value) => capability.family === value);
  add("repo", filters.repo, ({ variant }, value) =>
    [variant.repo, ...variant.aliases, ...variant.downloads.map(label)].includes(value),
  );
  add("model", filters.model, ({ capability, variant }, value) =>
    [`${capability.family}/${variant.name}`, variant.name, ...variant.aliases].includes(value),
  );
  if (filters.free) for (const choice of all) if (choice.variant.licence.commercial) wanted.add(choice);
  return all.filter((choice) => wanted.has(choice));
}

function unknown(kind: string, value: string, all: readonly Choice[]): CommandError {
  const known =
    kind === "model"
      ? all.flatMap((choice) => [modelName(choice), choice.variant.name])
      : all.map(({ capability, variant }) =>
          kind === "family" ? capability.family : kind === "repo" ? variant.repo : capability.domain,
        );
  const meant = nearest(value, known);
  return new CommandError(
    `No ${kind} is called ${value}. ${meant ? `Did you mean ${meant}?` : "easel status lists them"}`,
    exitCodes.usage,
  );
}

export function hasFilter(filters: Filters): boolean {
  return Boolean(
    filters.all ||
      filters.free ||
      filters.domain?.length ||
      filters.family?.length ||
      filters.repo?.length ||
      filters.model?.length,
  );
}

/** What `--model` and `model_paths` call it. */
export function modelName({ capability, variant }: Choice): string {
  return `${capability.family}/${variant.name}`;
}

export function fullName({ capability, variant }: Choice): string {
  return `${capability.domain}/${capability.family}/${variant.name}`;
}
