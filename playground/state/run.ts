/**
 * From a form to its jobs.
 *
 * @module
 */
import { signal } from "@preact/signals";
import { adapters } from "./adapters.ts";
import type { Model } from "./api.ts";
import * as api from "./api.ts";
import { ApiError } from "./api.ts";
import {
  chosenModel,
  forms,
  pathOf,
  promptsOf,
  rememberPrompt,
  requestOf,
  secondModel,
  takes,
} from "./forms.ts";
import { type Grid, gridOf } from "./grid.ts";
import {
  arrived,
  batch,
  imageMissing,
  inputs,
  type Picture,
  references,
  rememberInput,
  setInput,
  smallerCopy,
} from "./inputs.ts";
import { refreshJobs } from "./jobs.ts";
import { maskFile, sendMaskAgain } from "./mask.ts";
import { announce, toast } from "./notices.ts";
import { compareAddress, go, jobAddress, route, setAddress, type ToolName, toolAddress } from "./route.ts";

/** Tools whose request is on its way to the server. */
export const sending = signal<ReadonlySet<ToolName>>(new Set());
/** Why the last request of a tool was refused. */
export const refusals = signal<Partial<Record<ToolName, { message: string; code: string | undefined }>>>({});
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
async function bodyOf(
  tool: ToolName,
  model: Model,
  picture: Picture | undefined,
): Promise<Record<string, unknown>> {
  const body = requestOf(tool, model);
  const ref = async (picture: Picture) => ({ file_id: await picture.id() });
  if (tool === "depth") return { image: await ref(picture!), ...body, preview: true };
  if (tool === "upscale") return { image: await ref(picture!), ...body };
  const loras = [];
  for (const adapter of adapters[tool].value) loras.push({ file: await adapter.ref(), scale: adapter.scale });
  const images =
    tool === "edit"
      ? { images: await Promise.all([picture!, ...references.value].map(ref)) }
      : picture
        ? { init_image: await ref(picture) }
        : {};
  const mask = tool === "edit" && takes(model, "mask") ? await maskFile() : undefined;
  if (mask) Object.assign(images, { mask: { file_id: mask } });
  return { ...body, ...images, ...(loras.length > 0 && { loras }), preview: true };
}

/** What one press of the button asks for, besides the form's own fields. */
interface Round {
  model: Model;
  picture: Picture | undefined;
  own: Record<string, unknown>;
}

export const randomSeed = () => crypto.getRandomValues(new Uint32Array(1))[0]! >>> 1;

/** The values of each job of a grid; without a grid, one job without values. */
const cellsOf = (grid: Grid | undefined): Record<string, number>[] =>
  grid === undefined
    ? [{}]
    : grid.steps.flatMap((steps) =>
        grid.guidance.map((guidance) => ({
          ...(steps !== undefined && { steps }),
          ...(guidance !== undefined && { guidance }),
        })),
      );

/** One round a job: images of a batch, prompts, the count or the grid, and both models where two are compared. */
function roundsOf(tool: ToolName, model: Model, pictures: readonly (Picture | undefined)[]): Round[] {
  const second = secondModel(tool);
  const models = second ? [model, second] : [model];
  const paints = tool === "generate" || tool === "edit";
  const prompts = paints ? promptsOf(forms[tool].value) : [undefined];
  const grid = paints ? gridOf(forms[tool].value) : undefined;
  const count = paints && !grid ? forms[tool].value.count : 1;
  const fixed =
    tool === "depth" || forms[tool].value.seed === "" ? undefined : Number(forms[tool].value.seed);
  const rounds: Round[] = [];
  for (const picture of pictures)
    for (const prompt of prompts)
      for (let i = 0; i < count; i++) {
        // A fixed seed would make the same picture again; what is compared has one seed.
        const compares = grid !== undefined || (second && tool !== "depth");
        const seed = fixed !== undefined ? fixed + i : compares ? randomSeed() : undefined;
        const own = { ...(prompt !== undefined && { prompt }), ...(seed !== undefined && { seed }) };
        for (const cell of cellsOf(grid))
          for (const each of models) rounds.push({ model: each, picture, own: { ...own, ...cell } });
      }
  return rounds;
}

