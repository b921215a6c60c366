/**
 * A request before it is made: the size of its result, how long it will take, and whether it fits into memory.
 *
 * @module
 */
import { computed, effect, signal } from "@preact/signals";
import { resultSize } from "../../src/capabilities/seedvr2/result-size.ts";
import type { Job, MemoryPlan, Model } from "./api.ts";
import * as api from "./api.ts";
import { chosenModel, forms } from "./forms.ts";
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
/** The tool whose plan is shown. */
export const plannedTool = signal<ToolName>("depth");

const wanted = computed(() => {
  const tool = plannedTool.value;
  const model = chosenModel(tool);
  if (!model) return undefined;
  const size = sizeOf(tool);
  const query = new URLSearchParams(size && { width: String(size.width), height: String(size.height) });
  const steps = tool === "generate" || tool === "edit" ? Number(forms[tool].value.steps) : 0;
  if (Number.isInteger(steps) && steps > 0) query.set("steps", String(steps));
  return `/v1/image/${model.family}/models/${model.name}/plan?${query}`;
});

const pauseMs = 250;
let timer: ReturnType<typeof setTimeout> | undefined;
effect(() => {
  const address = wanted.value;
  clearTimeout(timer);
  if (address === undefined || plans.peek().has(address)) return;
  timer = setTimeout(async () => {
    const plan = await api.plan(address).catch(() => undefined);
    // A refused size is refused with words when it is asked for.
    if (plan) plans.value = new Map([...[...plans.peek()].slice(-20), [address, plan]]);
  }, pauseMs);
});

export const memoryPlan = computed(() => (wanted.value ? plans.value.get(wanted.value) : undefined));

/** Seconds of the shown tool's request. */
export const plannedSeconds = computed(() => {
  const tool = plannedTool.value;
  const model = chosenModel(tool);
  return model && expectedSeconds(tool, model, results.value);
});
