/**
 * From a form to its jobs.
 *
 * @module
 */
import { signal } from "@preact/signals";
import * as api from "./api.ts";
import { ApiError } from "./api.ts";
import { adapters, chosenModel, forms, pathOf, rememberPrompt, requestOf } from "./forms.ts";
import { arrived, batch, inputs, type Picture, references, rememberInput } from "./inputs.ts";
import { refreshJobs } from "./jobs.ts";
import { announce, toast } from "./notices.ts";
import { go, jobAddress, type ToolName } from "./route.ts";

/** Tools whose request is on its way to the server. */
export const sending = signal<ReadonlySet<ToolName>>(new Set());
/** Why the last request of a tool was refused. */
export const refusals = signal<Partial<Record<ToolName, { message: string; code: string | undefined }>>>({});
/** Tools that wait for an image: their drop zone asks for it. */
export const imageMissing = signal<ToolName | undefined>(undefined);

export const refuse = (tool: ToolName, error: unknown) => {
  const code = error instanceof ApiError ? error.code : undefined;
  const message = error instanceof Error ? error.message : String(error);
  refusals.value = { ...refusals.value, [tool]: { message, code } };
  announce(message);
};

export const clearRefusal = (tool: ToolName) => {
  const { [tool]: _, ...others } = refusals.value;
  refusals.value = others;
};

const needsImage = (tool: ToolName) =>
  tool === "depth" || tool === "upscale" || tool === "edit" || forms.generate.value.use_image;

/** The request of a tool for an image, with every file that it names uploaded. */
async function bodyOf(tool: ToolName, picture: Picture | undefined): Promise<Record<string, unknown>> {
  const model = chosenModel(tool)!;
  const body = requestOf(tool, model);
  const ref = async (picture: Picture) => ({ file_id: await picture.id() });
  if (tool === "depth" || tool === "upscale") return { image: await ref(picture!), ...body };
  const loras = [];
  for (const adapter of adapters[tool].value)
    loras.push({ file: { file_id: await adapter.id() }, scale: adapter.scale });
  const images =
    tool === "edit"
      ? { images: await Promise.all([picture!, ...references.value].map(ref)) }
      : picture
        ? { init_image: await ref(picture) }
        : {};
  return { ...body, ...images, ...(loras.length > 0 && { loras }), preview: true };
}

/** Sends the tool's form: one job, or one for each image of a batch, or as many as the count says. */
export async function run(tool: ToolName): Promise<void> {
  if (sending.value.has(tool)) return;
  await arrived();
  const model = chosenModel(tool);
  if (!model?.activated) return;
  const picture = tool === "generate" && !forms.generate.value.use_image ? undefined : inputs[tool].value;
  if (needsImage(tool) && !picture) {
    imageMissing.value = tool;
    announce("Add an image first.");
    return;
  }
  clearRefusal(tool);
  sending.value = new Set([...sending.value, tool]);
  try {
    const several = batch.value.length > 1 && (tool === "depth" || tool === "upscale");
    const pictures = several ? batch.value : [picture];
    const count = tool === "generate" || tool === "edit" ? forms[tool].value.count : 1;
    const ids: string[] = [];
    for (const each of pictures)
      for (let i = 0; i < count; i++) {
        const body = await bodyOf(tool, each);
        // A fixed seed would make the same picture again.
        if (i > 0 && typeof body.seed === "number") body.seed += i;
        const accepted = await api.submit(pathOf(tool, model), body);
        ids.push(accepted.job_id);
      }
    if (picture) void rememberInput(tool, picture);
    if (tool === "generate" || tool === "edit") rememberPrompt(forms[tool].value.prompt.trim());
    if (several) batch.value = [];
    if (ids.length > 1) toast(`${ids.length} jobs are in the queue.`);
    if (ids[0]) go(jobAddress(ids[0]));
  } catch (error) {
    refuse(tool, error);
  } finally {
    sending.value = new Set([...sending.value].filter((name) => name !== tool));
    void refreshJobs();
  }
}
