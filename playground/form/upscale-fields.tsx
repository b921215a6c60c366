import { chosenModel, forms, takes, type UpscaleForm } from "../state/forms.ts";
import { inputs } from "../state/inputs.ts";
import { factorRefusal, factors, upscaledSize } from "../state/plan.ts";
import { Field, NumberField, Segments, SliderField } from "../view/controls.tsx";
import { ModelPicker } from "./model-picker.tsx";
import { More, SeedField, update } from "./parts.tsx";

const longestShortSide = 2048;

export function UpscaleFields() {
  const form = forms.upscale.value;
  const set = (change: Partial<UpscaleForm>) => update(forms.upscale, change);
  const { width, height } = inputs.upscale.value ?? {};
  const model = chosenModel("upscale");
  const has = (field: string) => model !== undefined && takes(model, field);
  const isFactor = factors.some((factor) => factor === form.resolution);
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
            const refusal = factorRefusal(value);
            return {
              value,
              label: value.replace("x", "×"),
              disabled: refusal !== undefined && value !== form.resolution,
              title: refusal,
            };
          })}
        />
        {width && height && <Size width={width} height={height} resolution={form.resolution} />}
        {factors.map((factor) => {
          const refusal = factorRefusal(factor);
          return (
            refusal && (
              <small key={factor}>
                {factor.replace("x", "×")}: {refusal}
              </small>
            )
          );
        })}
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
        <NumberField
          label="Shorter side"
          value={isFactor ? "" : form.resolution}
          set={(pixels) => set({ resolution: pixels === "" ? "2x" : pixels })}
          min={16}
          max={longestShortSide}
          step={1}
          placeholder="By the factor above"
          note={`Exact pixels of the result's shorter side, at most ${longestShortSide}.`}
        />
        {has("color_fix") && (
          <Field label="Colours">
            <select
              value={form.color_fix}
              onChange={(event) => set({ color_fix: event.currentTarget.value })}
            >
              <option value="">Default</option>
              <option value="wavelet-lab">From the original, twice matched</option>
              <option value="wavelet">Tones from the original</option>
              <option value="lab">Palette from the original</option>
              <option value="none">As the model makes them</option>
            </select>
          </Field>
        )}
        {has("tile") && (
          <NumberField
            label="Tile size"
            value={form.tile}
            set={(tile) => set({ tile })}
            min={128}
            max={4096}
            step={16}
            placeholder="Default"
            note="Pixels of a side, a multiple of 16. Larger tiles need more memory."
          />
        )}
        {has("quantize") && (
          <Field
            label="Bits of the weights"
            note="Fewer need less memory. Another number than before loads the model again."
          >
            <select value={form.quantize} onChange={(event) => set({ quantize: event.currentTarget.value })}>
              <option value="">Default</option>
              {[8, 6, 5, 4, 3].map((bits) => (
                <option key={bits} value={String(bits)}>
                  {bits} bits
                </option>
              ))}
            </select>
          </Field>
        )}
        {has("seed") && <SeedField value={form.seed} set={(seed) => set({ seed })} />}
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

function Size({ width, height, resolution }: { width: number; height: number; resolution: string }) {
  const size = upscaledSize(width, height, resolution);
  return (
    <small>
      {width} × {height} → {size.width} × {size.height}
    </small>
  );
}
