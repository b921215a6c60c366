/** Every model with its state on this machine: what it needs, whether that is there, and whether the machine can hold it. */

import { statSync } from "node:fs";
import { createRoute } from "@hono/zod-openapi";
import type { Capability, CheckContext, Variant } from "../../../capabilities/capability.ts";
import { variantsFor } from "../../../capabilities/catalogue.ts";
import { ofCopy } from "../../../capabilities/downloads.ts";
import { fitOf, footprint, gigabyte } from "../../../engine/residency.ts";
import { bytesOnDisk, distinct, type Places } from "../../../hub/download/resources.ts";
import { isWhole } from "../../../hub/installed.ts";
import { freeForDownloads, roomFor } from "../../../hub/room.ts";
import { type Resource, resourceGb, type Setup, setupOf } from "../../../hub/setup.ts";
import type { Deps } from "../../deps.ts";
import { json } from "../../openapi/responses.ts";
import type { Serve } from "../../route.ts";
import { SetupResponse } from "./setup-contract.ts";

const getSetup = createRoute({
  method: "get",
  path: "/v1/setup",
  operationId: "get_setup_v1_setup_get",
  summary: "Get Setup",
  description:
    "Lists every model with its state on this machine, as `easel status` does. A missing model is downloaded with " +
    "POST /v1/image/{family}/models/{name}/activate, or with its `activate_command` in a terminal.",
  tags: ["Server"],
  responses: { 200: json("The models.", SetupResponse) },
});

export function setupRoutes(serve: Serve, deps: Deps): void {
  const peaks: Peaks = new Map();
  serve(getSetup, (c) => c.json(setup(deps, peaks), 200));
}

/** A variant with its family and its state. */
interface Entry {
  capability: Capability;
  variant: Variant;
  setup: Setup;
}

type Peaks = Map<string, number | null>;

/** Memory of a usual request. Agents ask often and a plan takes time, so it is kept until the model's files change. */
function peakOf({ capability, variant, setup }: Entry, context: CheckContext, kept: Peaks) {
  const { family, warm } = capability;
  const { name } = variant;
  const activation = setup.status === "missing" ? undefined : context.activation(family, name);
  const paths = activation && "source" in activation ? activation.source.paths : [];
  const dates = paths.map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs);
  const key = [family, name, ...paths, ...dates].join("\n");
  const known = kept.get(key);
  if (known !== undefined) return known;
  const need = warm?.(name, context);
  const peak = need ? footprint(family, need) : null;
  kept.set(key, peak);
  return peak;
}

function setup({ capabilities, context, places, scheduler }: Deps, peaks: Peaks) {
  const modelPaths = context.settings.model_paths;
  const { loaded, budget_gb } = scheduler.health().memory;
  const entries = capabilities.flatMap((capability) =>
    capability.variants.map((variant) => ({
      capability,
      variant,
      setup: setupOf(capability.family, variant, { places, modelPaths }),
    })),
  );
  const standards = new Map(
    capabilities.map((capability) => [capability.family, capability.defaultVariant(context)]),
  );
  const data = entries.map(({ capability, variant, setup }) => ({
    domain: capability.domain,
    family: capability.family,
    name: variant.name,
    default: standards.get(capability.family) === variant.name,
    status: statusOf(setup),
    size_gb: setup.installed.diskGb,
    resources: setup.resources.map((resource) => ({
      kind: resource.kind,
      label: resource.label,
      ready: resource.ready,
      disk_gb: rounded(resourceGb(resource, setup.installed, places)),
      detail: resource.ready ? "" : `missing: ${resource.missing.join(", ")}`,
      activate_command: commandFor(
        resource,
        `${capability.family}/${variant.name}`,
        variant,
        setup.installed,
      ),
    })),
    activated: setup.status !== "missing",
    built_in: setup.status === "built-in",
    operations: capability.operations
      .filter((operation) => variantsFor(capability, operation).includes(variant))
      .map(({ path }) => path),
    ...licenceOf(setup.installed),
    ...(setup.installed.bits && { bits: setup.installed.bits }),
    ...(variant.copies && { copies: copiesOf(`${capability.family}/${variant.name}`, variant, places) }),
    ...fitOf(peakOf({ capability, variant, setup }, context, peaks), budget_gb * gigabyte),
    ...diskOf(setup.status === "missing" ? variant : setup.installed, places),
    loaded: loaded.some(({ family, name }) => family === capability.family && name === variant.name),
    ...(variant.note !== undefined && { note: variant.note }),
  }));
  return { object: "list", summary: summaryOf(entries, places), data };
}

