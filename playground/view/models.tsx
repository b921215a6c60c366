/**
 * The models: what is installed, what is loaded, and how to get the others.
 *
 * @module
 */

import { useEffect } from "preact/hooks";
import { ModelFacts } from "../form/model-picker.tsx";
import { leads, toolTitles } from "../form/titles.ts";
import type { Model } from "../state/api.ts";
import { chooseModel, keyOf, modelsOf } from "../state/forms.ts";
import { uninstall } from "../state/installs.ts";
import { results } from "../state/jobs.ts";
import { expectedSeconds } from "../state/plan.ts";
import { duration } from "../state/result.ts";
import { go, type ToolName, toolAddress, toolNames } from "../state/route.ts";
import { familyTitle, health, loadSetup, offer, setup, unloadModel } from "../state/server.ts";
import { Icon } from "./icons.tsx";
import { gigabytes } from "./install.tsx";

export function Models() {
  useEffect(() => void loadSetup(), []);
  return (
    <section class="gallery" aria-labelledby="models-title">
      <h1 id="models-title">Models</h1>
      {/* Headings alone would jump when the cards come between them. */}
      {(offer.value ? toolNames : []).map((tool) => (
        <section key={tool} aria-labelledby={`models-${tool}`}>
          <h2 id={`models-${tool}`}>{toolTitles[tool]}</h2>
          <p class="muted">{leads[tool]}</p>
          <ul class="cards">
            {modelsOf(tool).map((model) => (
              <Card key={keyOf(model)} tool={tool} model={model} />
            ))}
          </ul>
        </section>
      ))}
    </section>
  );
}

/** Whether a usual request fits into this machine's memory, in words. */
function Fit({ model }: { model: Model }) {
  const { memory_gb, fits } = setup.value.get(keyOf(model)) ?? {};
  if (typeof memory_gb !== "number")
    return <p class="fit muted">{setup.value.size === 0 ? "\u00a0" : "Memory not known"}</p>;
  return (
    <p class={fits ? "fit fit-yes" : "fit fit-no"}>
      <Icon name={fits ? "check" : "close"} />
      {fits ? "Fits this machine" : "Too large for this machine"}, {memory_gb.toFixed(1)} GB of memory
    </p>
  );
}

function Card({ tool, model }: { tool: ToolName; model: Model }) {
  const { family, name } = model;
  const resident = health.value?.memory.loaded?.find(
    (entry) => entry.family === family && entry.name === name,
  );
  const seconds = expectedSeconds(tool, model, results.value);
  const removable =
    model.activated && !model.built_in && model.download_gb !== null && offer.value?.activation;
  return (
    <li class="card">
      <h3>
        {familyTitle(family)} · {name}
      </h3>
      <p class="muted">
        {model.built_in ? "Built in" : model.activated ? "Installed" : "Not installed"}
        {model.own_path && model.activated && ", from your settings"}
        {model.download_gb !== null && `, ${gigabytes(model.download_gb)}`}
        {resident && `, loaded (${resident.weight_gb} GB)`}
        {seconds !== undefined && `, about ${duration(seconds)} here`}
      </p>
      <Fit model={model} />
      <ModelFacts model={model} />
      <div class="row">
        {model.activated && (
          <button
            type="button"
            onClick={() => {
              chooseModel(tool, model);
              go(toolAddress(tool));
            }}
          >
            Use
          </button>
        )}
        {resident && (
          <button type="button" class="quiet" onClick={() => unloadModel(family, name)}>
            Unload
          </button>
        )}
        {removable && (
          <button type="button" class="quiet" onClick={() => uninstall(model)}>
            Remove
          </button>
        )}
      </div>
    </li>
  );
}
