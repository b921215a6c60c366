/**
 * How a picture is painted: steps, guidance, seed, adapters. The part that generating and editing share.
 *
 * @module
 */
import * as api from "./api.ts";
import { button, el, on } from "./dom.ts";
import { choose } from "./picture.ts";
import { given } from "./tasks/task.ts";

export interface Sampling {
  /** The request's fields, with what has to be uploaded first uploaded. */
  fields(): Promise<Record<string, unknown>>;
  uploads(): { name: string; fileId: string }[];
}

interface Adapter {
  file: File;
  scale: number;
  id?: string;
}

const mostAdapters = 4;

export function sampling(place: HTMLElement): Sampling {
  const field = (label: string, input: HTMLInputElement | HTMLTextAreaElement, note?: string) =>
    el("label", { class: "field" }, el("span", {}, label), input, note ? el("small", {}, note) : null);
  const number = (props: Record<string, string | number>) => el("input", { type: "number", ...props });
  const steps = number({ min: 1, max: 100, step: 1, placeholder: "30" });
  const guidance = number({ min: 0, max: 30, step: "any", placeholder: "as trained" });
  const seed = number({ step: 1, placeholder: "random" });
  const negative = el("textarea", { rows: 2, placeholder: "blurry, text, watermark" });

  const adapters: Adapter[] = [];
  const list = el("ul", { class: "adapters" });
  const add = button("Add a LoRA…", () =>
    choose(".safetensors", true, (files) => {
      for (const file of files.slice(0, mostAdapters - adapters.length)) adapters.push({ file, scale: 1 });
      show();
    }),
  );
  function show() {
    add.disabled = adapters.length >= mostAdapters;
    list.replaceChildren(
      ...adapters.map((adapter) => {
        const scale = el("input", {
          type: "number",
          min: -4,
          max: 4,
          step: 0.05,
          value: adapter.scale,
          "aria-label": `Strength of ${adapter.file.name}`,
        });
        on(scale, {
          input: () => {
            adapter.scale = scale.valueAsNumber || 0;
          },
        });
        const remove = button("Remove", () => {
          adapters.splice(adapters.indexOf(adapter), 1);
          show();
        });
        return el("li", {}, el("span", { class: "name" }, adapter.file.name), scale, remove);
      }),
    );
  }

  place.replaceChildren(
    el(
      "details",
      { class: "more" },
      el("summary", {}, "Steps, seed, LoRA"),
      el("div", { class: "pair" }, field("Steps", steps), field("Guidance", guidance)),
      field("Seed", seed),
      field("What to avoid", negative),
      el("div", { class: "field" }, el("span", {}, "LoRA"), list, add),
    ),
  );

  return {
    async fields() {
      for (const adapter of adapters)
        adapter.id ??= (await api.upload(adapter.file, adapter.file.name)).file_id;
      const value = (input: HTMLInputElement) => (input.value === "" ? undefined : input.valueAsNumber);
      return given({
        negative_prompt: negative.value.trim(),
        steps: value(steps),
        guidance: value(guidance),
        seed: value(seed),
        loras: adapters.length
          ? adapters.map(({ id, scale }) => ({ file: { file_id: id }, scale }))
          : undefined,
      });
    },
    uploads: () => adapters.flatMap(({ file, id }) => (id ? [{ name: file.name, fileId: id }] : [])),
  };
}