/** Submits one round. Images that were deleted on the server meanwhile are sent again where this page has them. */
async function submit(tool: ToolName, { model, picture, own }: Round): Promise<string> {
  const send = async () => {
    const body = await bodyOf(tool, model, picture);
    return (await api.submit(pathOf(tool, model), { ...body, ...own })).job_id;
  };
  try {
    return await send();
  } catch (error) {
    const held = [picture, ...(tool === "edit" ? references.value : [])].filter((each) => each?.sendAgain);
    const deleted = error instanceof ApiError && error.code === "unknown_file";
    if (!deleted || held.length === 0) throw error;
    for (const each of held) each!.sendAgain!();
    sendMaskAgain();
    return send();
  }
}

/** How many of a form's jobs were sent, while they are. */
export const sent = signal({ done: 0, of: 0 });

/** Submits one job after the other, and shows those that are there. A job that is refused holds no other back. */
async function submitAll(tool: ToolName, rounds: readonly Round[], showsSet: boolean) {
  const ids: string[] = [];
  const refused: { picture: Picture | undefined; message: string }[] = [];
  for (const [at, round] of rounds.entries()) {
    sent.value = { done: at, of: rounds.length };
    try {
      ids.push(await submit(tool, round));
    } catch (error) {
      if (ids.length === 0 && at === rounds.length - 1) throw error;
      refused.push({ picture: round.picture, message: (error as Error).message });
    }
    if (!showsSet || ids.length === 0) continue;
    const shown = route.peek();
    if (ids.length === 1) go(setAddress(ids));
    // Only where this set is still shown.
    else if (shown.view === "set" && shown.ids[0] === ids[0]) go(setAddress(ids), { replace: true });
  }
  return { ids, refused };
}

/** Sends the tool's form as one job or as many. */
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
  const problem = tool === "generate" || tool === "edit" ? gridOf(forms[tool].value)?.problem : undefined;
  if (problem) return void toast(problem);
  clearRefusal(tool);
  sending.value = new Set([...sending.value, tool]);
  try {
    const several = batch.value.length > 1 && (tool === "depth" || tool === "upscale");
    const rounds = roundsOf(tool, model, several ? batch.value : [picture]);
    const compares = rounds.length === 2 && secondModel(tool) !== undefined;
    const showsSet = rounds.length > 1 && !compares;
    const { ids, refused } = await submitAll(tool, rounds, showsSet);
    if (picture) void rememberInput(tool, picture);
    if (tool === "generate" || tool === "edit") rememberPrompt(forms[tool].value.prompt.trim());
    // Images that were refused stay in the form.
    if (several) batch.value = batch.value.filter((each) => refused.some(({ picture }) => picture === each));
    if (ids.length > 1) toast(`${ids.length} jobs are in the queue.`);
    if (refused[0]) toast(`${refused.length} of ${rounds.length} were refused: ${refused[0].message}`);
    if (showsSet) return;
    go(ids.length > 1 ? compareAddress(ids) : jobAddress(ids[0]!));
  } catch (error) {
    refuse(tool, error);
    // A result on the stage would hide the refusal.
    if (route.peek().view !== "tool") go(toolAddress(tool));
  } finally {
    sending.value = new Set([...sending.value].filter((name) => name !== tool));
    void refreshJobs();
  }
}

/** Makes a smaller copy of the tool's image and asks again. */
export async function runSmaller(tool: ToolName): Promise<void> {
  const picture = inputs[tool].value;
  if (!picture) return;
  try {
    setInput(tool, await smallerCopy(picture));
    await run(tool);
  } catch (error) {
    refuse(tool, error);
  }
}
