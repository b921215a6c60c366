/**
 * Pictures from words: generating, and editing with references.
 *
 * @module
 */
import { downloadUrl, type Job, type Model } from "../api.ts";
import { announce, button, el, find, on } from "../dom.ts";
import { choose, fromBlob, fromStored, imageOf, type Picture } from "../picture.ts";
import { type Plan, run } from "../run.ts";
import { sampling } from "../sampling.ts";
import { download, type Shown, still } from "../stage.ts";
import { offerSizes, sizeIn, taskForm } from "./form.ts";
import { given, numberIn, type Page, type Task, textIn, type Upload } from "./task.ts";

interface PaintResult {
  model: string;
  prompt: string;
  file_id: string;
  width: number;
  height: number;
  params: Record<string, unknown>;
  timings: { total_s: number };
}

async function view(page: Page, job: Job): Promise<Shown> {
  const result = job.result as unknown as PaintResult;
  const image = await imageOf(downloadUrl(result.file_id), result.prompt);
  if (!image) throw new Error("the browser cannot show the result");
  const seed = result.params.seed;
  const facts = [
    result.model,
    `${result.width} × ${result.height}`,
    ...(typeof seed === "number" ? [`seed ${seed}`] : []),
    `${result.timings.total_s.toFixed(1)} s`,
  ];
  return {
    body: still(image, result.prompt),
    foot: [
      el("p", { class: "facts" }, facts.join(", ")),
      el(
        "span",
        { class: "links" },
        button("Go on with it", async () => page.use(await fromStored(result.file_id, "generated"))),
        download("Download", result.file_id),
      ),
    ],
  };
}

/** Runs a painting request, and shows its command once the server has taken it. */
function paint(
  page: Page,
  path: string,
  under: Picture | undefined,
  body: Plan["body"],
  uploads: () => Promise<Upload[]>,
) {
  return run({
    path,
    body: async () => ({ ...(await body()), preview: true }),
    under: under && { picture: under.image, name: under.name },
    view: (job) => view(page, job),
    accepted: async ({ preview: _, ...sent }) => page.command(path, sent, await uploads(), "picture.png"),
  });
}

const uploadsOf = async (pictures: readonly Picture[]): Promise<Upload[]> =>
  Promise.all(pictures.map(async (picture) => ({ name: picture.name, fileId: await picture.id() })));

export function generateTask(page: Page): Task {
  const { form, offerModels } = taskForm("form-generate", begin);
  offerSizes(form);
  const sampled = sampling(find(".sampling", form));
  const usePicture = find<HTMLInputElement>('[name="use_picture"]', form);

  on(usePicture, {
    change: () => {
      find('[data-when="use_picture"]', form).hidden = !usePicture.checked;
    },
  });
  async function begin(model: Model) {
    const picture = usePicture.checked ? await page.picture() : undefined;
    if (usePicture.checked && !picture) return page.wantPicture();
    const body = async () =>
      given({
        prompt: textIn(form, "prompt"),
        model: model.name,
        ...sizeIn(form),
        fast: numberIn(form, "fast"),
        init_image: picture && { file_id: await picture.id() },
        image_strength: picture && numberIn(form, "image_strength"),
        ...(await sampled.fields()),
      });
    return paint(page, `/v1/image/${model.family}/generate`, picture, body, async () => [
      ...(await uploadsOf(picture ? [picture] : [])),
      ...sampled.uploads(),
    ]);
  }

  return {
    title: "Generate",
    lead: "A picture from words.",
    operation: "generate",
    form,
    offerModels,
    view: (job) => view(page, job),
  };
}

const mostReferences = 8;

export function editTask(page: Page): Task {
  const { form, offerModels } = taskForm("form-edit", begin);
  offerSizes(form);
  const sampled = sampling(find(".sampling", form));
  const list = el("ul", { class: "references-list" });
  /** Besides the picture on the stage, which is the first. */
  const others: Picture[] = [];

  const add = button("Add a reference…", () =>
    choose("image/*", true, async (files) => {
      for (const file of files.slice(0, mostReferences - 1 - others.length))
        others.push(await fromBlob(file, file.name));
      show();
      announce(`${others.length} references`);
    }),
  );
  function show() {
    add.disabled = others.length >= mostReferences - 1;
    list.replaceChildren(
      ...others.map((picture) => {
        const remove = button("Remove", () => {
          others.splice(others.indexOf(picture), 1);
          show();
        });
        const thumb = picture.image ? el("img", { src: picture.image.src, alt: "" }) : null;
        return el("li", {}, thumb, el("span", { class: "name" }, picture.name), remove);
      }),
    );
  }
  find(".references", form).replaceChildren(
    el(
      "div",
      { class: "field" },
      el("span", {}, "More references"),
      el("small", {}, "The picture on the stage is the first one."),
      list,
      add,
    ),
  );

  async function begin(model: Model) {
    const picture = await page.picture();
    if (!picture) return page.wantPicture();
    const pictures = [picture, ...others];
    const body = async () =>
      given({
        prompt: textIn(form, "prompt"),
        model: model.name,
        images: (await uploadsOf(pictures)).map(({ fileId }) => ({ file_id: fileId })),
        ...sizeIn(form),
        ...(await sampled.fields()),
      });
    return paint(page, `/v1/image/${model.family}/edit`, picture, body, async () => [
      ...(await uploadsOf(pictures)),
      ...sampled.uploads(),
    ]);
  }

  return {
    title: "Edit",
    lead: "Say what is to be different.",
    operation: "edit",
    form,
    offerModels,
    view: (job) => view(page, job),
  };
}
