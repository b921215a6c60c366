/**
 * The form of a tool.
 *
 * @module
 */

import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { extras } from "../depth/extras.ts";
import type { Model } from "../state/api.ts";
import * as api from "../state/api.ts";
import {
  adapters,
  chosenModel,
  type DepthForm,
  forms,
  keyOf,
  modelsOf,
  type PaintForm,
  promptHistory,
  takes,
  type UpscaleForm,
} from "../state/forms.ts";
import {
  addReferences,
  batch,
  chooseFiles,
  chooseImages,
  fromBlob,
  inputs,
  references,
  setInput,
} from "../state/inputs.ts";
import { toast } from "../state/notices.ts";
import type { ToolName } from "../state/route.ts";
import { run, sending } from "../state/run.ts";
import { familyTitle, offer, offerError } from "../state/server.ts";
import { Field, NumberField, Segments } from "./controls.tsx";
import { Icon } from "./icons.tsx";
import { Install } from "./install.tsx";

const leads: Record<ToolName, string> = {
  depth: "Estimate the distance of everything in a photo.",
  upscale: "Enlarge and sharpen, adding plausible detail.",
  generate: "Turn a description into an image.",
  edit: "Describe the change.",
};
export const toolTitles: Record<ToolName, string> = {
  depth: "Depth",
  upscale: "Upscale",
  generate: "Generate",
  edit: "Edit",
};
const verbs: Record<ToolName, string> = {
  depth: "Estimate depth",
  upscale: "Upscale",
  generate: "Generate",
  edit: "Edit",
};

export function Panel({ tool }: { tool: ToolName }) {
  const model = chosenModel(tool);
  const several = (tool === "depth" || tool === "upscale") && batch.value.length > 1;
  const submit = (event: Event) => {
    event.preventDefault();
    void run(tool);
  };
  return (
    <section class="panel" id="panel" aria-labelledby="panel-title">
      <form onSubmit={submit}>
        <div class="panel-fields">
          <h1 id="panel-title">{toolTitles[tool]}</h1>
          <p class="lead">{leads[tool]}</p>
          {tool !== "generate" && <InputChip tool={tool} />}
          {tool === "depth" && <DepthFields model={model} />}
          {tool === "upscale" && <UpscaleFields model={model} />}
          {(tool === "generate" || tool === "edit") && <PaintFields tool={tool} model={model} />}
        </div>
        <div class="panel-foot">
          <button type="submit" class="primary" disabled={!model?.activated || sending.value.has(tool)}>
            {sending.value.has(tool)
              ? "Sending…"
              : several
                ? `${verbs[tool]}: ${batch.value.length} images`
                : verbs[tool]}
          </button>
          {model && !model.activated && <p class="muted">Install the model first.</p>}
        </div>
      </form>
    </section>
  );
}

