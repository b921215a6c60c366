/**
 * A request before it is made: the size of its result, how long it will take, and whether it fits into memory.
 *
 * @module
 */
import { computed, effect, signal } from "@preact/signals";
import { resultSize } from "../../src/capabilities/seedvr2/result-size.ts";
import type { Job, MemoryPlan, Model } from "./api.ts";
import * as api from "./api.ts";
import { chosenModel, forms, takes } from "./forms.ts";
import { inputs } from "./inputs.ts";
import { results } from "./jobs.ts";
import { modelOf, secondsOf, toolOf } from "./result.ts";
import type { ToolName } from "./route.ts";

/** Every factor that the page offers is far below the server's limits, so that its text is a number and an x. */
export function upscaledSize(width: number, height: number, resolution: string) {
  const factor = Number.parseFloat(resolution);
  return resultSize(width, height, resolution.endsWith("x") ? { factor } : { pixels: factor });
}

/** Size of the result, as far as the form and its image tell it. */
export function sizeOf(tool: ToolName): { width: number; height: number } | undefined {
  if (tool === "generate" || tool === "edit") {
    const [width, height] = forms[tool].value.size.split("x").map(Number);
    return width && height ? { width, height } : undefined;
  }
  const { width, height } = inputs[tool].value ?? {};
  if (!width || !height) return undefined;
  return tool === "depth" ? { width, height } : upscaledSize(width, height, forms.upscale.value.resolution);
}

/** Amount of work of a finished job or a request, for comparing times. A depth network sees one size, whatever the image's. */
function workOf(tool: ToolName, width: number, height: number, steps: number | undefined): number {
  if (tool === "depth") return 1;
  return width * height * (tool === "upscale" ? 1 : (steps ?? 1));
}

const compared = 8;

/** Seconds that such a request took here before, scaled to its size; undefined before the first. */
export function expectedSeconds(tool: ToolName, model: Model, history: readonly Job[]): number | undefined {
  const size = sizeOf(tool);
  const paints = tool === "generate" || tool === "edit";
  const asked = paints ? Number(forms[tool].value.steps || forms[tool].value.fast) || undefined : undefined;
  const times: number[] = [];
  for (const job of history) {
    const { family, name } = modelOf(job);
    const seconds = secondsOf(job);
    const { width, height } = (job.result ?? {}) as { width?: number; height?: number };
    if (toolOf(job) !== tool || family !== model.family || name !== model.name) continue;
    if (seconds === undefined || !width || !height) continue;
    const { steps } = { ...job.params, ...(job.result?.params as object) } as { steps?: number };
    const wanted = workOf(tool, size?.width ?? width, size?.height ?? height, asked ?? steps);
    times.push((seconds * wanted) / workOf(tool, width, height, steps));
    if (times.length === compared) break;
  }
  return times.sort((a, b) => a - b)[times.length >> 1];
}

/** What the server has planned, by the address that was asked. */
const plans = signal<ReadonlyMap<string, MemoryPlan>>(new Map());
/** The tool whose plan is shown; undefined while none is. */
export const plannedTool = signal<ToolName | undefined>(undefined);

function addressOf(model: Model, size: { width: number; height: number } | undefined, steps: number): string {
  const query = new URLSearchParams(size && { width: String(size.width), height: String(size.height) });
  if (Number.isInteger(steps) && steps > 0) query.set("steps", String(steps));
  const { quantize } = forms.upscale.value;
  if (quantize !== "" && takes(model, "quantize")) query.set("quantize", quantize);
  return `/v1/image/${model.family}/models/${model.name}/plan?${query}`;
}

/** Factors that the page offers for an upscale. */
export const factors = ["1.5x", "2x", "3x", "4x"] as const;

/** The plan of every factor for the image and model of the upscale form, by factor. */
const factorAddresses = computed(() => {
  const model = chosenModel("upscale");
  const { width, height } = inputs.upscale.value ?? {};
  if (plannedTool.value !== "upscale" || !model || !width || !height) return new Map<string, string>();
  return new Map(
    factors.map((factor) => [factor, addressOf(model, upscaledSize(width, height, factor), 0)] as const),
  );
});

const wanted = computed(() => {
  const tool = plannedTool.value;
  const model = tool && chosenModel(tool);
  if (!model) return undefined;
  const steps = tool === "generate" || tool === "edit" ? Number(forms[tool].value.steps) : 0;
  return addressOf(model, sizeOf(tool), steps);
});

const pauseMs = 250;
let timer: ReturnType<typeof setTimeout> | undefined;
effect(() => {
  const addresses = new Set([wanted.value, ...factorAddresses.value.values()]);
  clearTimeout(timer);
  timer = setTimeout(async () => {
    for (const address of addresses) {
      if (address === undefined || plans.peek().has(address)) continue;
      const plan = await api.plan(address).catch(() => undefined);
      // A refused size is refused with words when it is asked for.
      if (plan) plans.value = new Map([...[...plans.peek()].slice(-40), [address, plan]]);
    }
  }, pauseMs);
});

export const memoryPlan = computed(() => (wanted.value ? plans.value.get(wanted.value) : undefined));

/** Why a factor cannot be had; undefined where it can, as far as is known. */
export function factorRefusal(factor: string): string | undefined {
  const { width, height } = inputs.upscale.value ?? {};
  if (!width || !height) return undefined;
  if (width * height * Number.parseFloat(factor) ** 2 > mostOutputPixels)
    return "The result would be larger than 64 megapixels.";
  const plan = plans.value.get(factorAddresses.value.get(factor) ?? "");
  if (!plan || plan.fits) return undefined;
  return `Needs ${gigabytes(plan.peak_bytes)} of ${gigabytes(plan.budget_bytes)} GB of memory.`;
}

const mostOutputPixels = 67_108_864;

/** Bytes as gigabytes in words. */
export const gigabytes = (bytes: number) => (bytes / 2 ** 30).toFixed(bytes < 2 ** 30 ? 2 : 1);

/** Seconds of the shown tool's request. */
export const plannedSeconds = computed(() => {
  const tool = plannedTool.value;
  const model = tool && chosenModel(tool);
  return model && expectedSeconds(tool, model, results.value);
});
