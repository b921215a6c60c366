/**
 * The list of jobs, newest first: what waits, what runs, and all results.
 *
 * @module
 */
import { computed, signal } from "@preact/signals";
import * as api from "./api.ts";
import { gone } from "./gone.ts";
import { dismiss, toast } from "./notices.ts";
import { isLive, pictureOf } from "./result.ts";
import { watchServer } from "./server.ts";

const pageSize = 60;
/** Older jobs come in larger pages: whoever scrolls wants many. */
const olderPageSize = 240;
/** That the server gives at a time. */
const most = 1000;
const busyEvery = 1000;
const idleEvery = 15_000;
const againAfterMs = 1500;

const list = signal<readonly api.Job[]>([]);
/** Removed by the user; really deleted when the undo has expired. */
const removed = signal<ReadonlySet<string>>(new Set());

export const jobs = computed(() => list.value.filter(({ id }) => !removed.value.has(id)));
export const liveJobs = computed(() => jobs.value.filter(isLive));
/** Finished pictures. Downloads of models make none, and some were deleted since. */
export const results = computed(() =>
  jobs.value.filter((job) => {
    const isResult = job.status === "succeeded" && job.type !== "activation";
    return isResult && !gone.value.has(pictureOf(job) ?? "");
  }),
);
export const hasMore = signal(false);
/** The first answer has come, so an empty list is really empty. */
export const loaded = signal(false);

/** Merges jobs into the list; what is known already is updated in place. An answer from before a job's end does not undo the end. */
function merge(incoming: readonly api.Job[]): void {
  const known = new Map(list.value.map((job) => [job.id, job]));
  for (const job of incoming) {
    const before = known.get(job.id);
    if (!before || isLive(before) || !isLive(job)) known.set(job.id, job);
  }
  list.value = [...known.values()].sort((a, b) => b.created_at - a.created_at || (a.id < b.id ? 1 : -1));
}

let timer: ReturnType<typeof setTimeout> | undefined;
let asking: Promise<void> | undefined;

/** Loads the newest jobs, now and again later: soon while some are not finished. */
export function refreshJobs(): Promise<void> {
  asking ??= load().finally(() => {
    asking = undefined;
  });
  return asking;
}

async function load(): Promise<void> {
  clearTimeout(timer);
  try {
    // As deep as something is not finished: the oldest of many runs first.
    const deepest = list.value.findLastIndex(isLive) + 1;
    const { data, has_more } = await api.jobs(Math.min(Math.max(pageSize, deepest), most));
    // Deleted elsewhere: gone from the part of the list that this page covers.
    const oldest = data.at(-1)?.created_at ?? Number.POSITIVE_INFINITY;
    const present = new Set(data.map(({ id }) => id));
    list.value = list.value.filter((job) => present.has(job.id) || (has_more && job.created_at < oldest));
    merge(data);
    if (!loaded.value || !has_more) hasMore.value = has_more;
    loaded.value = true;
  } catch {
    void watchServer();
  }
  if (!document.hidden) timer = setTimeout(refreshJobs, liveJobs.value.length > 0 ? busyEvery : idleEvery);
}

/** Loads the page of jobs behind the last one. */
export async function loadMore(): Promise<void> {
  const last = list.peek().at(-1);
  if (!last || !hasMore.peek()) return;
  hasMore.value = false;
  try {
    const { data, has_more } = await api.jobs(olderPageSize, last.id);
    merge(data);
    hasMore.value = has_more;
  } catch {
    // The gallery asks again as soon as there is more.
    setTimeout(() => {
      hasMore.value = true;
    }, againAfterMs);
  }
}

/** A job by its id, from the list or from the server. */
export async function findJob(id: string): Promise<api.Job> {
  const job = list.value.find((candidate) => candidate.id === id);
  if (job && !isLive(job)) return job;
  const fresh = await api.job(id).catch((error) => {
    // An id of another form is refused with the form's own words, which nobody typed.
    if (error instanceof api.ApiError && [404, 422].includes(error.status))
      throw new Error("It was deleted, or the address is not complete.");
    throw error;
  });
  merge([fresh]);
  return fresh;
}

export const updateJob = (job: api.Job) => merge([job]);

export async function cancelJob(id: string): Promise<void> {
  await api.cancel(id).catch(() => {});
  await refreshJobs();
}

export async function cancelAllJobs(): Promise<void> {
  await api.cancelAll().catch(() => {});
  await refreshJobs();
}

const undoMs = 6000;
const pending = new Map<string, () => Promise<void>>();

/** Hides a job at once, and deletes it with its files unless the user undoes that. */
export function removeJobs(ids: readonly string[]): void {
  const gone = list.value.filter(({ id }) => ids.includes(id));
  if (gone.length === 0) return;
  removed.value = new Set([...removed.value, ...ids]);
  let undone = false;
  const finish = async (keepalive = false) => {
    clearTimeout(deleting);
    if (undone) return;
    undone = true;
    for (const { id, artifacts } of gone) {
      pending.delete(id);
      for (const file of artifacts) await api.deleteFile(file, keepalive).catch(() => {});
      await api.deleteJob(id, keepalive).catch(() => {});
    }
    list.value = list.value.filter(({ id }) => !ids.includes(id));
  };
  const deleting = setTimeout(finish, undoMs);
  for (const { id } of gone) pending.set(id, () => finish(true));
  const what = gone.length === 1 ? "Result" : `${gone.length} results`;
  const shown = toast(`${what} deleted`, {
    label: "Undo",
    run() {
      undone = true;
      clearTimeout(deleting);
      for (const { id } of gone) pending.delete(id);
      removed.value = new Set([...removed.value].filter((id) => !ids.includes(id)));
      dismiss(shown);
    },
  });
}

// A page that closes carries out what can no longer be undone.
addEventListener("pagehide", () => {
  for (const finish of new Set(pending.values())) void finish();
});
