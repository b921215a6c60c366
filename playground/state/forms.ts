/**
 * Values of the forms, kept between visits, and the requests made from them.
 *
 * @module
 */
import type { Signal } from "@preact/signals";
import { adapters, adaptersOf } from "./adapters.ts";
import type { Job, Model } from "./api.ts";
import { persisted } from "./persisted.ts";
import { modelOf, toolOf } from "./result.ts";
import type { ToolName } from "./route.ts";
import { models } from "./server.ts";

/** Fields are texts as the user typed them; an empty text leaves the server's default. */
export interface DepthForm {
  model: string;
  /** A second model for the same image, to compare the two. */
  second: string;
  input_size: string;
  focal_length_px: string;
  /** Files to make besides, in the server's names. */
  extras: readonly string[];
  /** An image that is dropped or pasted is estimated at once. */
  at_once: boolean;
}

export interface UpscaleForm {
  model: string;
  second: string;
  resolution: string;
  softness: number;
  seed: string;
  format: string;
  color_fix: string;
  tile: string;
  quantize: string;
}

export interface PaintForm {
  prompt: string;
  /** Every line of the prompt is a prompt of its own. */
  lines: boolean;
  model: string;
  second: string;
  size: string;
  fast: string;
  steps: string;
  guidance: string;
  /** Several steps and guidances, one job for each pair. */
  grid: boolean;
  grid_steps: string;
  grid_guidance: string;
  seed: string;
  negative_prompt: string;
  count: number;
  use_image: boolean;
  image_strength: number;
}

const paint: PaintForm = {
  prompt: "",
  lines: false,
  model: "",
  second: "",
  size: "",
  fast: "",
  steps: "",
  guidance: "",
  grid: false,
  grid_steps: "",
  grid_guidance: "",
  seed: "",
  negative_prompt: "",
  count: 1,
  use_image: false,
  image_strength: 0.4,
};

export interface Forms {
  depth: Signal<DepthForm>;
  upscale: Signal<UpscaleForm>;
  generate: Signal<PaintForm>;
  edit: Signal<PaintForm>;
}

export const forms: Forms = {
  depth: persisted("form.depth", {
    model: "",
    second: "",
    input_size: "",
    focal_length_px: "",
    extras: [],
    at_once: false,
  }),
  upscale: persisted("form.upscale", {
    model: "",
    second: "",
    resolution: "2x",
    softness: 0,
    seed: "",
    format: "png",
    color_fix: "",
    tile: "",
    quantize: "",
  }),
  generate: persisted("form.generate", paint),
  edit: persisted("form.edit", paint),
};

/** Prompts that were used, newest first. */
export const promptHistory = persisted<readonly string[]>("prompts", []);

export function rememberPrompt(prompt: string): void {
  promptHistory.value = [prompt, ...promptHistory.value.filter((known) => known !== prompt)].slice(0, 50);
}

const operations: Record<ToolName, string> = {
  depth: "/estimate",
  upscale: "/upscale",
  generate: "/generate",
  edit: "/edit",
};

export const keyOf = ({ family, name }: Pick<Model, "family" | "name">) => `${family}/${name}`;

/** The models that a tool can use. */
export const modelsOf = (tool: ToolName): Model[] =>
  models.value.filter((model) => model.operations.includes(operations[tool]));

/** The form's model; else a default that can run, else any that can run, else a default. */
export function chosenModel(tool: ToolName): Model | undefined {
  const known = modelsOf(tool);
  const wanted = forms[tool].value.model;
  return (
    known.find((model) => keyOf(model) === wanted) ??
    known.find((model) => model.activated && model.default && !model.built_in) ??
    known.find((model) => model.activated && !model.built_in) ??
    known.find((model) => model.activated) ??
    known.find((model) => model.default) ??
    known[0]
  );
}

/** Makes a model the one that a tool's form names. */
export function chooseModel(tool: ToolName, model: Model): void {
  const form = forms[tool] as Signal<{ model: string }>;
  form.value = { ...form.value, model: keyOf(model) };
}

