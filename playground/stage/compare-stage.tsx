/**
 * Two results in one viewer: of two models, or any two of the gallery.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { type DepthResult, type Levels, levelsOf } from "../depth/data.ts";
import { Colours, DepthMap, look } from "../depth/look.tsx";
import * as api from "../state/api.ts";
import { cancelJob, findJob, updateJob } from "../state/jobs.ts";
import { duration, isLive, modelOf, pictureOf, secondsOf } from "../state/result.ts";
import { jobAddress } from "../state/route.ts";
import { type Side, Viewer } from "../viewer/viewer.tsx";
import { useImage } from "./use-image.ts";

export function CompareStage({ ids }: { ids: readonly [string, string] }) {
  const left = useFollowed(ids[0]);
  const right = useFollowed(ids[1]);
  const levels = [useLevels(left.value?.job), useLevels(right.value?.job)];
  const images = [usePicture(left.value?.job), usePicture(right.value?.job)];
  const sides = [left.value, right.value];
  const missing = sides.find((side) => side?.missing)?.missing;
  if (missing)
    return (
      <div class="drop drop-calm">
        <p class="drop-title">These results are not here</p>
        <p class="muted">{missing}</p>
        <a class="button" href="#/gallery">
          Show all results
        </a>
      </div>
    );
  const jobs = sides.map((side) => side?.job);
  if (jobs.some((job) => job?.status !== "succeeded")) return <Waiting jobs={jobs} />;
  const contents = jobs.map((job, at) => contentOf(job!, levels[at]!.value, images[at]!.value));
  const [first, second] = contents;
  if (!first || !second) return <p class="waiting">Loading…</p>;
  // The larger of the two sets the size; the other one is stretched over it.
  const { width, height } = first.width * first.height >= second.width * second.height ? first : second;
  return (
    <div class="stage-result">
      <div class="result">
        <Viewer left={first.side} right={second.side} width={width} height={height} />
        <div class="result-bar">
          {levels[0]!.value && (
            <Colours levels={levels[0]!.value} result={jobs[0]!.result as unknown as DepthResult} />
          )}
          {jobs.map((job) => (
            <a key={job!.id} href={jobAddress(job!.id)}>
              Open {modelOf(job!).title}
            </a>
          ))}
        </div>
      </div>
    </div>
  );
}

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
  levels: Levels | undefined,
  image: HTMLImageElement | null | undefined,
): { side: Side; width: number; height: number } | undefined {
  const seconds = secondsOf(job);
  const label = [modelOf(job).title, seconds !== undefined && duration(seconds)].filter(Boolean).join(", ");
  if (levels) {
    const { width, height } = levels;
    return { side: { label, content: <DepthMap levels={levels} paintedWith={look.value} /> }, width, height };
  }
  if (!image) return undefined;
  const { naturalWidth: width, naturalHeight: height } = image;
  const content = <img src={image.src} alt={label} width={width} height={height} draggable={false} />;
  return { side: { label, content }, width, height };
}
