/**
 * The models of all families: look-up by name, the place of their files, and the settings about models.
 *
 * @module
 */
import { existsSync } from "node:fs";
import type { Need } from "../engine/need.ts";
import { missing, type Places, pathOf } from "../hub/download/resources.ts";
import { locate } from "../hub/locate.ts";
import { nearest } from "../settings/nearest.ts";
import type { Settings } from "../settings/settings.ts";
import type { Capability, CheckContext, Operation, Variant } from "./capability.ts";
import { findVariant } from "./model.ts";
import { createPrompts } from "./prompts/cache.ts";

type Families = readonly Capability[];

export const findFamily = <F extends Capability>(families: readonly F[], name: string): F | undefined =>
  families.find(({ family }) => family === name);

/** The variants that an operation of a family takes, the default one first. */
export const variantsFor = ({ variants }: Capability, operation: Operation): readonly Variant[] =>
  operation.variants?.flatMap((name) => variants.find((variant) => variant.name === name) ?? []) ?? variants;

/** An entry of the list of loaded models. */
export function describe(
  families: Families,
  family: string,
  variant: string,
): { domain: string; repo: string } {
  const found = findFamily(families, family);
  const repo = found?.variants.find(({ name }) => name === variant)?.repo;
  return { domain: found?.domain ?? "image", repo: repo ?? "" };
}

export interface ContextOptions {
  places: Places;
  /** Folder of the models inside the program; null where they count as there, unpacked or not. */
  embedded: string | null;
  /** Bytes that models may take together, by the settings and the machine. */
  budget: number;
}

/** What `check` may look at: the settings, and which models are on this machine. */
export function contextOf(
  families: Families,
  settings: Settings,
  { places, embedded, budget }: ContextOptions,
): CheckContext {
  return {
    settings,
    prompts: createPrompts(settings),
    budget: () => budget,
    fetched: (download) =>
      missing(download, places).length === 0 ? (pathOf(download, places) ?? undefined) : undefined,
    activation(family, name) {
      const variant = findFamily(families, family)?.variants.find((each) => each.name === name);
      if (!variant) return { missing: [`${family}/${name}`] };
      const own = settings.model_paths[`${family}/${name}`] !== undefined;
      if (embedded === null && variant.embedded !== undefined && !own) return { source: { paths: [] } };
      return locate(family, variant, {
        modelPaths: settings.model_paths,
        places,
        embedded: embedded ?? "",
      });
    },
  };
}

/** Faults of `model_paths`, which would otherwise appear only at the first request. */
export function pathProblems(
  families: Families,
  modelPaths: Settings["model_paths"],
): { model: string; why: string }[] {
  const names = families.flatMap(({ family, variants }) => variants.map(({ name }) => `${family}/${name}`));
  return Object.entries(modelPaths).flatMap(([model, path]) => {
    if (names.includes(model))
      return existsSync(path) ? [] : [{ model, why: `nothing is at its path, ${path}` }];
    const meant = nearest(model, names);
    const hint = meant ? `did you mean ${meant}?` : "easel status lists them as family/name";
    return [{ model, why: `no model has that name; ${hint}` }];
  });
}

/** Finds a model by its name, an alias or its repository, with or without the family's name before it. */
export function findModel<F extends Capability>(
  families: readonly F[],
  wanted: string,
): { family: F; variant: Variant } | undefined {
  const name = wanted.trim();
  const slash = name.indexOf("/");
  for (const family of families) {
    const inFamily = slash > 0 && name.slice(0, slash) === family.family;
    const variant =
      findVariant(family.variants, name) ??
      (inFamily ? findVariant(family.variants, name.slice(slash + 1)) : undefined);
    if (variant) return { family, variant };
  }
  return undefined;
}

export interface WarmTarget {
  name: string;
  family: string;
  need: Need;
}

/** The models of `warmup_models`. `skipped` hears of each that cannot be warmed up. */
export function warmTargets(
  families: Families,
  context: CheckContext,
  skipped: (model: string, why: string) => void,
): WarmTarget[] {
  return context.settings.warmup_models.flatMap((wanted) => {
    const found = findModel(families, wanted);
    const skip = (why: string) => {
      skipped(wanted, why);
      return [];
    };
    if (!found) return skip("no model has that name");
    const { family, variant } = found;
    if (!family.warm) return skip("its family has no warm-up");
    if ("missing" in context.activation(family.family, variant.name)) return skip("it is not activated");
    return [{ name: variant.name, family: family.family, need: family.warm(variant.name, context) }];
  });
}