/** The image that the tool works on. */
function InputChip({ tool }: { tool: ToolName }) {
  const picture = inputs[tool].value;
  if (!picture) return null;
  const several = (tool === "depth" || tool === "upscale") && batch.value.length > 1;
  return (
    <div class="chip-input" id="current">
      {picture.url ? <img src={picture.url} alt="" /> : <span class="plate" />}
      <span class="name" title={picture.name}>
        {several ? `${batch.value.length} images` : picture.name}
      </span>
      <button type="button" class="quiet small" onClick={() => chooseImages(tool)}>
        Change…
      </button>
      <button
        type="button"
        class="icon"
        aria-label={`Remove ${picture.name}`}
        onClick={() => {
          batch.value = [];
          setInput(tool, undefined);
        }}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}

function update<T>(form: Signal<T>, change: Partial<T>): void {
  form.value = { ...form.value, ...change };
}

const More = ({ title = "More", children }: { title?: string; children: ComponentChildren }) => (
  <details class="more">
    <summary>{title}</summary>
    {children}
  </details>
);

function DepthFields({ model }: { model: Model | undefined }) {
  const form = forms.depth.value;
  const set = (change: Partial<DepthForm>) => update(forms.depth, change);
  return (
    <>
      <ModelPicker tool="depth" />
      <More>
        {model && takes(model, "input_size") && (
          <NumberField
            label="Processing size"
            value={form.input_size}
            set={(input_size) => set({ input_size })}
            min={96}
            max={4096}
            step={1}
            placeholder="Default"
            note="Pixels of a side. Larger shows finer detail and takes longer."
          />
        )}
        <NumberField
          label="Focal length"
          value={form.focal_length_px}
          set={(focal_length_px) => set({ focal_length_px })}
          min={1}
          placeholder="From the photo"
          note="In pixels. Metric models scale their metres by it."
        />
        <ExtraFiles chosen={form.extras} set={set} />
      </More>
    </>
  );
}

/** Files from the depth map, which the result then offers as downloads. */
function ExtraFiles({ chosen, set }: { chosen: readonly string[]; set(change: Partial<DepthForm>): void }) {
  return (
    <fieldset class="field">
      <legend>Also make</legend>
      {extras.map(({ kind, label }) => (
        <label class="check" key={kind}>
          <input
            type="checkbox"
            checked={chosen.includes(kind)}
            onChange={(event) =>
              set({
                extras: event.currentTarget.checked
                  ? [...chosen, kind]
                  : chosen.filter((other) => other !== kind),
              })
            }
          />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}

const factors = ["1.5x", "2x", "3x", "4x"] as const;

function UpscaleFields({ model }: { model: Model | undefined }) {
  const form = forms.upscale.value;
  const set = (change: Partial<UpscaleForm>) => update(forms.upscale, change);
  const { width, height } = inputs.upscale.value ?? {};
  const factor = Number.parseFloat(form.resolution);
  const known = width && height && factor;
  return (
    <>
      <ModelPicker tool="upscale" />
      <div class="field">
        <span>Size of the result</span>
        <Segments
          label="Size of the result"
          name="resolution"
          value={form.resolution}
          set={(resolution) => set({ resolution })}
          options={factors.map((value) => {
            const pixels = (width ?? 0) * (height ?? 0) * Number.parseFloat(value) ** 2;
            const disabled = pixels > mostOutputPixels;
            return {
              value,
              label: value.replace("x", "×"),
              disabled,
              title: disabled ? "The result would be larger than 64 megapixels." : undefined,
            };
          })}
        />
        {known && (
          <small>
            {width} × {height} → about {Math.round(width * factor)} × {Math.round(height * factor)}
            {model && !model.built_in && ", rounded to whole blocks of the network"}
          </small>
        )}
      </div>
      <Field
        label={
          <>
            Softness <output>{form.softness}</output>
          </>
        }
        note="Smooths noise and compression artefacts before upscaling."
      >
        <input
          type="range"
          min={0}
          max={1}
          step={0.05}
          value={form.softness}
          onInput={(event) => set({ softness: Number(event.currentTarget.value) })}
        />
      </Field>
      <More>
        <SeedField value={form.seed} set={(seed) => set({ seed })} />
        <Field label="Format">
          <select value={form.format} onChange={(event) => set({ format: event.currentTarget.value })}>
            <option value="png">PNG</option>
            <option value="jpeg">JPEG</option>
            <option value="webp">WebP</option>
          </select>
        </Field>
      </More>
    </>
  );
}

const mostOutputPixels = 67_108_864;

function SeedField({ value, set }: { value: string; set(value: string): void }) {
  return (
    <div class="field">
      <label for="seed">Seed</label>
      <div class="with-button">
        <input
          id="seed"
          type="number"
          step={1}
          min={0}
          placeholder="Random"
          value={value}
          onInput={(event) => set(event.currentTarget.value)}
        />
        <button
          type="button"
          class="icon"
          aria-label="New random seed"
          onClick={() => set(String(crypto.getRandomValues(new Uint32Array(1))[0]! >>> 1))}
        >
          <Icon name="dice" />
        </button>
        {value !== "" && (
          <button
            type="button"
            class="icon"
            aria-label="Back to a random seed each time"
            onClick={() => set("")}
          >
            <Icon name="close" />
          </button>
        )}
      </div>
    </div>
  );
}

const sizes = [
  ["", "Default"],
  ["1024x1024", "Square, 1024 × 1024"],
  ["1328x1328", "Large square, 1328 × 1328"],
  ["1664x928", "Wide, 1664 × 928"],
  ["1472x1104", "Landscape, 1472 × 1104"],
  ["1104x1472", "Portrait, 1104 × 1472"],
  ["928x1664", "Tall, 928 × 1664"],
  ["512x512", "Draft, 512 × 512"],
] as const;

function PaintFields({ tool, model }: { tool: "generate" | "edit"; model: Model | undefined }) {
  const form = forms[tool].value;
  const set = (change: Partial<PaintForm>) => update(forms[tool], change);
  const size = sizes.some(([value]) => value === form.size)
    ? sizes
    : [...sizes, [form.size, form.size.replace("x", " × ")] as const];
  return (
    <>
      <Prompt tool={tool} value={form.prompt} set={(prompt) => set({ prompt })} />
      {tool === "edit" && <References />}
      <ModelPicker tool={tool} />
      <Field label="Size">
        <select value={form.size} onChange={(event) => set({ size: event.currentTarget.value })}>
          {size.map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      </Field>
      {tool === "generate" && (
        <>
          <label class="check">
            <input
              type="checkbox"
              checked={form.use_image}
              onChange={(event) => set({ use_image: event.currentTarget.checked })}
            />
            <span>Start from an image</span>
          </label>
          {form.use_image && (
            <>
              <InputChip tool="generate" />
              {!inputs.generate.value && (
                <button type="button" class="quiet" onClick={() => chooseImages("generate")}>
                  Choose an image…
                </button>
              )}
              <Field
                label={
                  <>
                    Keep from the original <output>{Math.round(form.image_strength * 100)} %</output>
                  </>
                }
              >
                <input
                  type="range"
                  min={0}
                  max={1}
                  step={0.05}
                  value={form.image_strength}
                  onInput={(event) => set({ image_strength: Number(event.currentTarget.value) })}
                />
              </Field>
            </>
          )}
          {model?.fast && model.fast.length > 0 && (
            <Field label="Speed">
              <select value={form.fast} onChange={(event) => set({ fast: event.currentTarget.value })}>
                <option value="">Full quality</option>
                {model.fast.map((steps) => (
                  <option key={steps} value={String(steps)}>
                    {steps} steps, with the Lightning adapter
                  </option>
                ))}
              </select>
            </Field>
          )}
        </>
      )}
      <NumberField
        label="Count"
        value={String(form.count)}
        set={(count) => set({ count: Math.min(Math.max(Math.round(Number(count)) || 1, 1), 8) })}
        min={1}
        max={8}
        step={1}
      />
      <More title="Steps, seed, LoRA">
        <div class="pair">
          <NumberField
            label="Steps"
            value={form.steps}
            set={(steps) => set({ steps })}
            min={1}
            max={100}
            step={1}
            placeholder="Default"
          />
          <NumberField
            label="Guidance"
            value={form.guidance}
            set={(guidance) => set({ guidance })}
            min={0}
            max={30}
            placeholder="Default"
          />
        </div>
        <SeedField value={form.seed} set={(seed) => set({ seed })} />
        <Field label="Negative prompt">
          <textarea
            rows={2}
            placeholder="blurry, text, watermark"
            value={form.negative_prompt}
            onInput={(event) => set({ negative_prompt: event.currentTarget.value })}
          />
        </Field>
        <Adapters tool={tool} />
      </More>
    </>
  );
}

/** Alt with the arrow keys brings back earlier prompts. */
function Prompt({
  tool,
  value,
  set,
}: {
  tool: "generate" | "edit";
  value: string;
  set(value: string): void;
}) {
  const at = useRef(-1);
  const onKeyDown = (event: KeyboardEvent) => {
    if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    event.preventDefault();
    const next = at.current + (event.key === "ArrowUp" ? 1 : -1);
    const known = promptHistory.value[next];
    if (next === -1) set("");
    else if (known === undefined) return;
    else set(known);
    at.current = next;
  };
  return (
    <Field label={tool === "generate" ? "Prompt" : "What to change"}>
      <textarea
        name="prompt"
        rows={4}
        required
        placeholder={
          tool === "generate"
            ? "A lighthouse at dusk, long exposure, soft fog"
            : "Make it winter, with snow on the roofs"
        }
        value={value}
        onInput={(event) => set(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
    </Field>
  );
}

function References() {
  const add = async () => {
    const files = await chooseFiles("image/*", true);
    const pictures = [];
    for (const file of files)
      try {
        pictures.push(await fromBlob(file, file.name));
      } catch (error) {
        toast((error as Error).message);
      }
    addReferences(pictures);
  };
  return (
    <div class="field">
      <span>More references</span>
      <ul class="list">
        {references.value.map((picture, index) => (
          <li key={`${picture.name}-${index}`}>
            {picture.url ? <img src={picture.url} alt="" /> : <span class="plate" />}
            <span class="name">{picture.name}</span>
            <button
              type="button"
              class="icon"
              aria-label={`Remove ${picture.name}`}
              onClick={() => {
                references.value = references.value.filter((other) => other !== picture);
              }}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
      <button type="button" class="quiet" onClick={add} disabled={references.value.length >= 7}>
        Add a reference…
      </button>
    </div>
  );
}

const mostAdapters = 4;

function Adapters({ tool }: { tool: "generate" | "edit" }) {
  const list = adapters[tool];
  const add = async () => {
    const files = await chooseFiles(".safetensors", true);
    const added = files.slice(0, mostAdapters - list.value.length).map((file) => {
      let sent: Promise<string> | undefined;
      return {
        name: file.name,
        scale: 1,
        id() {
          sent ??= api.upload(file, file.name).then(({ file_id }) => file_id);
          sent.catch(() => {
            sent = undefined;
          });
          return sent;
        },
      };
    });
    list.value = [...list.value, ...added];
  };
  return (
    <div class="field">
      <span>LoRA</span>
      <ul class="list">
        {list.value.map((adapter) => (
          <li key={adapter.name}>
            <span class="name">{adapter.name}</span>
            <input
              type="number"
              min={-4}
              max={4}
              step={0.05}
              value={adapter.scale}
              aria-label={`Strength of ${adapter.name}`}
              onInput={(event) => {
                const scale = event.currentTarget.valueAsNumber || 0;
                list.value = list.value.map((other) => (other === adapter ? { ...adapter, scale } : other));
              }}
            />
            <button
              type="button"
              class="icon"
              aria-label={`Remove ${adapter.name}`}
              onClick={() => {
                list.value = list.value.filter((other) => other !== adapter);
              }}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
      <button type="button" class="quiet" onClick={add} disabled={list.value.length >= mostAdapters}>
        Add a LoRA…
      </button>
    </div>
  );
}

function ModelPicker({ tool }: { tool: ToolName }) {
  if (offerError.value)
    return (
      <p class="error" role="alert">
        {offerError.value}
      </p>
    );
  if (!offer.value) return <div class="model-room" />;
  const models = modelsOf(tool);
  const model = chosenModel(tool);
  if (!model) return <p class="muted">This server offers no model for it.</p>;
  const form = forms[tool] as Signal<{ model: string }>;
  const families = [...new Set(models.map(({ family }) => family))];
  return (
    <div class="model-room">
      <Field label="Model">
        <select
          name="model"
          value={keyOf(model)}
          onChange={(event) => update(form, { model: event.currentTarget.value })}
        >
          {families.map((family) => (
            <optgroup key={family} label={familyTitle(family)}>
              {models
                .filter((candidate) => candidate.family === family)
                .map((candidate) => (
                  <option key={candidate.name} value={keyOf(candidate)}>
                    {`${familyTitle(family)} · ${candidate.name}${candidate.built_in ? " (try-out)" : candidate.activated ? "" : " (not installed)"}`}
                  </option>
                ))}
            </optgroup>
          ))}
        </select>
      </Field>
      <ModelFacts model={model} />
    </div>
  );
}

export function ModelFacts({ model }: { model: Model }) {
  return (
    <div class="model-card">
      <p class="tags">
        {model.built_in && <span class="tag tag-warm">Try-out model: rough</span>}
        <span class="tag">{model.licence}</span>
        {!model.commercial_use && <span class="tag tag-warm">No commercial use</span>}
      </p>
      {!model.activated && <Install model={model} />}
    </div>
  );
}
