/**
 * A job at its own address: followed while it runs, shown when it has ended.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import * as api from "../state/api.ts";
import { copyUrl, fromStored, imageUrl, inputs, setInput } from "../state/inputs.ts";
import { cancelJob, findJob, refreshJobs, updateJob } from "../state/jobs.ts";
import { nameOf } from "../state/names.ts";
import { announce, toast } from "../state/notices.ts";
import { inputsOf, isLive, titleOf, toolOf } from "../state/result.ts";
import { go, jobAddress } from "../state/route.ts";
import { trouble, watchServer } from "../state/server.ts";
import { Shown } from "../view/thumb.tsx";
import { Failure, Working } from "./progress.tsx";
import { ResultStage } from "./result-stage.tsx";

const againMs = 1500;

/** A job at its own address: followed while it runs, shown when it has ended. */
export function JobStage({ id }: { id: string }) {
  const job = useSignal<api.Job | undefined>(undefined);
  const progress = useSignal<api.Progress | undefined>(undefined);
  const preview = useSignal<string | undefined>(undefined);
  const lost = useSignal(false);
  const missing = useSignal<string | undefined>(undefined);
  useEffect(() => {
    const stop = new AbortController();
    let again: ReturnType<typeof setTimeout> | undefined;
    const watch = async () => {
      try {
        job.value = await findJob(id);
        lost.value = false;
        adoptInput(job.value);
        if (!isLive(job.value)) return;
        const ended = await api.follow(
          id,
          {
            status(next) {
              if (next.progress_label !== progress.value?.progress_label) announce(labelOf(next));
              progress.value = next;
            },
            preview(picture) {
              preview.value = picture;
            },
            connection(broken) {
              lost.value = broken;
            },
          },
          stop.signal,
        );
        updateJob(ended);
        job.value = ended;
        announce(ended.status === "succeeded" ? "Done" : (ended.error ?? "Cancelled"));
        notify(ended);
        void watchServer();
        void refreshJobs();
      } catch (error) {
        if (stop.signal.aborted) return;
        // A server that is gone may come back, and the job with it.
        if (error instanceof api.ApiError && error.status === 0) {
          lost.value = true;
          again = setTimeout(watch, againMs);
        } else missing.value = error instanceof Error ? error.message : String(error);
      }
    };
    void watch();
    return () => {
      clearTimeout(again);
      stop.abort(new Error("another job is shown"));
    };
  }, [id]);

  useDocumentTitle(() => {
    if (!job.value) return "easel";
    const share = progress.value?.progress;
    const done = isLive(job.value) && typeof share === "number" ? `${Math.round(share * 100)} % · ` : "";
    return `${done}${titleOf(job.value).slice(0, 60)} – easel`;
  }, [job.value, progress.value]);

  if (missing.value)
    return (
      <div class="drop drop-calm">
        <p class="drop-title">This result is not here</p>
        <p class="muted">{missing.value}</p>
        <a class="button" href="#/gallery">
          Show all results
        </a>
      </div>
    );
  if (!job.value) return <p class="waiting">Loading…</p>;
  const tool = toolOf(job.value);
  const [input] = inputsOf(job.value);
  const picture = input && (copyUrl(input) ?? imageUrl(input));
  if (isLive(job.value))
    return (
      <Working
        tool={tool}
        label={labelOf(progress.value ?? job.value)}
        picture={picture}
        progress={progress.value}
        preview={preview.value}
        since={job.value.started_at ?? job.value.created_at}
        lost={lost.value || trouble.value !== undefined}
        cancel={() => cancelJob(id)}
      />
    );
  const again = async () => {
    const accepted = await api.retry(id).catch((error: Error) => {
      toast(error.message);
      return undefined;
    });
    if (accepted) go(jobAddress(accepted.job_id));
    void refreshJobs();
  };
  if (job.value.status === "canceled")
    return (
      <div class="busy">
        <div class="under">{picture && <Shown key={picture} src={picture} />}</div>
        <div class="work notice">
          <h2>Cancelled</h2>
          <p>No result was saved.</p>
          <div class="row">
            <button type="button" class="primary" onClick={again}>
              Try again
            </button>
          </div>
        </div>
      </div>
    );
  if (job.value.status === "failed")
    return (
      <Failure
        tool={tool}
        message={job.value.error ?? "The job failed"}
        code={job.value.error_code ?? undefined}
        picture={picture}
        retry={again}
      />
    );
  return <ResultStage job={job.value} tool={tool} input={input} />;
}

function labelOf({
  status,
  progress_label: label,
  queue_position: ahead,
}: Pick<api.Progress, "status" | "progress_label" | "queue_position">): string {
  if (status === "queued") return ahead ? `Queued: ${ahead} ${ahead === 1 ? "job" : "jobs"} ahead` : "Queued";
  return label.charAt(0).toUpperCase() + label.slice(1);
}

/** The job's own image becomes its tool's image, so that the form and the stage speak of the same one. */
function adoptInput(job: api.Job): void {
  const tool = toolOf(job);
  const [input] = inputsOf(job);
  if (!input || tool === "generate") return;
  const adopt = async () => {
    if (inputs[tool].value?.sentAs === input) return;
    const file = await api.file(input).catch(() => undefined);
    if (file) setInput(tool, await fromStored(input, nameOf(input) ?? file.filename));
  };
  void adopt();
}

/** A notification for users who work in another window. */
function notify(job: api.Job): void {
  if (document.hidden && "Notification" in window && Notification.permission === "granted")
    new Notification(job.status === "succeeded" ? "Done" : "The job ended", { body: titleOf(job) });
}

function useDocumentTitle(title: () => string, inputs: unknown[]): void {
  useEffect(() => {
    document.title = title();
  }, inputs);
}
