import type { Job, Model, Offer } from "../api.ts";
import type { Picture } from "../picture.ts";
import type { Shown } from "../stage.ts";

export type TaskName = "depth" | "upscale" | "generate" | "edit";

/** What the tasks know of the page around them. */
export interface Page {
  offer: Offer;
  /** The picture on the stage, or the one on its way there, if there is one. */
  picture(): Promise<Picture | undefined>;
  /** Makes a picture the one that work is about. */
  use(picture: Picture): void;
  /** Asks for a picture where one is missing. */
  wantPicture(): void;
  /** Shows the commands that do the same. */
  command(path: string, body: Record<string, unknown>, uploads: Upload[], output: string): void;
}

export interface Upload {
  name: string;
  fileId: string;
}

/** One thing that can be done. */
export interface Task {
  title: string;
  lead: string;
  /** The operation at the end of a family's path; the models that take it are offered. */
  operation: string;
  form: HTMLFormElement;
  /** Called when the models are known, and again when they may have changed. */
  offerModels(models: readonly Model[]): void;
  /** Shows a job that succeeded, however long ago. */
  view(job: Job, picture: Picture | undefined): Promise<Shown>;
}

/** The number in a field, or nothing. */
export function numberIn(form: HTMLFormElement, name: string): number | undefined {
  const value = new FormData(form).get(name);
  return typeof value === "string" && value.trim() !== "" ? Number(value) : undefined;
}

export const textIn = (form: HTMLFormElement, name: string): string =>
  String(new FormData(form).get(name) ?? "").trim();

/** Leaves out what has no value, so that the server's own default holds. */
export const given = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== ""));
