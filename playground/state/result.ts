/**
 * A job in the page's terms: which tool made it, from what, and which file is its picture.
 *
 * @module
 */
import type { Job } from "./api.ts";
import { nameOf } from "./names.ts";
import type { ToolName } from "./route.ts";
import { models, modelTitle } from "./server.ts";

export const isLive = ({ status }: Pick<Job, "status">) => status === "queued" || status === "running";

/** The tool whose form makes such a job, by the request's own fields. */
export function toolOf({ params }: Pick<Job, "params">): ToolName {
  if ("prompt" in params) return "images" in params || "image" in params ? "edit" : "generate";
  return "resolution" in params ? "upscale" : "depth";
}

const fileOf = (ref: unknown): string | undefined =>
  typeof ref === "object" && ref !== null && "file_id" in ref && typeof ref.file_id === "string"
    ? ref.file_id
    : undefined;

/** Files of the pictures that the job was about, the main one first. */
export function inputsOf({ params }: Pick<Job, "params">): string[] {
  const refs = [params.image, ...(Array.isArray(params.images) ? params.images : []), params.init_image];
  return refs.map(fileOf).filter((id): id is string => id !== undefined);
}

/** The file that stands for the result. */
export function pictureOf({ result, artifacts }: Pick<Job, "result" | "artifacts">): string | undefined {
  const id = result?.depth_image_file_id ?? result?.file_id ?? artifacts[0];
  return typeof id === "string" ? id : undefined;
}

/** The model of a job, by family and name. A job states its name only; the list of models tells the family. */
export function modelOf({ type, params, result }: Pick<Job, "type" | "params" | "result">) {
  const name = String(result?.model ?? params.model ?? "");
  const family =
    models.value.find((model) => model.name === name && type.startsWith(model.family))?.family ??
    models.value.find((model) => model.name === name)?.family ??
    type;
  return { family, name, title: name === "" ? family : modelTitle(family, name) };
}

const toolTitles: Record<ToolName, string> = {
  depth: "Depth map",
  upscale: "Upscaled image",
  generate: "Generated image",
  edit: "Edited image",
};

/** Title of a job in lists: its prompt, else the name of its image, else its tool. */
export function titleOf(job: Job): string {
  if (job.type === "activation") return `Download of ${job.params.family}/${job.params.model}`;
  const prompt = job.params.prompt;
  if (typeof prompt === "string" && prompt.trim() !== "") return prompt.trim();
  const [input] = inputsOf(job);
  return (input && nameOf(input)) ?? toolTitles[toolOf(job)];
}

/** Seconds that the job ran. */
export const secondsOf = ({ started_at: start, finished_at: end }: Job) =>
  start !== null && end !== null ? end - start : undefined;

const minute = 60;
const hour = 60 * minute;

/** How long ago, in words. */
export function ago(seconds: number, now = Date.now() / 1000): string {
  const passed = Math.max(now - seconds, 0);
  if (passed < 45) return "just now";
  if (passed < hour) return `${Math.max(Math.round(passed / minute), 1)} min ago`;
  if (passed < 24 * hour) return `${Math.round(passed / hour)} h ago`;
  return new Date(seconds * 1000).toLocaleDateString(undefined, { day: "numeric", month: "short" });
}

/** Seconds as a short text: "0.6 s", "25 s", "3 min". */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / minute)} min`;
}

export const stepsText = (steps: number) => (steps === 1 ? "1 step" : `${steps} steps`);

/** The size of a file: "84 kB", "1.2 MB". */
export const bytesText = (bytes: number) =>
  bytes < 1e6 ? `${Math.max(Math.round(bytes / 1000), 1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
