/**
 * What tells results of one form apart.
 *
 * @module
 */
import type { Job } from "../state/api.ts";
import { modelOf, stepsText, titleOf } from "../state/result.ts";

/** A value that the job ran with, else one that was asked for. */
export function settingOf(job: Job, name: "steps" | "guidance" | "seed"): number | undefined {
  const ran = (job.result?.params as Record<string, unknown> | undefined)?.[name] ?? job.params[name];
  return typeof ran === "number" ? ran : undefined;
}

const count = (jobs: readonly Job[], of: (job: Job) => unknown) => new Set(jobs.map(of)).size;

/** A short name for each of several results: what differs, and nothing else. */
export function labelsOf(jobs: readonly Job[]): (job: Job) => string {
  const differ = (of: (job: Job) => unknown) => count(jobs, of) > 1;
  const models = differ((job) => modelOf(job).title);
  const steps = differ((job) => settingOf(job, "steps"));
  const guidance = differ((job) => settingOf(job, "guidance"));
  const titles = differ(titleOf);
  const seeds = !steps && !guidance && !titles && !models;
  return (job) => {
    const parts = [
      titles && titleOf(job),
      models && modelOf(job).title,
      steps && settingOf(job, "steps") !== undefined && stepsText(settingOf(job, "steps")!),
      guidance && settingOf(job, "guidance") !== undefined && `guidance ${settingOf(job, "guidance")}`,
      seeds && settingOf(job, "seed") !== undefined && `seed ${settingOf(job, "seed")}`,
    ].filter(Boolean);
    return parts.join(", ") || modelOf(job).title;
  };
}

/** A table of steps and guidance. */
export interface Table {
  steps: readonly number[];
  guidance: readonly number[];
  at(steps: number, guidance: number): Job | undefined;
}

/** The table that jobs of one prompt, model and seed fill; undefined where they are no grid. */
export function tableOf(jobs: readonly Job[]): Table | undefined {
  const alike = (job: Job) => JSON.stringify([titleOf(job), modelOf(job).title, settingOf(job, "seed")]);
  if (jobs.length < 2 || count(jobs, alike) > 1) return undefined;
  const rows = (name: "steps" | "guidance") =>
    [...new Set(jobs.map((job) => asked(job, name)))].sort((a, b) => a - b);
  const [steps, guidance] = [rows("steps"), rows("guidance")];
  if (steps.length * guidance.length !== jobs.length) return undefined;
  const at = (row: number, column: number) =>
    jobs.find((job) => asked(job, "steps") === row && asked(job, "guidance") === column);
  return { steps, guidance, at };
}

const asked = (job: Job, name: "steps" | "guidance") =>
  typeof job.params[name] === "number" ? (job.params[name] as number) : -1;
