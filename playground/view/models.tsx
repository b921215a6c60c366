/**
 * The models: what is installed, what is loaded, and how to get the others.
 *
 * @module
 */

import { ModelFacts } from "../form/model-picker.tsx";
import { toolTitles } from "../form/titles.ts";
import * as api from "../state/api.ts";
import { keyOf, modelsOf } from "../state/forms.ts";
import { uninstall } from "../state/installs.ts";
import { toast } from "../state/notices.ts";
import { toolNames } from "../state/route.ts";
import { familyTitle, health, loadOffer, offer, watchServer } from "../state/server.ts";
import { gigabytes } from "./install.tsx";

export function Models() {
  const loaded = health.value?.memory.loaded ?? [];
  const unload = async (family: string, name: string) => {
    try {
      await api.unload(family, name);
      toast(`${name} was unloaded`);
    } catch (error) {
      toast((error as Error).message);
    }
    await Promise.all([watchServer(), loadOffer()]);
  };
  return (
    <section class="gallery" aria-labelledby="models-title">
      <h1 id="models-title">Models</h1>
      {toolNames.map((tool) => (
        <section key={tool} aria-labelledby={`models-${tool}`}>
          <h2 id={`models-${tool}`}>{toolTitles[tool]}</h2>
          <ul class="cards">
            {modelsOf(tool).map((model) => {
              const resident = loaded.find(
                (entry) => entry.family === model.family && entry.name === model.name,
              );
              return (
                <li key={keyOf(model)} class="card">
                  <h3>
                    {familyTitle(model.family)} · {model.name}
                  </h3>
                  <p class="muted">
                    {model.built_in ? "Built in" : model.activated ? "Installed" : "Not installed"}
                    {model.download_gb !== null && `, ${gigabytes(model.download_gb)}`}
                    {resident && `, loaded (${resident.weight_gb} GB)`}
                  </p>
                  <ModelFacts model={model} />
                  {resident && (
                    <button type="button" class="quiet" onClick={() => unload(model.family, model.name)}>
                      Unload
                    </button>
                  )}
                  {model.activated &&
                    !model.built_in &&
                    model.download_gb !== null &&
                    offer.value?.activation && (
                      <button type="button" class="quiet" onClick={() => uninstall(model)}>
                        Remove
                      </button>
                    )}
                </li>
              );
            })}
          </ul>
        </section>
      ))}
    </section>
  );
}
