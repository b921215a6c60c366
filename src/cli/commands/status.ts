import type { Command } from "commander";
import type { CheckContext } from "../../capabilities/capability.ts";
import { contextOf, pathProblems } from "../../capabilities/catalogue.ts";
import type { DeviceState } from "../../engine/engine.ts";
import { expectedMemory } from "../../engine/memory.ts";
import { budgetOf, fitOf, footprint, gigabyte } from "../../engine/residency.ts";
import type { Places } from "../../hub/download/resources.ts";
import { isWhole } from "../../hub/installed.ts";
import { type SetupStatus, setupOf } from "../../hub/setup.ts";
import type { Settings } from "../../settings/settings.ts";
import { addressOf, type Client, json, running } from "../client.ts";
import type { CommandContext } from "../context.ts";
import { table } from "../output/table.ts";
import { type Choice, choices, type Filters, hasFilter, select } from "../select.ts";

export interface ModelStatus {
  domain: string;
  family: string;
  name: string;
  default: boolean;
  status: SetupStatus;
  repo: string;
  licence: string;
  licence_url: string;
  commercial: boolean;
  resources: { kind: string; label: string; ready: boolean; missing: string[] }[];
  size_gb: number;
  /** Bits that the download has already. */
  bits?: number;
  /** Smaller downloads of the same model. */
  copies: { bits: number; repo: string; size_gb: number; ready: boolean }[];
  /** Memory of the largest phase of a usual request, and whether this machine's budget holds it. */
  memory_gb: number | null;
  fits: boolean | null;
  note?: string;
}

/** A running server's state of a model. */
interface Served {
  name: string;
  activated?: boolean;
}

/** State of a model on this machine. Reads the disk only. */
function modelStatus(
  { capability, variant, default: isDefault }: Choice,
  places: Places,
  modelPaths: Readonly<Record<string, string>>,
  memory: Pick<ModelStatus, "memory_gb" | "fits">,
): ModelStatus {
  const { status, resources, installed } = setupOf(capability.family, variant, { places, modelPaths });
  return {
    domain: capability.domain,
    family: capability.family,
    name: variant.name,
    default: isDefault,
    status,
    repo: variant.repo,
    licence: installed.licence.name,
    licence_url: installed.licence.url,
    commercial: installed.licence.commercial,
    resources: resources.map(({ download: _, ...shown }) => shown),
    size_gb: installed.diskGb,
    ...(installed.bits && { bits: installed.bits }),
    copies: (variant.copies ?? []).map(({ bits, repo, diskGb, downloads }) => ({
      bits,
      repo,
      size_gb: diskGb,
      ready: isWhole(downloads, places),
    })),
    ...memory,
    ...(variant.note !== undefined && { note: variant.note }),
  };
}

/** Memory of a usual request, as `easel plan` computes it. */
function peakOf({ capability, variant }: Choice, look: CheckContext): number | null {
  const need = capability.warm?.(variant.name, look);
  return need ? footprint(capability.family, need) : null;
}

/** The table of models: state, size, memory, licence. */
function statusText(all: readonly ModelStatus[], budget: number): string {
  const rows = all.map((model) => [
    `${model.family}/${model.name}${model.default ? " *" : ""}`,
    model.status,
    model.size_gb > 0 ? `${model.size_gb} GB` : "-",
    model.memory_gb === null ? "-" : `${model.memory_gb.toFixed(1)} GB`,
    model.fits === null ? "-" : model.fits ? "yes" : "no",
    `${model.licence}${model.commercial ? "" : ", no commercial use"}`,
  ]);
  return [
    table([["Model", "State", "Download", "Memory", "Fits here", "Licence"], ...rows]),
    "",
    "* is used when a request of its family names no model.",
    `Memory is that of a usual request; this machine's budget is ${(budget / gigabyte).toFixed(1)} GB.`,
    "Download a model: easel activate FAMILY/NAME. Files, repositories and copies in fewer bits: easel status --verbose",
  ].join("\n");
}

/** One paragraph for each model, with every file that it needs. */
function detailsText(all: readonly ModelStatus[]): string {
  return all
    .map((model) =>
      [
        `${model.family}/${model.name}${model.default ? " (default)" : ""}: ${model.status}`,
        `  repository: ${model.repo}`,
        `  licence:    ${model.licence}${model.commercial ? "" : " (no commercial use)"}, ${model.licence_url}`,
        ...(model.note === undefined ? [] : [`  note:       ${model.note}`]),
        ...model.resources.flatMap(({ ready, kind, label, missing }) => [
          `  ${ready ? "ready" : "missing"}  ${kind}  ${label}`,
          ...(ready || kind === "local_path" ? [] : [`           missing: ${missing.join(", ")}`]),
        ]),
        ...adviceFor(model),
        ...model.copies.map(
          ({ bits, repo, size_gb, ready }) =>
            `  copy in ${bits} bits, ${size_gb} GB, ${repo}: ` +
            (ready ? "on this machine" : `easel activate ${model.family}/${model.name} --bits ${bits}`),
        ),
      ].join("\n"),
    )
    .join("\n\n");
}

