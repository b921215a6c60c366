/**
 * The form of a task: its models, and the button that waits for one that can run.
 *
 * @module
 */
import type { Model } from "../api.ts";
import { byId, el, find, on } from "../dom.ts";
import { type Picker, pickModel } from "../models.ts";
import { type Task, textIn } from "./task.ts";

/** `begin` is called with a model that can run; `chosen` hears of every choice. */
export function taskForm(
  id: string,
  begin: (model: Model) => unknown,
  chosen: (model: Model | undefined) => void = () => {},
): Pick<Task, "form" | "offerModels"> {
  const form = byId<HTMLFormElement>(id);
  const submit = find<HTMLButtonElement>("button.primary", form);
  let picker: Picker | undefined;
  on(form, {
    submit: (event) => {
      event.preventDefault();
      const model = picker?.chosen();
      if (model?.activated) void begin(model);
    },
  });
  return {
    form,
    offerModels(models) {
      picker = pickModel(find(".models", form), models, (model) => {
        submit.disabled = !model?.activated;
        chosen(model);
      });
    },
  };
}

const sizes = {
  "": "As the server has it",
  "1024x1024": "Square, 1024 × 1024",
  "1328x1328": "Large square, 1328 × 1328",
  "1664x928": "Wide, 1664 × 928",
  "1472x1104": "Landscape, 1472 × 1104",
  "1104x1472": "Portrait, 1104 × 1472",
  "928x1664": "Tall, 928 × 1664",
  "512x512": "Draft, 512 × 512",
};

/** Puts a choice of sizes into the form. */
export function offerSizes(form: HTMLFormElement): void {
  const options = Object.entries(sizes).map(([value, words]) => el("option", { value }, words));
  find(".sizes", form).replaceWith(
    el("label", { class: "field" }, el("span", {}, "Size"), el("select", { name: "size" }, ...options)),
  );
}

/** The chosen size; nothing when the server is to have its own. */
export function sizeIn(form: HTMLFormElement): { width?: number; height?: number } {
  const [width, height] = textIn(form, "size").split("x").map(Number);
  return width && height ? { width, height } : {};
}
