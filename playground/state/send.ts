/**
 * A result becomes the input of a tool, by a menu or by dragging its thumbnail.
 *
 * @module
 */
import * as api from "./api.ts";
import { forms } from "./forms.ts";
import { addReferences, fromStored, setInput } from "./inputs.ts";
import { jobs } from "./jobs.ts";
import { rememberName } from "./names.ts";
import { toast } from "./notices.ts";
import { pictureOf, titleOf, toolOf } from "./result.ts";
import { go, type ToolName, toolAddress } from "./route.ts";
import { clearRefusal } from "./run.ts";

async function pictureFrom(job: api.Job) {
  const file = pictureOf(job);
  if (!file) return undefined;
  const stored = await api.file(file).catch(() => undefined);
  if (!stored) toast("The image of this result was deleted.");
  if (!stored) return undefined;
  rememberName(file, nameFor(job, stored.filename));
  return fromStored(file, nameFor(job, stored.filename));
}

const suffixes: Record<ToolName, string> = {
  depth: "depth",
  upscale: "upscaled",
  generate: "",
  edit: "edited",
};

/** "room-depth.png" for the map of room.jpg: the server's own names tell the model alone. */
function nameFor(job: api.Job, filename: string): string {
  const base = titleOf(job)
    .replace(/\.[^.]*$/, "")
    .slice(0, 48);
  const ending = /\.[^.]*$/.exec(filename)?.[0] ?? "";
  return [base, suffixes[toolOf(job)]].filter(Boolean).join("-") + ending;
}

export async function sendTo(tool: ToolName, job: api.Job): Promise<void> {
  const picture = await pictureFrom(job);
  if (!picture) return;
  if (tool === "generate") forms.generate.value = { ...forms.generate.value, use_image: true };
  setInput(tool, picture);
  clearRefusal(tool);
  go(toolAddress(tool));
}

export async function addAsReference(job: api.Job): Promise<void> {
  const picture = await pictureFrom(job);
  if (!picture) return;
  addReferences([picture]);
  go(toolAddress("edit"));
}

const dragType = "application/x-easel-job";

/** Lets a thumbnail be dragged onto the stage or the list of references. */
export const dragOf = (job: api.Job) => (event: DragEvent) => event.dataTransfer?.setData(dragType, job.id);

export const carriesResult = (event: DragEvent) => event.dataTransfer?.types.includes(dragType) ?? false;

/** The result that was dropped. */
export const droppedResult = (event: DragEvent): api.Job | undefined => {
  const id = event.dataTransfer?.getData(dragType);
  return id ? jobs.value.find((job) => job.id === id) : undefined;
};