/** The model to compare with, where one is chosen that can run. */
export function secondModel(tool: ToolName): Model | undefined {
  const { second } = forms[tool].value;
  const model = modelsOf(tool).find((candidate) => keyOf(candidate) === second);
  return model?.activated && model !== chosenModel(tool) ? model : undefined;
}

/** The prompts of a form: one, or one for each line. */
export function promptsOf({ prompt, lines }: PaintForm): string[] {
  const whole = prompt.trim();
  if (!lines) return [whole];
  const each = whole
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  return each.length > 0 ? each : [whole];
}

/** Whether a request for the model may have the field. */
export const takes = (model: Model, field: string) => model.fields.includes(field);

export const pathOf = (tool: ToolName, model: Model) => `/v1/image/${model.family}${operations[tool]}`;

const number = (text: string) => (text.trim() === "" ? undefined : Number(text));
/** Leaves out fields without a value, so that the server's defaults hold. */
const given = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== ""));

/** The request's fields, without the images. `model` is the one that will run. */
export function requestOf(tool: ToolName, model: Model): Record<string, unknown> {
  if (tool === "depth") {
    const { input_size, focal_length_px, extras } = forms.depth.value;
    return given({
      model: model.name,
      input_size: takes(model, "input_size") ? number(input_size) : undefined,
      focal_length_px: number(focal_length_px),
      extras: extras.length > 0 ? extras : undefined,
    });
  }
  if (tool === "upscale") {
    const { resolution, softness, seed, format, color_fix, tile, quantize } = forms.upscale.value;
    const own = { seed: number(seed), color_fix, tile: number(tile), quantize: number(quantize) };
    return given({
      model: model.name,
      // A number is the shorter side in pixels.
      resolution: resolution.endsWith("x") ? resolution : Number(resolution),
      softness: softness || undefined,
      format,
      ...Object.fromEntries(Object.entries(own).filter(([field]) => takes(model, field))),
    });
  }
  const form = forms[tool].value;
  const [width, height] = form.size.split("x").map(Number);
  return given({
    prompt: form.prompt.trim(),
    model: model.name,
    width: width || undefined,
    height: height || undefined,
    fast: tool === "generate" ? number(form.fast) : undefined,
    image_strength: tool === "generate" && form.use_image ? form.image_strength : undefined,
    negative_prompt: form.negative_prompt.trim(),
    ...(!form.grid && { steps: number(form.steps), guidance: number(form.guidance) }),
    seed: number(form.seed),
  });
}

const text = (value: unknown) => (value === undefined || value === null ? "" : String(value));

/** Brings a job's settings back into its form. */
export function useSettings(job: Job, only?: "prompt" | "seed"): ToolName {
  const tool = toolOf(job);
  const params = { ...job.params, ...(job.result?.params as object | undefined) } as Record<string, unknown>;
  const { family, name } = modelOf(job);
  const model = `${family}/${name}`;
  if (tool === "depth")
    forms.depth.value = {
      ...forms.depth.value,
      model,
      second: "",
      input_size: text(job.params.input_size),
      focal_length_px: text(job.params.focal_length_px),
      extras: (job.params.extras as string[] | undefined) ?? [],
    };
  else if (tool === "upscale")
    forms.upscale.value = {
      ...forms.upscale.value,
      model,
      resolution: text(params.resolution) || "2x",
      softness: Number(params.softness ?? 0),
      seed: text(job.params.seed),
      format: text(params.format) || "png",
      color_fix: text(job.params.color_fix),
      tile: text(job.params.tile),
      quantize: text(job.params.quantize),
    };
  else {
    const form = forms[tool].value;
    const all = {
      ...form,
      model,
      prompt: text(params.prompt),
      size: params.width && params.height ? `${params.width}x${params.height}` : "",
      fast: text(job.params.fast),
      steps: text(job.params.steps),
      guidance: text(job.params.guidance),
      grid: false,
      seed: text(params.seed),
      negative_prompt: text(job.params.negative_prompt),
    };
    forms[tool].value = only === undefined ? all : { ...form, [only]: all[only] };
    if (only === undefined) adapters[tool].value = adaptersOf(job);
  }
  return tool;
}
