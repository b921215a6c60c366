/**
 * The choice of a model, with its licence and how to get it.
 *
 * @module
 */
import type { Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Model } from "../state/api.ts";
import { chosenModel, forms, keyOf, modelsOf, secondModel } from "../state/forms.ts";
import type { ToolName } from "../state/route.ts";
import { familyTitle, loadSetup, modelTitle, offer, offerError } from "../state/server.ts";
import { Field } from "../view/controls.tsx";
import { Install } from "../view/install.tsx";
import { update } from "./parts.tsx";

export function ModelPicker({ tool }: { tool: ToolName }) {
  const model = chosenModel(tool);
  // The disk may have filled since another model was looked at.
  const wanted = model && !model.activated && keyOf(model);
  useEffect(() => void (wanted && loadSetup()), [wanted]);
  if (offerError.value && !offer.value)
    return (
      <p class="error" role="alert">
        {offerError.value}
      </p>
    );
  if (!offer.value) return <div class="model-room" />;
  const models = modelsOf(tool);
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
      <SecondModel tool={tool} first={model} />
    </div>
  );
}

/** Another installed model for the same input: both results are then compared. */
function SecondModel({ tool, first }: { tool: ToolName; first: Model }) {
  const others = modelsOf(tool).filter((model) => model.activated && model !== first);
  if (others.length === 0) return null;
  const form = forms[tool] as Signal<{ second: string }>;
  const second = secondModel(tool);
  return (
    <Field label="Compare with">
      <select
        name="second"
        value={second ? keyOf(second) : ""}
        onChange={(event) => update(form, { second: event.currentTarget.value })}
      >
        <option value="">No other model</option>
        {others.map((model) => (
          <option key={keyOf(model)} value={keyOf(model)}>
            {modelTitle(model.family, model.name)}
          </option>
        ))}
      </select>
    </Field>
  );
}

/** A name stands for itself; a remark such as "not stated by its authors" does not. */
const licenceWords = (licence: string) => (/^[a-z]+ /.test(licence) ? `Licence ${licence}` : licence);

export function ModelFacts({ model }: { model: Model }) {
  return (
    <div class="model-card">
      <p class="tags">
        {model.built_in && <span class="tag tag-warm">Try-out model: rough</span>}
        <span class="tag">{licenceWords(model.licence)}</span>
        {!model.commercial_use && <span class="tag tag-warm">No commercial use</span>}
      </p>
      {!model.activated && <Install model={model} />}
    </div>
  );
}
