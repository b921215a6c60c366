/**
 * Choosing a model: those that are on this machine, and how to get the others.
 *
 * @module
 */
import type { Model } from "./api.ts";
import { announce, button, el, on } from "./dom.ts";

export interface Picker {
  /** The chosen model; nothing while none is there. */
  chosen(): Model | undefined;
}

const keyOf = ({ family, name }: Model) => `${family}/${name}`;

/** The command that puts a model on this machine. */
export const activation = (model: Model) =>
  `easel activate --model ${keyOf(model)}${!model.commercial_use ? " --accept-license" : ""}`;

/** What is picked first: a default that can run, else what can run, else a default. */
function first(models: readonly Model[]): Model | undefined {
  return (
    models.find(({ activated, built_in, default: usual }) => activated && usual && !built_in) ??
    models.find(({ activated, built_in }) => activated && !built_in) ??
    models.find(({ activated }) => activated) ??
    models.find((model) => model.default) ??
    models[0]
  );
}

/** Shows the models in `place`. `changed` hears of every choice, the first one too. */
export function pickModel(
  place: HTMLElement,
  models: readonly Model[],
  changed: (model: Model | undefined) => void,
): Picker {
  if (models.length === 0) {
    place.replaceChildren(el("p", { class: "note" }, "This server offers no model for it."));
    changed(undefined);
    return { chosen: () => undefined };
  }
  const before = place.querySelector("select")?.value;
  const select = el("select", { name: "model" });
  for (const family of new Set(models.map((model) => model.family))) {
    const { family_label } = models.find((model) => model.family === family)!;
    const group = el("optgroup", { label: family_label });
    for (const model of models.filter((candidate) => candidate.family === family)) {
      const note = model.built_in ? " (try-out)" : model.activated ? "" : " (not activated)";
      group.append(el("option", { value: keyOf(model) }, `${model.name}${note}`));
    }
    select.append(group);
  }
  const card = el("div", { class: "model-card", "aria-live": "polite" });
  const chosen = () => models.find((model) => keyOf(model) === select.value);
  const show = () => {
    const model = chosen();
    card.replaceChildren(...(model ? facts(model) : []));
    changed(model);
  };
  const kept = models.find((model) => keyOf(model) === before) ?? first(models);
  if (kept) select.value = keyOf(kept);
  on(select, { change: show });
  place.replaceChildren(el("label", { class: "field" }, el("span", {}, "Model"), select), card);
  show();
  return { chosen };
}

function facts(model: Model): Node[] {
  const tags = el("p", { class: "tags" });
  if (model.built_in) tags.append(el("span", { class: "tag tag-warm" }, "Try-out model: rough"));
  const commercial = model.commercial_use ? "commercial use allowed" : "no commercial use";
  tags.append(
    el("span", { class: "tag" }, `Licence: ${model.licence}`),
    el("span", { class: model.commercial_use ? "tag" : "tag tag-warm" }, commercial),
  );
  if (model.activated) return [tags];
  const command = activation(model);
  const size = model.download_gb ? ` It fetches ${gigabytes(model.download_gb)}.` : "";
  const how =
    model.download_gb === null
      ? [
          el("p", {}, "Its authors publish no files. If you have them, name their place in the settings:"),
          el("pre", {}, el("code", {}, `model_paths: { "${keyOf(model)}": "FILE" }`)),
        ]
      : [
          el("p", {}, "Not on this machine yet. In a terminal:"),
          el(
            "div",
            { class: "command" },
            el("pre", {}, el("code", {}, command)),
            copyButton(() => command),
          ),
          el("small", {}, `${size} Then this page can use it.`.trim()),
        ];
  return [tags, el("div", { class: "activation" }, ...how)];
}

const gigabytes = (gb: number) => (gb < 1 ? `${Math.round(gb * 1000)} MB` : `${gb} GB`);

/** A button that puts text on the clipboard and says so. */
export function copyButton(text: () => string): HTMLButtonElement {
  const made = button("Copy", () => copy(text(), made));
  return made;
}

export async function copy(text: string, said: HTMLButtonElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    said.textContent = "Copied";
    announce("Copied");
  } catch {
    said.textContent = "Not allowed here";
  }
  setTimeout(() => {
    said.textContent = "Copy";
  }, 1500);
}
