import { downloadUrl, type Job, type Model } from "../api.ts";
import { compare } from "../compare.ts";
import { button, el, on } from "../dom.ts";
import { fromStored, imageOf, type Picture } from "../picture.ts";
import { run } from "../run.ts";
import { download, type Shown, still } from "../stage.ts";
import { taskForm } from "./form.ts";
import { given, numberIn, type Page, type Task, textIn } from "./task.ts";

interface UpscaleResult {
  model: string;
  file_id: string;
  input_width: number;
  input_height: number;
  width: number;
  height: number;
  timings: { total_s: number };
}

export function upscaleTask(page: Page): Task {
  const { form, offerModels } = taskForm("form-upscale", begin);

  async function begin(model: Model) {
    const picture = await page.picture();
    if (!picture) return page.wantPicture();
    const path = `/v1/image/${model.family}/upscale`;
    const options = given({
      model: model.name,
      resolution: textIn(form, "resolution"),
      softness: numberIn(form, "softness") || undefined,
      seed: numberIn(form, "seed"),
      format: textIn(form, "format"),
    });
    return run({
      path,
      body: async () => ({ image: { file_id: await picture.id() }, ...options }),
      under: { picture: picture.image, name: picture.name },
      view: (job) => view(job, picture),
      accepted: async (body) =>
        page.command(
          path,
          body,
          [{ name: picture.name, fileId: await picture.id() }],
          `larger.${options.format === "jpeg" ? "jpg" : options.format}`,
        ),
    });
  }

  async function view(job: Job, before: Picture | undefined): Promise<Shown> {
    const result = job.result as unknown as UpscaleResult;
    const { width, height } = result;
    const after = await imageOf(downloadUrl(result.file_id), "After");
    if (!after) throw new Error("the browser cannot show the result");
    const pair =
      before?.image &&
      compare({ label: "Before", element: before.image }, { label: "After", element: after }, width, height);
    const body = pair?.element ?? still(after, "After");
    const actual: HTMLInputElement = on(el("input", { type: "checkbox" }), {
      change: () => body.classList.toggle("actual", actual.checked),
    });
    return {
      bar: [el("label", { class: "check" }, actual, el("span", {}, "Actual size"))],
      body: el("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Result" }, body),
      foot: [
        el(
          "p",
          { class: "facts" },
          `${result.model}, ${result.input_width} × ${result.input_height} → ${width} × ${height}, ${result.timings.total_s.toFixed(1)} s`,
        ),
        el(
          "span",
          { class: "links" },
          button("Go on with it", async () => page.use(await fromStored(result.file_id, "upscaled"))),
          download("Download", result.file_id),
        ),
      ],
    };
  }

  return {
    title: "Upscale",
    lead: "Larger and sharper, with detail that fits.",
    operation: "upscale",
    form,
    offerModels,
    view,
  };
}
