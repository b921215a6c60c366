/**
 * Downloads of models: which run, how far they are, and starting and stopping them.
 *
 * @module
 */
import { computed, signal } from "@preact/signals";
import * as api from "./api.ts";
import { keyOf } from "./forms.ts";
import { jobs, refreshJobs, updateJob } from "./jobs.ts";
import { announce, toast } from "./notices.ts";
import { isLive } from "./result.ts";
import { loadOffer } from "./server.ts";

export const isInstall = ({ type }: Pick<api.Job, "type">) => type === "activation";

/** The unfinished download of each model, by "family/name". */
export const installs = computed(
  () =>
    new Map(
      jobs.value
        .filter((job) => isInstall(job) && isLive(job))
        .map((job) => [`${job.params.family}/${job.params.model}`, job]),
    ),
);

/** Why the newest download of a model failed, by "family/name". */
export const installFailures = computed(() => {
  const newest = new Map<string, api.Job>();
  for (const job of jobs.value) {
    const key = `${job.params.family}/${job.params.model}`;
    if (isInstall(job) && !newest.has(key)) newest.set(key, job);
  }
  return new Map([...newest].filter(([, { status }]) => status === "failed"));
});

/** How far each download is, by its job. */
export const progressOf = signal<ReadonlyMap<string, api.Progress>>(new Map());
const followed = new Set<string>();

/** Follows a download to its end, and shows the models anew then. */
export async function followInstall(id: string): Promise<void> {
  if (followed.has(id)) return;
  followed.add(id);
  const status = (progress: api.Progress) => {
    progressOf.value = new Map([...progressOf.value, [id, progress]]);
  };
  try {
    const job = await api.follow(id, { status }, new AbortController().signal);
    updateJob(job);
    if (job.status === "succeeded") toast(`${job.params.model} is installed`);
    if (job.status === "failed") toast(job.error ?? "The download failed");
  } catch {
    // The list of jobs tells the state; if it still runs, it is followed again.
    followed.delete(id);
  } finally {
    await Promise.all([refreshJobs(), loadOffer()]);
  }
}

/** Without `bits` the published weights. */
export async function install(model: api.Model, accept_license: boolean, bits?: number): Promise<void> {
  try {
    const wanted = { accept_license, ...(bits !== undefined && { bits }) };
    const { job_id } = await api.activate(model.family, model.name, wanted);
    announce(`Downloading ${keyOf(model)}`);
    await refreshJobs();
    void followInstall(job_id);
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error));
  }
}

export async function uninstall(model: api.Model): Promise<void> {
  try {
    const { freed_bytes } = await api.deactivate(model.family, model.name);
    toast(`${keyOf(model)} was removed: ${(freed_bytes / 1e9).toFixed(1)} GB are free again`);
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error));
  }
  await loadOffer();
}
