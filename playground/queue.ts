/**
 * The jobs: what runs, what waits, what was done.
 *
 * @module
 */
import * as api from "./api.ts";
import { button, byId, el } from "./dom.ts";

const shownJobs = 12;
const busyEvery = 1000;
const idleEvery = 15_000;

let open: (job: api.Job) => unknown = () => {};
let timer: ReturnType<typeof setTimeout> | undefined;
let asking: Promise<void> | undefined;

/** `opened` shows a job that has succeeded. */
export function setUpQueue(opened: (job: api.Job) => unknown): void {
  open = opened;
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) void refreshQueue();
  });
  void refreshQueue();
}

/** Looks now, and again after a while: soon when something is going on. */
export function refreshQueue(): Promise<void> {
  asking ??= look().finally(() => {
    asking = undefined;
  });
  return asking;
}

async function look(): Promise<void> {
  clearTimeout(timer);
  let busy = false;
  const list = byId("jobs");
  try {
    const { data } = await api.jobs(shownJobs);
    busy = data.some(({ status }) => status === "queued" || status === "running");
    const focused = list.contains(document.activeElement) ? document.activeElement?.id : undefined;
    list.replaceChildren(...(data.length ? data.map(row) : [el("li", { class: "empty" }, "Nothing yet.")]));
    if (focused) document.getElementById(focused)?.focus();
  } catch (error) {
    list.replaceChildren(
      el("li", { class: "empty" }, error instanceof Error ? error.message : String(error)),
    );
  }
  if (!document.hidden) timer = setTimeout(refreshQueue, busy ? busyEvery : idleEvery);
}

const words: Record<api.JobStatus, string> = {
  queued: "waiting",
  running: "running",
  succeeded: "done",
  failed: "failed",
  canceled: "cancelled",
};

function row(job: api.Job): HTMLLIElement {
  const { id, type, status, progress, progress_label: label, params } = job;
  const model = typeof params.model === "string" ? params.model : "";
  const act = (name: string, text: string, what: () => unknown) => {
    const made = button(text, async () => {
      made.disabled = true;
      await what();
      await refreshQueue();
    });
    made.id = `${name}-${id}`;
    made.setAttribute("aria-label", `${text}: ${type} ${model}, ${words[status]}`);
    return made;
  };
  const quiet = (promise: Promise<unknown>) => promise.catch(() => {});
  const actions = {
    queued: () => [act("cancel", "Cancel", () => quiet(api.cancel(id)))],
    running: () => [act("cancel", "Cancel", () => quiet(api.cancel(id)))],
    succeeded: () => [act("show", "Show", () => open(job))],
    failed: () => [act("retry", "Retry", () => quiet(api.retry(id)))],
    canceled: () => [act("retry", "Retry", () => quiet(api.retry(id)))],
  }[status]();
  if (status !== "queued" && status !== "running")
    actions.push(act("forget", "Forget", () => quiet(api.deleteJob(id))));
  return el(
    "li",
    { class: `job job-${status}` },
    el("span", { class: "dot", "aria-hidden": "true" }),
    el(
      "div",
      { class: "job-text" },
      el("strong", {}, [type, model].filter(Boolean).join(" · ")),
      el(
        "span",
        { class: "muted" },
        job.error ?? `${status === "running" ? label : words[status]}${since(job)}`,
      ),
    ),
    status === "running" &&
      el("progress", { max: 1, ...(progress === null ? {} : { value: progress }), "aria-label": label }),
    el("span", { class: "actions" }, ...actions),
  );
}

function since({ finished_at: end, started_at: start }: api.Job): string {
  if (end && start) return `, ${(end - start).toFixed(1)} s`;
  return "";
}
