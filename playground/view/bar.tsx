/**
 * The bar at the top: tools, memory, queue, theme.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { toolTitles } from "../form/titles.ts";
import type * as api from "../state/api.ts";
import { signOut } from "../state/api.ts";
import { cancelAllJobs, cancelJob, liveJobs } from "../state/jobs.ts";
import { persisted } from "../state/persisted.ts";
import { ago, inputsOf, modelOf, titleOf } from "../state/result.ts";
import { jobAddress, route, toolNames } from "../state/route.ts";
import { health, modelTitle, offer, trouble, unloadModel } from "../state/server.ts";
import { Icon, type IconName } from "./icons.tsx";
import { KeysButton } from "./keys.tsx";
import { Popover } from "./popover.tsx";
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
        {offer.value?.secured && (
          <button class="quiet" type="button" onClick={signOut}>
            Sign out
          </button>
        )}
        <a href="/docs">API</a>
        <KeysButton />
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
  const text = `${memory.resident_gb.toFixed(memory.resident_gb < 1 ? 2 : 1)} of ${memory.budget_gb.toFixed(1)} GB`;
  const loaded = memory.loaded ?? [];
  return (
    <Popover
      label="Models in memory"
      kind="quiet meter"
      title="Memory of loaded models"
      button={
        <>
          <span class="hidden">Memory of loaded models:</span>
          <meter min={0} max={memory.budget_gb} value={memory.resident_gb} aria-hidden="true" />
          <span>{text}</span>
        </>
      }
    >
      {loaded.length === 0 && <p class="muted">No model is loaded. A job loads the one that it needs.</p>}
      <ul>
        {loaded.map(({ family, name, weight_gb }) => (
          <li key={`${family}/${name}`} class="job">
            <span class="job-text">
              <strong>{modelTitle(family, name)}</strong>
              <small>{weight_gb.toFixed(1)} GB</small>
            </span>
            <button
              type="button"
              class="quiet small"
              aria-label={`Unload ${modelTitle(family, name)}`}
              onClick={() => unloadModel(family, name)}
            >
              Unload
            </button>
          </li>
        ))}
      </ul>
      <a href="#/models">All models</a>
    </Popover>
  );
}

function Queue() {
  const live = liveJobs.value;
  return (
    <Popover
      label="Queue"
      button={
        <>
          <Icon name="queue" />
          Queue
          {live.length > 0 && <span class="count">{live.length}</span>}
        </>
      }
    >
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
      <a href="#/gallery">All results</a>
    </Popover>
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
    try {
      // The reference at /docs takes its colours from there.
      localStorage.setItem("colorMode", theme.value);
    } catch {}
    // The form for the token has no script: it learns the theme from the server.
    const age = theme.value === "system" ? 0 : 31_536_000;
    // biome-ignore lint/suspicious/noDocumentCookie: Safari and plain HTTP have no cookie store
    document.cookie = `easel_theme=${theme.value}; path=/; max-age=${age}; SameSite=Strict`;
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
