import { z } from "@hono/zod-openapi";
import type { Command } from "commander";
import type { CheckContext, Operation, PlannedRequest, Variant } from "../../capabilities/capability.ts";
import { chooseVariant } from "../../capabilities/model.ts";
import { expectedMemory } from "../../engine/memory.ts";
import type { Need } from "../../engine/need.ts";
import { budgetOf, footprint, gigabyte } from "../../engine/residency.ts";
import type { Bits } from "../../engine/task.ts";
import { nearest } from "../../settings/nearest.ts";
import { type CommandContext, CommandError, exitCodes } from "../context.ts";
import { positive } from "../option-values.ts";
import { table } from "../output/table.ts";
import { checkContext } from "./status.ts";

interface PlanOptions {
  model?: string;
  quantize?: number;
  size?: number;
  width?: number;
  height?: number;
  steps?: number;
  json?: boolean;
}

/** Uses the scheduler's own functions, so that both plan the same. */
export function registerPlan(program: Command, context: CommandContext): void {
  program
    .command("plan <model>")
    .description(
      "show how much memory a request will take, phase by phase; the model as family/name or family",
    )
    .option("--model <name>", "which model, if only the family is named")
    .option("--quantize <bits>", "bits of the weights: 3, 4, 5, 6 or 8", positive)
    .option("--size <pixels>", "side of a square result", positive)
    .option("--width <pixels>", "width of the result", positive)
    .option("--height <pixels>", "height of the result", positive)
    .option("--steps <count>", "denoising steps", positive)
    .option("--json", "print JSON")
    .action((wanted: string, options: PlanOptions) => {
      const { capability, model } = modelOf(context, wanted, options.model);
      const { family } = capability;
      if (options.steps !== undefined && !capability.operations.some(hasSteps))
        throw new CommandError(`${capability.label} works in one step: leave out --steps`, exitCodes.usage);
      const look = checkContext(context);
      const variant = chooseVariant(capability, model, look);
      const width = options.width ?? options.size;
      const height = options.height ?? options.size ?? width;
      const request: PlannedRequest = {
        ...(options.quantize !== undefined && { quantize: options.quantize }),
        ...(width !== undefined && { width }),
        ...(height !== undefined && { height }),
        ...(options.steps !== undefined && { steps: options.steps }),
      };
      const need = capability.warm(variant.name, look, request);
      const download = downloadOf(family, variant, need.bits, look);
      const budget = budgetOf(expectedMemory(), look.settings.memory_limit_gb);
      context.out(
        options.json ? planJson(family, need, budget, download) : planText(family, need, budget, download),
      );
      if (footprint(family, need, new Map()) > budget)
        throw new CommandError("The request does not fit into memory", exitCodes.doesNotFit);
    });
}

/** Whether its requests name a count of steps. */
const hasSteps = ({ request }: Pick<Operation, "request">) =>
  request instanceof z.ZodObject && "steps" in request.shape;

/** A family, or one of its models as family/name. */
function modelOf(context: CommandContext, wanted: string, option: string | undefined) {
  const [family, name] = wanted.split("/", 2) as [string, string | undefined];
  const capability = context.capabilities.find((each) => each.family === family);
  if (capability?.warm)
    return { capability: { ...capability, warm: capability.warm }, model: name ?? option };
  const names = context.capabilities.map((each) => each.family);
  const meant = nearest(family, names);
  throw new CommandError(
    `There is no family ${family}; choose one of ${names.join(", ")}${meant ? `. Did you mean ${meant}?` : ""}`,
    exitCodes.usage,
  );
}

/** Gigabytes that are to be downloaded first: of the model's own files, where they give the plan's bits, and of a copy with them. */
interface PlannedDownload {
  gb?: number;
  copyGb?: number;
}

function downloadOf(
  family: string,
  { name, downloads, diskGb, bits: ownBits, copies = [] }: Variant,
  bits: Bits,
  look: CheckContext,
): PlannedDownload | null {
  if (downloads.length === 0 || "source" in look.activation(family, name)) return null;
  const copy = copies.find((each) => each.bits === bits);
  const own = ownBits === undefined || ownBits === bits;
  return { ...(own && { gb: diskGb }), ...(copy && { copyGb: copy.diskGb }) };
}

function planJson(family: string, need: Need, budget: number, download: PlannedDownload | null): string {
  const { variant, bits, phases } = need;
  const peak = footprint(family, need, new Map());
  return JSON.stringify(
    {
      family,
      model: variant,
      bits,
      phases,
      peak_bytes: peak,
      resident_bytes: resident(need),
      budget_bytes: budget,
      fits: peak <= budget,
      ...(download?.gb !== undefined && { download_gb: download.gb }),
      ...(download?.copyGb !== undefined && { copy_download_gb: download.copyGb }),
      ...(need.notes && { notes: need.notes }),
    },
    null,
    2,
  );
}

function planText(family: string, need: Need, budget: number, download: PlannedDownload | null): string {
  const peak = footprint(family, need, new Map());
  const rows = need.phases.map(({ name, parts, workingBytes }) => {
    const weights = parts.reduce((sum, { bytes }) => sum + bytes, 0);
    const names = parts.map((part) => part.name).join(" + ") || "-";
    return [name, names, gb(weights), gb(workingBytes), gb(weights + workingBytes)];
  });
  const smaller = typeof need.smaller === "function" ? need.smaller(budget) : need.smaller;
  const verdict =
    peak <= budget
      ? "It fits."
      : `It does not fit: ${smaller ? `ask for ${smaller}, or ` : ""}set memory_limit_gb to ${(Math.ceil((peak / gigabyte) * 10) / 10).toFixed(1)} or more.`;
  return [
    `${family}/${need.variant}, ${need.bits === null ? "not quantized" : `${need.bits} bits`}`,
    "",
    table([["Phase", "Parts", "Weights", "Working", "Together"], ...rows]),
    "",
    `Largest phase:          ${gb(peak)}`,
    `All parts in memory:    ${gb(resident(need))}`,
    `Budget of this machine: ${gb(budget)}`,
    ...(download ? [downloadText(download, `${family}/${need.variant}`, need.bits)] : []),
    ...(need.notes ?? []),
    verdict,
  ].join("\n");
}

function downloadText({ gb, copyGb }: PlannedDownload, model: string, bits: Bits): string {
  const ways = [
    ...(gb === undefined ? [] : [`${gb} GB`]),
    ...(copyGb === undefined ? [] : [`${copyGb} GB with easel activate ${model} --bits ${bits}`]),
  ];
  return `To download first:      ${ways.join(", or ")}`;
}

/** Weights when every part stays. */
function resident(need: Need): number {
  const parts = new Map(need.phases.flatMap(({ parts }) => parts.map((part) => [part.name, part.bytes])));
  return [...parts.values()].reduce((sum, bytes) => sum + bytes, 0);
}

const gb = (bytes: number) => `${(bytes / gigabyte).toFixed(2)} GB`;
