import type { Model } from "../api.ts";
import { depthView } from "../depth-view.ts";
import { byId, find, on } from "../dom.ts";
import { type Picker, pickModel } from "../models.ts";
import { run } from "../run.ts";
import { given, numberIn, type Page, type Task } from "./task.ts";

export function depthTask(page: Page): Task {
  const form = byId<HTMLFormElement>("form-depth");
  const submit = find<HTMLButtonElement>("button.primary", form);
  let picker: Picker | undefined;

  on(form, {
    submit: async (event) => {
      event.preventDefault();
      const model = picker?.chosen();
      const picture = await page.picture();
      if (!picture) return page.wantPicture();
      if (model?.activated) void start(model, picture);
    },
  });

  function start(model: Model, picture: NonNullable<Awaited<ReturnType<Page["picture"]>>>) {
    const path = `/v1/image/${model.family}/estimate`;
    const options = given({
      model: model.name,
      input_size: model.family === "depthanything" ? numberIn(form, "input_size") : undefined,
      focal_length_px: numberIn(form, "focal_length_px"),
    });
    return run({
      path,
      body: async () => ({ image: { file_id: await picture.id() }, ...options }),
      under: { picture: picture.image, name: picture.name },
      view: (job) => depthView(job, picture.image),
      accepted: async (body) =>
        page.command(
          path,
          { ...body, include_depth_data: false },
          [{ name: picture.name, fileId: await picture.id() }],
          "depth.png",
        ),
    });
  }

  return {
    title: "Depth",
    lead: "How far away everything in a picture is.",
    operation: "estimate",
    fits: () => true,
    form,
    offerModels(models) {
      picker = pickModel(find(".models", form), models, (model) => {
        submit.disabled = !model?.activated;
        for (const field of form.querySelectorAll<HTMLElement>("[data-family]"))
          field.hidden = field.dataset.family !== model?.family;
      });
    },
    view: (job, picture) => depthView(job, picture?.image),
  };
}