function adviceFor(model: ModelStatus): string[] {
  if (model.status !== "missing") return [];
  const local = model.resources.some(({ kind }) => kind === "local_path");
  const name = `${model.family}/${model.name}`;
  return [
    local
      ? `  Set model_paths["${name}"] to the folder or file of its weights`
      : `  Run: easel activate ${name}${model.commercial ? "" : " --accept-license"}`,
  ];
}

export function registerStatus(program: Command, context: CommandContext): void {
  program
    .command("status [models...]")
    .alias("list")
    .description("show which models are on this machine, and which fit into its memory")
    .option("--domain <name>", "only this domain (repeatable)", collect)
    .option("--family <name>", "only this family (repeatable)", collect)
    .option("--repo <name>", "only what comes from this repository (repeatable)", collect)
    .option("--model <name>", "the same as naming the model (repeatable)", collect)
    .option("-v, --verbose", "show repositories, licence pages and every file")
    .option("--json", "print JSON")
    .action(async (models: string[], given: Filters & { verbose?: boolean; json?: boolean }) => {
      const options = { ...given, model: [...models, ...(given.model ?? [])] };
      const settings = context.settings();
      const server = await running(context);
      // A running server has warned of its own settings in its log.
      if (!server)
        for (const { model, why } of pathProblems(context.capabilities, settings.model_paths))
          context.err(`warning: model_paths["${model}"]: ${why}`);
      const every = choices(context.capabilities, (family) => defaultOf(context, family));
      const selected = hasFilter(options) ? select(every, options) : every;
      const budget = server ? await budgetOfServer(server) : ownBudget(settings);
      const look = checkContext(context);
      const here = selected.map((choice) =>
        modelStatus(choice, context.places(), settings.model_paths, fitOf(peakOf(choice, look), budget)),
      );
      const all = server ? await asServed(server, here) : here;
      if (options.json) return context.out(JSON.stringify(all, null, 2));
      if (server)
        context.out(
          `As the running server at ${addressOf(settings)} has them. ${await deviceOfServer(server)}\n`,
        );
      context.out(options.verbose ? detailsText(all) : statusText(all, budget));
    });
}

const ownBudget = ({ memory_limit_gb }: Settings) => budgetOf(expectedMemory(), memory_limit_gb);

/** Device of a running server, and the result of its kernel test. */
async function deviceOfServer(server: Client): Promise<string> {
  const answer = await server.request("/ready");
  const { device } = (await answer.json()) as { device?: DeviceState | null };
  if (!device) return "Its engine is not ready.";
  const tested = {
    passed: ", whose kernels passed their test",
    passed_before: ", whose kernels passed their test",
    imprecise: ", whose kernels are imprecise: see easel doctor",
    not_needed: "",
  }[device.self_test];
  const precision = device.precision && precisionText(device.precision);
  return `It computes on the ${device.kind === "gpu" ? "GPU" : "processor"} (${device.name})${tested}${precision ?? ""}.`;
}

function precisionText({ depth, diffusion, quantized }: NonNullable<DeviceState["precision"]>): string {
  const floats = depth === diffusion ? `, in ${depth}` : `, depth in ${depth} and generation in ${diffusion}`;
  return quantized === "integer" ? `${floats}, quantized transformers in integers` : floats;
}

async function budgetOfServer(server: Client): Promise<number> {
  const { memory } = await json<{ memory: { budget_gb: number } }>(await server.request("/health"));
  return memory.budget_gb * gigabyte;
}

/** The server may have other settings than this shell: what it says of a model counts. */
async function asServed(server: Client, models: readonly ModelStatus[]): Promise<ModelStatus[]> {
  const served = new Map<string, Served[]>();
  for (const { domain, family } of models) {
    if (served.has(family)) continue;
    const answer = await server.request(`/v1/${domain}/${family}/models`);
    // A server of another version may not know the family.
    served.set(family, answer.status === 404 ? [] : await json<Served[]>(answer));
  }
  return models.map((model) => {
    const activated = served.get(model.family)!.find(({ name }) => name === model.name)?.activated;
    const usable = model.status !== "missing";
    if (activated === undefined || activated === usable) return model;
    const label = `model_paths["${model.family}/${model.name}"] of the server`;
    const resources = [{ kind: "local_path", label, ready: activated, missing: activated ? [] : [label] }];
    return { ...model, status: activated ? "local" : "missing", resources };
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
  const settings = context.settings();
  return contextOf(context.capabilities, settings, {
    places: context.places(),
    embedded: null,
    budget: budgetOf(expectedMemory(), settings.memory_limit_gb),
  });
}