/** In the words of the contract: a model without resources needs no setup. */
const statusOf = ({ status }: Setup) =>
  status === "missing"
    ? ("missing" as const)
    : status === "built-in"
      ? ("none" as const)
      : ("ready" as const);

function commandFor(
  { kind }: Pick<Resource, "kind">,
  model: string,
  published: Variant,
  wanted: Variant,
): string {
  if (kind === "local_path") return `EASEL_MODEL_PATHS='{"${model}": "FOLDER"}' easel run`;
  const bits = wanted.bits === published.bits ? "" : ` --bits ${wanted.bits}`;
  return `easel activate ${model}${bits}${wanted.licence.commercial ? "" : " --accept-license"}`;
}

const licenceOf = ({ licence }: Pick<Variant, "licence">) => ({
  licence: licence.name,
  licence_url: licence.url,
  commercial_use: licence.commercial,
});

/** Whether what is missing fits on the disk; nothing where nothing is missing. */
function diskOf(variant: Variant, places: Places) {
  const room = roomFor(variant, places);
  return room && { fits_disk: room.fits };
}

/** The model in fewer bits, as others publish it. */
const copiesOf = (model: string, published: Variant, places: Places) =>
  published.copies?.map((copy) => {
    const variant = ofCopy(published, copy);
    return {
      bits: copy.bits,
      repo: copy.repo,
      size_gb: copy.diskGb,
      ready: isWhole(copy.downloads, places),
      ...diskOf(variant, places),
      ...licenceOf(variant),
      activate_command: commandFor({ kind: "hf_snapshot" }, model, published, variant),
    };
  });

/** Totals. A resource that several models need counts once. */
function summaryOf(entries: readonly Entry[], places: Places) {
  const resources = new Map(
    entries.flatMap(({ setup }) =>
      setup.resources.map(
        (resource) => [JSON.stringify(resource.download ?? resource.label), resource] as const,
      ),
    ),
  );
  const ready = [...resources.values()].filter((resource) => resource.ready);
  const installed = distinct(ready.flatMap(({ download }) => download ?? [])).reduce(
    (sum, download) => sum + bytesOnDisk(download, places),
    0,
  );
  const installedGb = installed / 1e9;
  return {
    models_total: entries.length,
    models_ready: entries.filter(({ setup }) => setup.status !== "missing").length,
    resources_total: resources.size,
    resources_ready: ready.length,
    installed_gb: rounded(installedGb)!,
    total_gb: rounded(installedGb + missingGb(entries, places))!,
    free_gb: rounded(freeForDownloads(places) / 1e9)!,
  };
}

/** What downloads of all missing models would add. Models with the same files count once. */
function missingGb(entries: readonly Entry[], places: Places): number {
  const missing = new Map(
    entries
      .filter(({ setup }) => setup.status === "missing")
      .map(({ variant, setup }) => {
        const there = setup.resources
          .filter(({ ready }) => ready)
          .reduce((sum, resource) => sum + (resourceGb(resource, variant, places) ?? 0), 0);
        return [JSON.stringify(variant.downloads), Math.max(variant.diskGb - there, 0)] as const;
      }),
  );
  return missing.values().reduce((sum, gb) => sum + gb, 0);
}

/** To a hundredth; a size below that keeps one digit. */
const rounded = (gb: number | null) =>
  gb === null ? null : gb >= 0.01 ? Math.round(gb * 100) / 100 : Number(gb.toPrecision(1));
