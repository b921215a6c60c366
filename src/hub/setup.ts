/**
 * What a model needs on this machine, and whether it is there. Reads the disk only.
 *
 * @module
 */
import { existsSync } from "node:fs";
import type { Download, Variant } from "../capabilities/capability.ts";
import { bytesOnDisk, label, missing, type Places } from "./download/resources.ts";
import { asInstalled } from "./installed.ts";

/** A repository, a file, or a path of the setting `model_paths`. */
export interface Resource {
  kind: "hf_snapshot" | "url_file" | "local_path";
  label: string;
  ready: boolean;
  /** File names and patterns that are not there. */
  missing: string[];
  /** What is fetched; a local path has nothing. */
  download?: Download;
}

/** `local` is a path of the setting model_paths, `built-in` is inside the program. */
export type SetupStatus = "ready" | "missing" | "local" | "built-in";

export interface Setup {
  status: SetupStatus;
  resources: Resource[];
  /** The model with the downloads that are here, which may be a copy's. */
  installed: Variant;
}

export function setupOf(
  family: string,
  variant: Variant,
  { places, modelPaths }: { places: Places; modelPaths: Readonly<Record<string, string>> },
): Setup {
  const installed = asInstalled(variant, places);
  const { name, downloads, embedded } = installed;
  const own = modelPaths[`${family}/${name}`];
  if (own !== undefined || (downloads.length === 0 && embedded === undefined)) {
    const ready = own !== undefined && existsSync(own);
    const resource = localPath(family, name, ready);
    return { status: ready ? "local" : "missing", resources: [resource], installed };
  }
  const resources = downloads.map((download): Resource => {
    const lacking = missing(download, places);
    const kind = download.kind === "huggingface" ? "hf_snapshot" : "url_file";
    return { kind, label: label(download), ready: lacking.length === 0, missing: lacking, download };
  });
  const ready = resources.every((resource) => resource.ready);
  return { status: !ready ? "missing" : resources.length === 0 ? "built-in" : "ready", resources, installed };
}

function localPath(family: string, name: string, ready: boolean): Resource {
  const setting = `model_paths["${family}/${name}"]`;
  return { kind: "local_path", label: setting, ready, missing: ready ? [] : [setting] };
}

/** A resource's size in gigabytes (10^9), where it is known: as measured, or as a model's only download is said to be. */
export function resourceGb(
  { ready, download }: Resource,
  { downloads, diskGb }: Pick<Variant, "downloads" | "diskGb">,
  places: Places,
): number | null {
  if (download === undefined) return null;
  if (ready) return bytesOnDisk(download, places) / 1e9;
  return downloads.length === 1 ? diskGb : null;
}
