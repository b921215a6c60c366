import { forms, type UpscaleForm } from "../state/forms.ts";
import { inputs } from "../state/inputs.ts";
import { upscaledSize } from "../state/plan.ts";
import { Field, Segments, SliderField } from "../view/controls.tsx";
import { ModelPicker } from "./model-picker.tsx";
import { More, SeedField, update } from "./parts.tsx";

const factors = ["1.5x", "2x", "3x", "4x"] as const;

export function UpscaleFields() {
  const form = forms.upscale.value;
  const set = (change: Partial<UpscaleForm>) => update(forms.upscale, change);
  const { width, height } = inputs.upscale.value ?? {};
  const size = (resolution: string) => {
    const result = upscaledSize(width!, height!, resolution);
    return `${result.width} × ${result.height}`;
  };
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
        {width && height && (
          <small>
            {width} × {height} → {size(form.resolution)}
          </small>
        )}
      </div>
      <SliderField
        label="Softness"
        value={form.softness}
        set={(softness) => set({ softness })}
        min={0}
        max={1}
        step={0.05}
        note="Smooths noise and compression artefacts before upscaling."
      />
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
