/**
 * Where a model's files lie on this machine. No network, and nothing is opened but folders.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Variant } from "../capabilities/capability.ts";
import { label, missing, type Places, pathOf } from "./download/resources.ts";
import { asInstalled } from "./installed.ts";

export interface LocateOptions {
  /** The setting: a folder or file in the published layout, by "family/variant". */
  modelPaths: Readonly<Record<string, string>>;
  places: Places;
  /** Folder of the files that come inside the program. */
  embedded: string;
}

/** The paths that a variant is loaded from, or the names of the missing ones. */
export type Located = { source: { paths: readonly string[] } } | { missing: readonly string[] };

export function locate(
  family: string,
  variant: Pick<Variant, "name" | "downloads" | "copies" | "bits" | "embedded">,
  options: LocateOptions,
): Located {
  const { name, embedded } = variant;
  const own = options.modelPaths[`${family}/${name}`];
  if (own !== undefined) {
    // The operator's word is final: a wrong path must not quietly load something else.
    return existsSync(own) ? { source: { paths: [own] } } : { missing: [`model_paths["${family}/${name}"]`] };
  }
  if (embedded !== undefined) {
    const path = join(options.embedded, embedded);
    return existsSync(path) ? { source: { paths: [path] } } : { missing: [embedded] };
  }
  const { downloads } = asInstalled(variant, options.places);
  if (downloads.length === 0) return { missing: [`model_paths["${family}/${name}"]`] };
  const lacking = downloads.filter((download) => missing(download, options.places).length > 0);
  if (lacking.length > 0) return { missing: lacking.map(label) };
  return { source: { paths: downloads.map((download) => pathOf(download, options.places)!) } };
}
