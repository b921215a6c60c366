import { extras } from "../depth/extras.ts";
import type { Model } from "../state/api.ts";
import { type DepthForm, forms, takes } from "../state/forms.ts";
import { NumberField } from "../view/controls.tsx";
import { ModelPicker } from "./model-picker.tsx";
import { More, update } from "./parts.tsx";

export function DepthFields({ model }: { model: Model | undefined }) {
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
        <label class="check">
          <input
            type="checkbox"
            checked={form.at_once}
            onChange={(event) => set({ at_once: event.currentTarget.checked })}
          />
          <span>Start as soon as an image is dropped or pasted</span>
        </label>
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
