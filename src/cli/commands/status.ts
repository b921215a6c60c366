import { existsSync } from "node:fs";
import type { Command } from "commander";
import type { CheckContext, Download } from "../../capabilities/capability.ts";
import { contextOf, pathProblems } from "../../capabilities/catalogue.ts";
import { distinct, label, missing, type Places } from "../../hub/download/resources.ts";
import type { CommandContext } from "../context.ts";
import { gigabytes, table } from "../output/table.ts";
import { type Choice, choices, type Filters, hasFilter, select } from "../select.ts";

export interface ModelStatus {
  domain: string;
  family: string;
  name: string;
  default: boolean;
  /** `local` is a path of the setting model_paths, `built-in` is inside the binary. */
  status: "ready" | "missing" | "local" | "built-in";
  repo: string;
  licence: string;
  commercial: boolean;
  resources: { kind: string; label: string; ready: boolean; missing: string[] }[];
  size_gb: number;
  note?: string;
}

/** What is on this machine for each model. Reads the disk only. */
export function modelStatus(
  choice: Choice,
  places: Places,
  modelPaths: Readonly<Record<string, string>>,
): ModelStatus {
  const { capability, variant } = choice;
  const resources = variant.downloads.map((download) => {
    const lacking = missing(download, places);
    return { kind: kindOf(download), label: label(download), ready: lacking.length === 0, missing: lacking };
  });
  const setting = `${capability.family}/${variant.name}`;
  const own = modelPaths[setting];
  if (own !== undefined || (resources.length === 0 && variant.embedded === undefined)) {
    const ready = own !== undefined && existsSync(own);
    const name = `model_paths["${setting}"]`;
    resources.splice(0, Number.POSITIVE_INFINITY, {
      kind: "local_path",
      label: name,
      ready,
      missing: ready ? [] : [name],
    });
  }
  const ready = resources.every((resource) => resource.ready);
  const status = !ready
    ? "missing"
    : own !== undefined
      ? "local"
      : resources.length === 0
        ? "built-in"
        : "ready";
  return {
    domain: capability.domain,
    family: capability.family,
    name: variant.name,
    default: choice.default,
    status,
    repo: variant.repo,
    licence: variant.licence.name,
    commercial: variant.licence.commercial,
    resources,
    size_gb: variant.diskGb,
    ...(variant.note !== undefined && { note: variant.note }),
  };
}

function kindOf(download: Download): string {
  return download.kind === "huggingface" ? "hf_snapshot" : "url_file";
}

/** The table of the original, with its summary above and what is missing below. */
export function statusText(
  all: readonly ModelStatus[],
  selected: readonly Choice[],
  verbose: boolean,
): string {
  const usable = (model: ModelStatus) => model.status !== "missing";
  const downloads = new Map<string, boolean>();
  for (const { resources } of all) for (const { label, ready } of resources) downloads.set(label, ready);
  const ready = [...downloads.values()].filter(Boolean).length;
  const installed = all
    .filter((model) => model.status === "ready")
    .reduce((sum, model) => sum + model.size_gb, 0);
  const total = all.reduce((sum, model) => sum + model.size_gb, 0);
  const sorted = [...all].sort(
    (a, b) => a.domain.localeCompare(b.domain) || a.family.localeCompare(b.family),
  );
  const lines = [
    "easel status",
    "",
    "Summary",
    `  Models:    ${all.filter(usable).length} ready / ${all.length} total`,
    `  Resources: ${ready} ready / ${downloads.size} total`,
    `  Missing:   ${downloads.size - ready}`,
    `  Size:      ${gigabytes(installed)} installed / ${gigabytes(total)} total`,
    "",
  ];
  const rows = sorted.map((model) => [
    model.domain,
    model.family,
    model.default ? `${model.name} *` : model.name,
    model.status,
    model.resources.length === 0
      ? "-"
      : `${model.resources.filter(({ ready }) => ready).length}/${model.resources.length}`,
    model.size_gb > 0 ? gigabytes(model.size_gb) : "-",
  ]);
  const heading = ["Domain", "Family", "Model", "Status", "Resources", "Size"];
  const drawn = table([heading, ...rows]).split("\n");
  if (!verbose) lines.push(...drawn);
  else {
    lines.push(drawn[0]!);
    sorted.forEach((model, i) => {
      lines.push(drawn[i + 1]!, `  repository: ${model.repo}`);
      lines.push(
        `  licence:    ${model.licence}${model.commercial ? "" : " (no commercial use)"}`,
        "  resources:",
      );
      for (const resource of model.resources) {
        lines.push(`    ${resource.ready ? "ready  " : "missing"}  ${resource.kind}  ${resource.label}`);
        if (!resource.ready) lines.push(`      detail: lacks ${resource.missing.join(", ")}`);
      }
      lines.push("");
    });
  }
  lines.push("");
  const notes = sorted.filter((model) => model.note !== undefined);
  if (notes.length > 0)
    lines.push("Notes", ...notes.map((model) => `  ${model.family}/${model.name}: ${model.note}`), "");
  const lacking = all.filter((model) => model.status === "missing");
  if (lacking.length === 0) lines.push("All resources are ready.");
  else {
    lines.push("Missing resources");
    for (const download of distinct(
      selected.filter((_, i) => all[i]?.status === "missing").flatMap(({ variant }) => variant.downloads),
    )) {
      const name = label(download);
      if (downloads.get(name)) continue;
      lines.push(`  missing  ${kindOf(download)}  ${name}`, `    Run: easel activate --repo ${name}`);
    }
    for (const { resources } of lacking)
      for (const { kind, label } of resources)
        if (kind === "local_path")
          lines.push(`  missing  local_path  ${label}`, "    Set it to the folder or file of the weights");
  }
  return lines.join("\n");
}

export function registerStatus(program: Command, context: CommandContext): void {
  program
    .command("status")
    .description("show which models are on this machine")
    .option("--domain <name>", "only this domain (repeatable)", collect)
    .option("--family <name>", "only this family (repeatable)", collect)
    .option("--repo <name>", "only what comes from this repository (repeatable)", collect)
    .option("--model <name>", "only this model, as family/name (repeatable)", collect)
    .option("-v, --verbose", "show repositories, licences and every resource")
    .option("--json", "print JSON")
    .action((options: Filters & { verbose?: boolean; json?: boolean }) => {
      const settings = context.settings();
      for (const { model, why } of pathProblems(context.capabilities, settings.model_paths))
        context.err(`warning: model_paths["${model}"]: ${why}`);
      const every = choices(context.capabilities, (family) => defaultOf(context, family));
      const selected = hasFilter(options) ? select(every, options) : every;
      const all = selected.map((choice) => modelStatus(choice, context.places(), settings.model_paths));
      context.out(
        options.json ? JSON.stringify(all, null, 2) : statusText(all, selected, options.verbose ?? false),
      );
    });
}

export function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** The variant that a request without `model` gets. */
export function defaultOf(context: CommandContext, family: string): string {
  const capability = context.capabilities.find((each) => each.family === family)!;
  return capability.defaultVariant(checkContext(context));
}

/** What a family's own checks may look at, without unpacking anything. */
export function checkContext(context: CommandContext): CheckContext {
  return contextOf(context.capabilities, context.settings(), { places: context.places(), embedded: null });
}
