/**
 * The bar at the top: tools, memory, queue, theme.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { toolTitles } from "../form/titles.ts";
import type * as api from "../state/api.ts";
import { cancelAllJobs, cancelJob, liveJobs } from "../state/jobs.ts";
import { persisted } from "../state/persisted.ts";
import { ago, inputsOf, modelOf, titleOf } from "../state/result.ts";
import { jobAddress, route, toolNames } from "../state/route.ts";
import { health, trouble } from "../state/server.ts";
import { Icon, type IconName } from "./icons.tsx";
import { Thumb } from "./thumb.tsx";

export function Bar({ current }: { current: string | undefined }) {
  return (
    <header class="bar">
      <a class="brand" href="#depth" aria-label="easel, start page">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M16 3v3M7 6h18v14H7zM16 20v9M11 20 7 29M21 20l4 9" />
        </svg>
        <span>easel</span>
      </a>
      <nav class="tabs" aria-label="Tools">
        {toolNames.map((tool) => (
          <a key={tool} href={`#${tool}`} {...(current === tool && { "aria-current": "page" as const })}>
            {toolTitles[tool]}
          </a>
        ))}
        <a href="#/gallery" {...(route.value.view === "gallery" && { "aria-current": "page" as const })}>
          Gallery
        </a>
        <a href="#/models" {...(route.value.view === "models" && { "aria-current": "page" as const })}>
          Models
        </a>
      </nav>
      <div class="bar-end">
        <MemoryMeter />
        <Queue />
        <a href="/docs">API</a>
        <ThemeButton />
      </div>
    </header>
  );
}

/** Shown while the server is away or takes no jobs. */
export const Trouble = () =>
  trouble.value === undefined ? null : (
    <p class="trouble" role="status">
      {trouble.value}
    </p>
  );

function MemoryMeter() {
  const memory = health.value?.memory;
  if (!memory) return null;
  const text = `${memory.resident_gb.toFixed(1)} of ${memory.budget_gb.toFixed(1)} GB`;
  return (
    <a class="meter" href="#/models" title={`Memory of loaded models: ${text}`}>
      <span class="hidden">Memory of loaded models:</span>
      <meter min={0} max={memory.budget_gb} value={memory.resident_gb} aria-hidden="true" />
      <span>{text}</span>
    </a>
  );
}

function Queue() {
  const open = useSignal(false);
  const live = liveJobs.value;
  const at = route.value;
  useEffect(() => {
    open.value = false;
  }, [at]);
  useEffect(() => {
    const close = (event: KeyboardEvent) => {
      if (event.key === "Escape") open.value = false;
    };
    document.addEventListener("keydown", close);
    return () => document.removeEventListener("keydown", close);
  }, []);
  return (
    <div class="queue">
      <button
        type="button"
        class="quiet"
        aria-expanded={open.value}
        aria-controls="queue"
        onClick={() => (open.value = !open.value)}
      >
        <Icon name="queue" />
        Queue
        {live.length > 0 && <span class="count">{live.length}</span>}
      </button>
      {open.value && (
        <section id="queue" class="popover" aria-label="Queue">
          {live.length === 0 && <p class="muted">Nothing is running.</p>}
          <ul>
            {[...live].reverse().map((job) => (
              <QueueRow key={job.id} job={job} />
            ))}
          </ul>
          {live.length > 1 && (
            <button type="button" class="quiet" onClick={cancelAllJobs}>
              Cancel all
            </button>
          )}
          <a href="#/gallery">All jobs</a>
        </section>
      )}
    </div>
  );
}

function QueueRow({ job }: { job: api.Job }) {
  const { status, progress, progress_label: label } = job;
  // Cancelled once: the place of the button stays empty, so that a second click hits nothing.
  const stopping = useSignal(false);
  const input = inputsOf(job)[0];
  return (
    <li class={`job job-${status}`}>
      <a class="job-link" href={jobAddress(job.id)}>
        {input ? <Thumb file={input} /> : <span class="plate" />}
        <span class="job-text">
          <strong>{titleOf(job)}</strong>
          <small>
            {modelOf(job).title}, {status === "queued" ? `queued ${ago(job.created_at)}` : label}
          </small>
          {status === "running" && (
            <progress
              max={1}
              aria-label={label}
              {...(progress !== null && progress > 0 && { value: progress })}
            />
          )}
        </span>
      </a>
      <span class="job-action">
        {!stopping.value && (
          <button
            type="button"
            class="quiet small"
            aria-label={`Cancel: ${titleOf(job)}`}
            onClick={() => {
              stopping.value = true;
              void cancelJob(job.id);
            }}
          >
            Cancel
          </button>
        )}
      </span>
    </li>
  );
}

type Theme = "system" | "light" | "dark";
const theme = persisted<Theme>("theme", "system");
const themes: Record<Theme, { next: Theme; icon: IconName }> = {
  system: { next: "light", icon: "auto" },
  light: { next: "dark", icon: "sun" },
  dark: { next: "system", icon: "moon" },
};

function ThemeButton() {
  const { next, icon } = themes[theme.value];
  useEffect(() => {
    document.documentElement.dataset.theme = theme.value;
  }, [theme.value]);
  return (
    <button
      type="button"
      class="icon"
      aria-label={`Theme: ${theme.value}`}
      title={`Theme: ${theme.value}`}
      onClick={() => (theme.value = next)}
    >
      <Icon name={icon} />
    </button>
  );
}
