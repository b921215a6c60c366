import type { Model } from "../state/api.ts";
import { forms, type PaintForm, takes } from "../state/forms.ts";
import { gridOf } from "../state/grid.ts";
import { chooseImages, inputs } from "../state/inputs.ts";
import { clearStrokes, painting, strokes } from "../state/mask.ts";
import { go, toolAddress } from "../state/route.ts";
import { Field, ListField, NumberField, SliderField } from "../view/controls.tsx";
import { Adapters, References } from "./attached.tsx";
import { InputChip } from "./input-chip.tsx";
import { ModelPicker } from "./model-picker.tsx";
import { More, SeedField, update } from "./parts.tsx";
import { Prompt } from "./prompt.tsx";

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

export function PaintFields({ tool, model }: { tool: "generate" | "edit"; model: Model | undefined }) {
  const form = forms[tool].value;
  const set = (change: Partial<PaintForm>) => update(forms[tool], change);
  const grid = gridOf(form);
  const size = sizes.some(([value]) => value === form.size)
    ? sizes
    : [...sizes, [form.size, form.size.replace("x", " × ")] as const];
  return (
    <>
      <Prompt tool={tool} value={form.prompt} set={(prompt) => set({ prompt })} />
      {tool === "edit" && model && takes(model, "mask") && <Region />}
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
              <SliderField
                label="Keep from the original"
                value={form.image_strength}
                set={(image_strength) => set({ image_strength })}
                min={0}
                max={1}
                step={0.05}
                words={`${Math.round(form.image_strength * 100)} %`}
              />
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
      {!grid && (
        <NumberField
          label="Count"
          value={String(form.count)}
          set={(count) => set({ count: Math.min(Math.max(Math.round(Number(count)) || 1, 1), 8) })}
          min={1}
          max={8}
          step={1}
        />
      )}
      <More title="Steps, seed, LoRA">
        {grid ? (
          <>
            <ListField
              label="Steps, a row each"
              placeholder="8, 16, 30"
              value={form.grid_steps}
              set={(grid_steps) => set({ grid_steps })}
            />
            <ListField
              label="Guidance, a column each"
              placeholder="2, 4, 6"
              value={form.grid_guidance}
              set={(grid_guidance) => set({ grid_guidance })}
            />
            {grid.problem ? (
              <p class="error">{grid.problem}</p>
            ) : (
              <small>{grid.count === 1 ? "1 image" : `${grid.count} images with the same seed`}</small>
            )}
          </>
        ) : (
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
        )}
        <label class="check">
          <input
            type="checkbox"
            checked={form.grid}
            onChange={(event) => set({ grid: event.currentTarget.checked })}
          />
          <span>A grid of several steps and guidances</span>
        </label>
        <SeedField value={form.seed} set={(seed) => set({ seed })} />
        <Field label="Negative prompt">
          <textarea
            rows={2}
            placeholder="blurry, text, watermark"
            value={form.negative_prompt}
            onInput={(event) => set({ negative_prompt: event.currentTarget.value })}
          />
        </Field>
        <Adapters tool={tool} model={model} />
      </More>
    </>
  );
}

/** Limits an edit to a painted part of the image. */
function Region() {
  const picture = inputs.edit.value;
  if (!picture?.url) return null;
  const marked = strokes.value.length > 0;
  return (
    <div class="row">
      <button
        type="button"
        class="quiet"
        onClick={() => {
          painting.value = true;
          go(toolAddress("edit"));
        }}
      >
        {marked ? "Change the marked region…" : "Mark a region…"}
      </button>
      {marked && (
        <button type="button" class="quiet" onClick={clearStrokes}>
          Edit the whole image
        </button>
      )}
    </div>
  );
}
