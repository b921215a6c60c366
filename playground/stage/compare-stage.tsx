/**
 * Results in comparison: two in one viewer, more of them in panes that move in step.
 *
 * @module
 */
import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { type DepthResult, type Levels, levelsOf } from "../depth/data.ts";
import { Colours, look } from "../depth/look.tsx";
import { DepthMap } from "../depth/map.tsx";
import * as api from "../state/api.ts";
import { cancelJob, findJob, updateJob } from "../state/jobs.ts";
import { duration, isLive, modelOf, pictureOf, secondsOf } from "../state/result.ts";
import { jobAddress, mostCompared } from "../state/route.ts";
import { type Side, type View, Viewer } from "../viewer/viewer.tsx";
import { labelsOf } from "./differences.ts";
import { useImage } from "./use-image.ts";

interface Content {
  side: Side;
  width: number;
  height: number;
}

export function CompareStage({ ids: all }: { ids: readonly string[] }) {
  // The hooks below are as many as the address has ids, which stay while this is shown.
  const ids = all.slice(0, mostCompared);
  const followed = ids.map(useFollowed).map(({ value }) => value);
  const found = followed.map((each) => each?.job);
  const levels = found.map(useLevels).map(({ value }) => value);
  const images = found.map(usePicture).map(({ value }) => value);
  const missing = followed.find((each) => each?.missing)?.missing;
  if (missing)
    return (
      <div class="drop drop-calm">
        <p class="drop-title">A result is not here</p>
        <p class="muted">{missing}</p>
        <a class="button" href="#/gallery">
          Show all results
        </a>
      </div>
    );
  const jobs = found.filter((job) => job?.status === "succeeded") as api.Job[];
  if (jobs.length < ids.length) return <Waiting jobs={found} />;
  const label = labelsOf(jobs);
  const contents = jobs.map((job, at) => contentOf(job, label(job), levels[at], images[at]));
  if (contents.some((content) => !content)) return <p class="waiting">Loading…</p>;
  return (
    <Compared jobs={jobs} contents={contents as Content[]} levels={levels.find(Boolean)} label={label} />
  );
}

interface ComparedProps {
  jobs: readonly api.Job[];
  contents: readonly Content[];
  levels: Levels | undefined;
  label(job: api.Job): string;
}

function Compared({ jobs, contents, levels, label }: ComparedProps) {
  // The largest sets the size; the others are stretched over it.
  const { width, height } = contents.reduce((largest, next) =>
    next.width * next.height > largest.width * largest.height ? next : largest,
  );
  const view = useSignal<View>({ zoom: null, x: width / 2, y: height / 2 });
  const [first, second] = contents;
  return (
    <div class="stage-result">
      <div class="result">
        {contents.length === 2 ? (
          <Viewer left={first!.side} right={second!.side} width={width} height={height} />
        ) : (
          <Panes contents={contents} width={width} height={height} view={view} />
        )}
        <div class="result-bar">
          {levels && <Colours levels={levels} result={jobs[0]!.result as unknown as DepthResult} />}
          {jobs.map((job) => (
            <a key={job.id} href={jobAddress(job.id)}>
              Open {label(job)}
            </a>
          ))}
        </div>
      </div>
    </div>
  );
}

interface PanesProps {
  contents: readonly Content[];
  width: number;
  height: number;
  view: Signal<View>;
}

/** One viewer for each result. All show the same place; the first one's tools are those of all. */
const Panes = ({ contents, width, height, view }: PanesProps) => (
  <div class={`panes panes-${Math.ceil(Math.sqrt(contents.length))}`}>
    {contents.map(({ side }, at) => (
      <Viewer key={at} right={side} width={width} height={height} view={view} />
    ))}
  </div>
);

function Waiting({ jobs }: { jobs: readonly (api.Job | undefined)[] }) {
  return (
    <div class="busy">
      <section class="work" aria-label="Progress">
        <ul class="list">
          {jobs.map((job, at) =>
            job ? (
              <li key={job.id}>
                <span class="job-text">
                  <strong>{modelOf(job).title}</strong>
                  <small>{job.status === "failed" ? job.error : job.progress_label}</small>
                  {isLive(job) && (
                    <progress
                      max={1}
                      aria-label={modelOf(job).title}
                      {...(job.progress ? { value: job.progress } : {})}
                    />
                  )}
                </span>
                {isLive(job) && (
                  <button type="button" class="quiet small" onClick={() => cancelJob(job.id)}>
                    Cancel
                  </button>
                )}
              </li>
            ) : (
              <li key={at}>Loading…</li>
            ),
          )}
        </ul>
      </section>
    </div>
  );
}

interface Followed {
  job?: api.Job;
  missing?: string;
}

/** A job, followed to its end. */
function useFollowed(id: string) {
  const state = useSignal<Followed | undefined>(undefined);
  useEffect(() => {
    const stop = new AbortController();
    const watch = async () => {
      const job = await findJob(id);
      state.value = { job };
      if (!isLive(job)) return;
      const status = (progress: api.Progress) => {
        const known = state.peek()?.job;
        if (known) state.value = { job: { ...known, ...progress } };
      };
      const ended = await api.follow(id, { status }, stop.signal);
      updateJob(ended);
      state.value = { job: ended };
    };
    watch().catch((error: Error) => {
      if (!stop.signal.aborted) state.value = { missing: error.message };
    });
    return () => stop.abort(new Error("something else is shown"));
  }, [id]);
  return state;
}

function useLevels(job: api.Job | undefined) {
  const levels = useSignal<Levels | undefined>(undefined);
  const done = job?.status === "succeeded";
  useEffect(() => {
    if (!done || !job.result || !("depth_image_file_id" in job.result)) return;
    levelsOf(job.result as unknown as DepthResult).then(
      (loaded) => {
        levels.value = loaded;
      },
      () => {},
    );
  }, [job?.id, done]);
  return levels;
}

function usePicture(job: api.Job | undefined) {
  const isPicture = job?.status === "succeeded" && !(job.result && "depth_image_file_id" in job.result);
  const file = isPicture ? pictureOf(job) : undefined;
  return useImage(file && api.downloadUrl(file), job ? modelOf(job).title : "");
}

/** A side of the viewer: the map of a depth result in the chosen colours, else the image. */
function contentOf(
  job: api.Job,
  name: string,
  levels: Levels | undefined,
  image: HTMLImageElement | null | undefined,
): Content | undefined {
  const seconds = secondsOf(job);
  const label = [name, seconds !== undefined && duration(seconds)].filter(Boolean).join(", ");
  if (levels) {
    const { width, height } = levels;
    return { side: { label, content: <DepthMap levels={levels} paintedWith={look.value} /> }, width, height };
  }
  if (!image) return undefined;
  const { naturalWidth: width, naturalHeight: height } = image;
  const content = <img src={image.src} alt={label} width={width} height={height} draggable={false} />;
  return { side: { label, content }, width, height };
}
