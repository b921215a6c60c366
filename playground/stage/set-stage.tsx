/**
 * Jobs that were started together: progress in each tile, a table where they are a grid, all of them as one archive.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type * as api from "../state/api.ts";
import { cancelJob, findJob, jobs, refreshJobs, results } from "../state/jobs.ts";
import { learnName } from "../state/names.ts";
import { toast } from "../state/notices.ts";
import {
  duration,
  inputsOf,
  isLive,
  pictureOf,
  secondsOf,
  stepsText,
  titleOf,
  toolOf,
} from "../state/result.ts";
import { compareAddress, jobAddress, mostCompared } from "../state/route.ts";
import { sending, sent } from "../state/run.ts";
import { problemOf } from "../view/errors.ts";
import { Icon } from "../view/icons.tsx";
import { save } from "../view/save.ts";
import { Thumb } from "../view/thumb.tsx";
import { labelsOf, tableOf } from "./differences.ts";

export function SetStage({ ids }: { ids: readonly string[] }) {
  const missing = useSignal<ReadonlySet<string>>(new Set());
  const selected = useSignal<ReadonlySet<string>>(new Set());
  const known = new Map(jobs.value.map((job) => [job.id, job]));
  useEffect(() => {
    for (const id of ids)
      if (!known.has(id))
        findJob(id).catch(() => {
          missing.value = new Set([...missing.peek(), id]);
        });
  }, [ids.length]);
  const shown = ids.map((id) => known.get(id)).filter((job) => job !== undefined);
  const done = shown.filter((job) => results.value.includes(job));
  const live = shown.filter(isLive);
  const label = labelsOf(shown);
  const heading = `${ids.length} ${ids.length === 1 ? "image" : "images"}`;
  const progress = progressOf(shown, done.length);
  useEffect(() => {
    document.title = `${live.length > 0 ? `${done.length} of ${ids.length} · ` : ""}${heading} – easel`;
  }, [done.length, live.length, heading]);
  if (missing.value.size === ids.length)
    return (
      <div class="drop drop-calm">
        <p class="drop-title">These results are not here</p>
        <p class="muted">They were deleted, or the address is not complete.</p>
        <a class="button" href="#/gallery">
          Show all results
        </a>
      </div>
    );
  const toggle = (id: string) => {
    const next = new Set(selected.value);
    if (!next.delete(id)) next.add(id);
    selected.value = next;
  };
  const tile = (job: api.Job, timed = false) => (
    <Tile
      job={job}
      label={label(job)}
      timed={timed}
      selected={selected.value.has(job.id)}
      toggle={() => toggle(job.id)}
    />
  );
  const chosen = selected.value.size > 0 ? done.filter(({ id }) => selected.value.has(id)) : done;
  const archive = async () => {
    try {
      const { zipOf } = await import("../view/zip.ts");
      save(await zipOf(chosen), "easel.zip");
    } catch (error) {
      toast((error as Error).message);
    }
  };
  const table = tableOf(shown);
  return (
    <div class="set">
      <div class="result-bar">
        <h2>{heading}</h2>
        <p class="facts" role="status">
          {progress}
        </p>
        <span class="links">
          {chosen.length >= 2 && chosen.length <= mostCompared && (
            <a class="button" href={compareAddress(chosen.map(({ id }) => id))}>
              Compare {selected.value.size > 0 ? chosen.length : "all"}
            </a>
          )}
          {chosen.length > 0 && (
            <button type="button" class="quiet" onClick={archive}>
              <Icon name="download" />
              Zip
            </button>
          )}
          {live.length > 0 && (
            <button type="button" class="quiet" onClick={() => cancelRest(live)}>
              Cancel the rest
            </button>
          )}
        </span>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a large grid scrolls by keys */}
      <section class="set-room" tabIndex={0} aria-label="Images of this run">
        {table ? (
          <table class="grid">
            <thead>
              <tr>
                <td />
                {table.guidance.map((guidance) => (
                  <th key={guidance} scope="col">
                    guidance {guidance}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {table.steps.map((steps) => (
                <tr key={steps}>
                  <th scope="row">{stepsText(steps)}</th>
                  {table.guidance.map((guidance) => (
                    <td key={guidance}>{tile(table.at(steps, guidance)!, true)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        ) : (
          <ul class="tiles">
            {shown.map((job) => (
              <li key={job.id}>{tile(job)}</li>
            ))}
          </ul>
        )}
      </section>
    </div>
  );
}

/** How many are done, and how long the others take at the pace so far. */
function progressOf(shown: readonly api.Job[], done: number): string {
  const [first] = shown;
  if (first && sending.value.has(toolOf(first))) return `Sending ${sent.value.done + 1} of ${sent.value.of}`;
  const live = shown.filter(isLive).length;
  const failed = shown.filter(({ status }) => status === "failed").length;
  const times = shown.map(secondsOf).filter((seconds) => seconds !== undefined);
  const mean = times.reduce((sum, seconds) => sum + seconds, 0) / times.length;
  return [
    `${done} of ${shown.length} done`,
    failed > 0 && `${failed} failed`,
    live > 0 && times.length > 0 && `about ${duration(mean * live)} left`,
  ]
    .filter(Boolean)
    .join(" · ");
}

async function cancelRest(live: readonly api.Job[]): Promise<void> {
  // The last first: no other one starts meanwhile.
  for (const { id } of [...live].reverse()) await cancelJob(id);
  await refreshJobs();
}

interface TileProps {
  job: api.Job;
  label: string;
  /** Its time stands below it instead of its label, which a table's heads say. */
  timed: boolean;
  selected: boolean;
  toggle(): void;
}

function Tile({ job, label, timed, selected, toggle }: TileProps) {
  const isDone = job.status === "succeeded";
  const [input] = inputsOf(job);
  const file = isDone ? pictureOf(job) : input;
  const seconds = secondsOf(job);
  useEffect(() => {
    if (input && typeof job.params.prompt !== "string") learnName(input);
  }, [input]);
  return (
    <div class={`tile set-${job.status}`}>
      <a class="tile-picture" href={jobAddress(job.id)}>
        {file ? (
          <Thumb file={file} size={320} alt={isDone ? label : ""} />
        ) : (
          <span class="plate" {...(isDone && { role: "img", "aria-label": label })} />
        )}
        {!isDone && <State job={job} label={label} />}
      </a>
      {isDone && (
        <input
          type="checkbox"
          class="tile-select"
          checked={selected}
          onChange={toggle}
          aria-label={`Select: ${label}`}
        />
      )}
      {timed ? (
        <small>{isDone && seconds !== undefined ? duration(seconds) : "\u00a0"}</small>
      ) : (
        <p class="name" title={label}>
          {label}
        </p>
      )}
    </div>
  );
}

/** Where a job is that has no result yet, or will have none. */
function State({ job, label }: { job: api.Job; label: string }) {
  const { status, progress, progress_label: phase } = job;
  const known = progress !== null && progress > 0;
  if (status === "running")
    return (
      <span class="set-state">
        <span>
          {phase.charAt(0).toUpperCase() + phase.slice(1)}
          {known && `, ${Math.round(progress * 100)} %`}
        </span>
        <progress max={1} aria-label={`${label}: ${phase}`} {...(known && { value: progress })} />
      </span>
    );
  return (
    <span class="set-state">
      {status === "queued"
        ? "Queued"
        : status === "failed"
          ? problemOf(job.error ?? titleOf(job), job.error_code ?? undefined).title
          : "Cancelled"}
    </span>
  );
}
