import type { Model } from "../api.ts";
import { depthView } from "../depth-view.ts";
import { run } from "../run.ts";
import { taskForm } from "./form.ts";
import { given, numberIn, type Page, type Task } from "./task.ts";

export function depthTask(page: Page): Task {
  const { form, offerModels } = taskForm("form-depth", begin, (model) => {
    for (const field of form.querySelectorAll<HTMLElement>("[data-field]"))
      field.hidden = !model?.fields.includes(field.dataset.field!);
  });

  async function begin(model: Model) {
    const picture = await page.picture();
    if (!picture) return page.wantPicture();
    const path = `/v1/image/${model.family}/estimate`;
    const options = given({
      model: model.name,
      input_size: model.fields.includes("input_size") ? numberIn(form, "input_size") : undefined,
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
    form,
    offerModels,
    view: (job, picture) => depthView(job, picture?.image),
  };
}
