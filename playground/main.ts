/**
 * The playground: what the server does, to look at and to try.
 *
 * @module
 */
import sampleUrl from "../examples/street.jpg";
import * as api from "./api.ts";
import { curl } from "./curl.ts";
import { announce, button, byId, el, find, on } from "./dom.ts";
import { setUpFiles } from "./files.ts";
import { copy } from "./models.ts";
import { camera, choose, fromBlob, fromStored, listenForPictures, type Picture } from "./picture.ts";
import { setUpQueue } from "./queue.ts";
import { hasStage, takeStage } from "./run.ts";
import { failed, type Shown, show, still } from "./stage.ts";
import { depthTask } from "./tasks/depth.ts";
import { editTask, generateTask } from "./tasks/paint.ts";
import type { Page, Task, TaskName } from "./tasks/task.ts";
import { upscaleTask } from "./tasks/upscale.ts";
import { setUpTheme } from "./theme.ts";

let picture: Picture | undefined;

function setPicture(next: Picture): void {
  picture = next;
  takeStage();
  show({ body: still(next.image, next.name) });
  showCurrent();
  announce(`Picture: ${next.name}`);
}

/** The newest picture on its way: whoever asks for the picture waits for it. */
let arriving: Promise<void> = Promise.resolve();

function take(blob: Blob | Promise<Blob>, name: string): Promise<void> {
  const taken = Promise.resolve(blob)
    .then((blob) => fromBlob(blob, name))
    .then((picture) => {
      if (arriving === taken) setPicture(picture);
    });
  arriving = taken;
  return taken;
}

const pick = () => choose("image/*", false, ([file]) => file && take(file, file.name));

/** Which picture work is about, beside the form. */
function showCurrent(): void {
  const chip = byId("current");
  chip.hidden = !picture;
  if (!picture) return;
  const { image, name } = picture;
  const remove = button("Remove", () => {
    picture = undefined;
    takeStage();
    showCurrent();
    show(empty());
  });
  chip.replaceChildren(
    image ? el("img", { src: image.src, alt: "" }) : "",
    el("span", { class: "name", title: name }, name),
    button("Change…", pick),
    remove,
  );
}

const takeSample = () =>
  take(
    fetch(sampleUrl).then((answer) => answer.blob()),
    "street.jpg",
  );

/** The stage before there is a picture. */
function empty(): Shown {
  const body = el(
    "div",
    { class: "drop" },
    el("p", { class: "drop-title" }, "Drop a picture here"),
    el("p", { class: "muted" }, "or paste one"),
    el(
      "div",
      { class: "row" },
      button("Choose…", pick, "primary"),
      button("Camera", () => camera(take)),
      button("Use the sample", takeSample),
    ),
  );
  return { body };
}

const commandText = byId("code-text");
const page: Page = {
  offer: { secured: false, families: [] },
  async picture() {
    // What became of it, whoever took it hears.
    await arriving.catch(() => {});
    return picture;
  },
  use: setPicture,
  wantPicture() {
    takeStage();
    show(empty());
    announce("A picture is needed first");
    find<HTMLButtonElement>(".drop button", document).focus();
  },
  command(path, body, uploads, output) {
    byId("code").hidden = false;
    commandText.textContent = curl({ path, body, uploads, output, secured: page.offer.secured });
  },
};

const tasks: Record<TaskName, Task> = {
  depth: depthTask(page),
  upscale: upscaleTask(page),
  generate: generateTask(page),
  edit: editTask(page),
};

/** The task that the address names. */
function route(): void {
  const name = location.hash.slice(1);
  const chosen = (Object.keys(tasks) as TaskName[]).find((known) => known === name);
  if (!chosen && name !== "") return;
  const current = chosen ?? "depth";
  const { title, lead } = tasks[current];
  document.title = `${title} – easel`;
  byId("panel-title").textContent = title;
  byId("panel-lead").textContent = lead;
  for (const [task, { form }] of Object.entries(tasks)) form.hidden = task !== current;
  for (const link of document.querySelectorAll<HTMLElement>("[data-task]"))
    if (link.dataset.task === current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
}

/** Asks what the server offers; again when somebody comes back from a terminal. */
async function loadOffer(): Promise<void> {
  page.offer = await api.offer();
  for (const task of Object.values(tasks))
    task.offerModels(
      page.offer.families
        .flatMap(({ models }) => models)
        .filter(({ operations }) => operations.includes(`/${task.operation}`)),
    );
}

/** Puts a finished job back on the stage, with the picture that it was about. */
async function openJob(job: api.Job): Promise<void> {
  const turn = takeStage();
  const result = job.result ?? {};
  const task =
    "depth_image_file_id" in result
      ? tasks.depth
      : "input_width" in result
        ? tasks.upscale
        : "prompt" in result
          ? tasks.generate
          : undefined;
  let shown: Shown;
  try {
    if (!task) throw new Error("This page has no view for such a job. Its files are in the list below.");
    const input = (job.params.image as { file_id?: string } | undefined)?.file_id;
    shown = await task.view(job, input === undefined ? undefined : await fromStored(input, "picture"));
  } catch (error) {
    shown = failed(error, undefined);
  }
  if (!hasStage(turn)) return;
  show(shown);
  byId("stage").focus();
}

async function watchServer(): Promise<void> {
  const state = byId("state");
  const reason = await api.ready();
  state.textContent = reason ?? "";
  state.title = reason ?? "";
  if (reason) setTimeout(watchServer, 1500);
}

setUpTheme(byId<HTMLButtonElement>("theme"));
listenForPictures(take);
on(byId<HTMLButtonElement>("copy-code"), {
  click: (event) => copy(commandText.textContent ?? "", event.currentTarget as HTMLButtonElement),
});
for (const input of document.querySelectorAll<HTMLInputElement>('input[type="range"][id]'))
  on(input, {
    input: () => {
      const output = document.querySelector<HTMLOutputElement>(`output[for="${input.id}"]`);
      if (output) output.value = input.value;
    },
  });
addEventListener("hashchange", route);
route();
show(empty());
void watchServer();
setUpQueue(openJob);
setUpFiles(async (file) => setPicture(await fromStored(file.file_id, file.filename)));
try {
  await loadOffer();
} catch (error) {
  show(failed(error, undefined, () => location.reload()));
}
document.documentElement.dataset.ready = "";
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) void loadOffer().catch(() => {});
});
