/**
 * The middle of the page: an empty place for an image, the image, a job on its way, its result, or what went wrong.
 *
 * @module
 */
import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { DepthView } from "../depth/depth-view.tsx";
import samples from "../samples.ts";
import * as api from "../state/api.ts";
import { useSettings } from "../state/forms.ts";
import {
  chooseImages,
  fromStored,
  imageUrl,
  inputs,
  type Picture,
  setInput,
  takeFiles,
} from "../state/inputs.ts";
import { cancelJob, findJob, refreshJobs, removeJobs, updateJob } from "../state/jobs.ts";
import { announce, toast } from "../state/notices.ts";
import {
  duration,
  inputsOf,
  isLive,
  modelOf,
  pictureOf,
  secondsOf,
  titleOf,
  toolOf,
} from "../state/result.ts";
import { go, jobAddress, type ToolName, toolAddress } from "../state/route.ts";
import { clearRefusal, imageMissing, refusals, run, sending } from "../state/run.ts";
import { trouble } from "../state/server.ts";
import { Viewer } from "../viewer/viewer.tsx";
import { showCamera } from "./camera.tsx";
import { CodeDrawer } from "./code.tsx";
import { CopyButton, Menu } from "./controls.tsx";
import { problemOf } from "./errors.ts";
import { Icon } from "./icons.tsx";

/** The stage of a tool that shows no job. */
export function ToolStage({ tool }: { tool: ToolName }) {
  const refusal = refusals.value[tool];
  const picture = inputs[tool].value;
  if (sending.value.has(tool)) return <Working tool={tool} label="Sending" picture={picture?.url} />;
  if (refusal)
    return (
      <Failure
        tool={tool}
        message={refusal.message}
        code={refusal.code}
        picture={picture?.url}
        retry={() => run(tool)}
        close={() => clearRefusal(tool)}
      />
    );
  if (picture) return <PictureStage picture={picture} />;
  if (tool === "generate") return <PromptStage />;
  return <DropZone tool={tool} />;
}

function PictureStage({ picture }: { picture: Picture }) {
  const { url, name, width, height } = picture;
  if (!url || !width || !height)
    return (
      <div class="stand-in">
        <p>{name}</p>
        <small>This browser cannot show the format; easel can read it.</small>
      </div>
    );
  return (
    <Viewer
      right={{
        label: name,
        content: <img src={url} alt={name} width={width} height={height} draggable={false} />,
      }}
      width={width}
      height={height}
    />
  );
}

function PromptStage() {
  return (
    <div class="drop drop-calm">
      <p class="drop-title">Describe an image</p>
      <p class="muted">Write a prompt on the left, or start with an example.</p>
      <div class="row">
        {examplePrompts.map((prompt) => (
          <button key={prompt} type="button" class="chip" onClick={() => usePrompt(prompt)}>
            {prompt}
          </button>
        ))}
      </div>
    </div>
  );
}

const examplePrompts = [
  "A lighthouse at dusk, long exposure, soft fog",
  "A reading nook by a rainy window, warm lamp light",
  "A paper-cut landscape with three mountains, morning",
];

function usePrompt(prompt: string): void {
  useSettings({ params: { prompt }, result: null, type: "" } as unknown as api.Job, "prompt");
  document.querySelector<HTMLTextAreaElement>("#panel textarea")?.focus();
}

function DropZone({ tool }: { tool: ToolName }) {
  const missing = imageMissing.value === tool;
  const trySample = async (url: string, name: string) => {
    const answer = await fetch(url);
    await takeFiles(tool, [{ blob: await answer.blob(), name }]);
    if (tool === "depth") await run(tool);
  };
  return (
    <div class={missing ? "drop drop-missing" : "drop"}>
      <p class="drop-title">Drop an image here</p>
      {missing ? (
        <p class="error" role="alert">
          Add an image first.
        </p>
      ) : (
        <p class="muted">or paste one</p>
      )}
      <div class="row">
        <button type="button" onClick={() => chooseImages(tool)}>
          Choose…
        </button>
        <button type="button" class="quiet" onClick={() => takePhoto(tool)}>
          <Icon name="camera" />
          Camera
        </button>
      </div>
      <p class="muted">Or try an example:</p>
      <div class="samples">
        {samples.map(({ url, thumb, name, title }) => (
          <button key={name} type="button" class="sample" onClick={() => trySample(url, name)}>
            <img src={thumb} alt="" width={120} height={90} />
            <span>{title}</span>
          </button>
        ))}
      </div>
    </div>
  );
}

/** The camera of this page, or the phone's own where the page may not use it. */
function takePhoto(tool: ToolName): void {
  if (navigator.mediaDevices) showCamera((blob) => takeFiles(tool, [{ blob, name: "camera.jpg" }]));
  else void chooseImages(tool, true);
}

interface WorkingProps {
  tool: ToolName;
  label: string;
  picture: string | undefined;
  progress?: api.Progress | undefined;
  preview?: string | undefined;
  since?: number | null | undefined;
  lost?: boolean;
  cancel?: () => void;
}

function Working({ label, picture, progress, preview, since, lost, cancel }: WorkingProps) {
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      now.value = Date.now();
    }, 1000);
    return () => clearInterval(timer);
  }, []);
  const share = progress?.progress;
  const known = typeof share === "number" && share > 0;
  const details = [
    progress?.step && progress.steps ? `step ${progress.step} of ${progress.steps}` : undefined,
    since ? `${Math.max(Math.round(now.value / 1000 - since), 0)} s` : undefined,
    typeof progress?.eta_s === "number" ? `about ${duration(progress.eta_s)} left` : undefined,
  ].filter(Boolean);
  return (
    <div class="busy">
      <div class="under">
        {preview ? <img src={preview} alt="Preview" /> : picture && <img src={picture} alt="" />}
      </div>
      <section class="work" aria-label="Progress">
        <p class="work-label">
          {label}
          {known && `, ${Math.round(share * 100)} %`}
        </p>
        <progress max={1} aria-label={label} {...(known && { value: share })} />
        <p class="muted">{details.join(" · ")}</p>
        {lost && <p class="error">Connection lost. Trying again…</p>}
        {cancel && (
          <button type="button" class="quiet" onClick={cancel}>
            Cancel
          </button>
        )}
      </section>
    </div>
  );
}

interface FailureProps {
  tool: ToolName;
  message: string;
  code: string | undefined;
  picture: string | undefined;
  retry?: () => unknown;
  close?: () => void;
}

function Failure({ tool, message, code, picture, retry, close }: FailureProps) {
  const problem = problemOf(message, code, tool);
  return (
    <div class="busy">
      <div class="under">{picture && <img src={picture} alt="" />}</div>
      <div class="work notice" role="alert">
        <h2>{problem.title}</h2>
        <p class="error-text">{problem.words}</p>
        {code && (
          <p class="muted">
            Code: <code>{code}</code>
          </p>
        )}
        <div class="row">
          {problem.next === "choose" && (
            <button
              type="button"
              class="primary"
              onClick={async () => {
                await chooseImages(tool);
                close?.();
                go(toolAddress(tool));
              }}
            >
              Choose another image
            </button>
          )}
          {problem.next === "models" && (
            <a class="button primary" href="#/models">
              Show models
            </a>
          )}
          {problem.retry && retry && (
            <button type="button" class="primary" onClick={retry}>
              Try again
            </button>
          )}
          {close && (
            <button type="button" class="quiet" onClick={close}>
              Back
            </button>
          )}
        </div>
      </div>
    </div>
  );
}

/** A job at its own address: followed while it runs, shown when it has ended. */
export function JobStage({ id }: { id: string }) {
  const job = useSignal<api.Job | undefined>(undefined);
  const progress = useSignal<api.Progress | undefined>(undefined);
  const preview = useSignal<string | undefined>(undefined);
  const lost = useSignal(false);
  const missing = useSignal<string | undefined>(undefined);
  useEffect(() => {
    const stop = new AbortController();
    const watch = async () => {
      try {
        job.value = await findJob(id);
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
        void refreshJobs();
      } catch (error) {
        if (!stop.signal.aborted) missing.value = error instanceof Error ? error.message : String(error);
      }
    };
    void watch();
    return () => stop.abort(new Error("another job is shown"));
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
  const picture = input && imageUrl(input);
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
        <div class="under">{picture && <img src={picture} alt="" />}</div>
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
    const current = inputs[tool].value;
    if (current && (await current.id().catch(() => "")) === input) return;
    const file = await api.file(input).catch(() => undefined);
    if (file) setInput(tool, await fromStored(input, file.filename));
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

/** An image element of an address once it is decoded; null when the browser cannot show it. */
function useImage(url: string | undefined, alt: string) {
  const image = useSignal<HTMLImageElement | null | undefined>(url === undefined ? null : undefined);
  useEffect(() => {
    if (url === undefined) {
      image.value = null;
      return;
    }
    let current = true;
    image.value = undefined;
    const element = new Image();
    element.src = url;
    element.alt = alt;
    element.decode().then(
      () => {
        if (current) image.value = element;
      },
      () => {
        if (current) image.value = null;
      },
    );
    return () => {
      current = false;
    };
  }, [url]);
  return image;
}

function ResultStage({ job, tool, input }: { job: api.Job; tool: ToolName; input: string | undefined }) {
  const before = useImage(input && tool !== "generate" ? imageUrl(input) : undefined, "Input image");
  const base = useSignal("easel");
  useEffect(() => {
    base.value = baseName(typeof job.params.prompt === "string" ? job.params.prompt : "easel");
    if (input && tool !== "generate")
      api
        .file(input)
        .then(({ filename }) => {
          base.value = baseName(filename.replace(/\.[^.]*$/, ""));
        })
        .catch(() => {});
  }, [job.id]);
  const code = useSignal(false);
  const file = pictureOf(job);
  const shown = useComputed(() => before.value !== undefined);
  if (!shown.value) return <p class="waiting">Loading…</p>;
  return (
    <div class="stage-result">
      {tool === "depth" && job.result && "depth_image_file_id" in job.result ? (
        <DepthView job={job} picture={before.value ?? undefined} name={base.value} />
      ) : file ? (
        <PictureResult
          job={job}
          tool={tool}
          before={before.value ?? undefined}
          file={file}
          name={base.value}
        />
      ) : (
        <p class="waiting">This job has no image.</p>
      )}
      <footer class="stage-foot">
        <p class="facts">{factsOf(job).join(" · ")}</p>
        <span class="links">
          <Menu label="Use as input" icon="use">
            {(["depth", "upscale", "edit"] as const).map((target) => (
              <button key={target} type="button" onClick={() => sendTo(target, job)}>
                {{ depth: "Depth", upscale: "Upscale", edit: "Edit" }[target]}
              </button>
            ))}
          </Menu>
          <Menu label="Settings" icon="settings">
            <button type="button" onClick={() => bringBack(job)}>
              Use these settings
            </button>
            {typeof job.params.prompt === "string" && (
              <button type="button" onClick={() => bringBack(job, "prompt")}>
                Use the prompt
              </button>
            )}
            {seedOf(job) !== undefined && (
              <button type="button" onClick={() => bringBack(job, "seed")}>
                Use the seed
              </button>
            )}
          </Menu>
          <button
            type="button"
            class="quiet"
            aria-expanded={code.value}
            onClick={() => (code.value = !code.value)}
          >
            <Icon name="code" />
            Code
          </button>
          <button
            type="button"
            class="quiet"
            onClick={() => {
              removeJobs([job.id]);
              go(toolAddress(tool));
            }}
          >
            <Icon name="trash" />
            Delete
          </button>
        </span>
      </footer>
      {code.value && <CodeDrawer job={job} tool={tool} name={base.value} />}
    </div>
  );
}

/** A name for files: short, without characters that file systems refuse. */
const baseName = (text: string) =>
  text
    .normalize("NFKD")
    .replace(/[^\p{L}\p{N}._-]+/gu, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 48)
    .toLowerCase() || "easel";

const seedOf = ({ result }: api.Job): number | undefined => {
  const params = result?.params as { seed?: unknown } | undefined;
  const seed = params?.seed ?? result?.seed;
  return typeof seed === "number" ? seed : undefined;
};

function factsOf(job: api.Job): string[] {
  const { width, height } = (job.result ?? {}) as { width?: number; height?: number };
  const seconds = secondsOf(job);
  const seed = seedOf(job);
  return [
    modelOf(job).title,
    ...(width && height ? [`${width} × ${height}`] : []),
    ...(seed !== undefined ? [`seed ${seed}`] : []),
    ...(seconds !== undefined ? [duration(seconds)] : []),
  ];
}

async function sendTo(tool: ToolName, job: api.Job): Promise<void> {
  const file = pictureOf(job);
  if (!file) return;
  const stored = await api.file(file).catch(() => undefined);
  setInput(tool, await fromStored(file, stored?.filename ?? "image"));
  clearRefusal(tool);
  go(toolAddress(tool));
}

function bringBack(job: api.Job, only?: "prompt" | "seed"): void {
  useSettings(job, only);
  toast("The settings are in the form.");
}

const formats = [
  { type: "image/png", ending: "png", title: "PNG" },
  { type: "image/jpeg", ending: "jpg", title: "JPEG" },
  { type: "image/webp", ending: "webp", title: "WebP" },
] as const;

interface PictureResultProps {
  job: api.Job;
  tool: ToolName;
  before: HTMLImageElement | undefined;
  file: string;
  name: string;
}

function PictureResult({ job, tool, before, file, name }: PictureResultProps) {
  const after = useImage(api.downloadUrl(file), titleOf(job));
  if (after.value === undefined) return <p class="waiting">Loading…</p>;
  if (after.value === null)
    return (
      <p class="error" role="alert">
        The result was deleted, or this browser cannot show it.
      </p>
    );
  const image = after.value;
  const width = image.naturalWidth;
  const height = image.naturalHeight;
  const whole = (source: HTMLImageElement) => (
    <img src={source.src} alt={source.alt} width={width} height={height} draggable={false} />
  );
  const suffix = tool === "upscale" ? "upscaled" : tool === "edit" ? "edited" : "";
  const as = [name, suffix].filter(Boolean).join("-");
  const stored = formats.find(({ type }) => type === contentType(job)) ?? formats[0];
  const convert = async (type: string, ending: string) => {
    const canvas = new OffscreenCanvas(width, height);
    canvas.getContext("2d")!.drawImage(image, 0, 0);
    const { save } = await import("./controls.tsx");
    save(await canvas.convertToBlob({ type, quality: 0.93 }), `${as}.${ending}`);
  };
  return (
    <div class="result">
      <Viewer
        left={before && { label: "Before", content: whole(before) }}
        right={{ label: tool === "generate" ? titleOf(job) : "After", content: whole(image) }}
        width={width}
        height={height}
      />
      <div class="result-bar">
        {tool !== "upscale" && typeof job.params.prompt === "string" && (
          <p class="prompt">{job.params.prompt}</p>
        )}
        <Menu label="Download" icon="download">
          <a href={api.downloadUrl(file)} download={`${as}.${stored.ending}`}>
            {stored.title}, as made
          </a>
          {formats
            .filter((format) => format !== stored)
            .map(({ type, ending, title }) => (
              <button key={type} type="button" onClick={() => convert(type, ending)}>
                {title}
              </button>
            ))}
        </Menu>
        {typeof job.params.prompt === "string" && (
          <CopyButton text={() => String(job.params.prompt)} label="Copy prompt" />
        )}
      </div>
    </div>
  );
}

const contentType = ({ params }: api.Job) =>
  typeof params.format === "string"
    ? `image/${params.format === "jpg" ? "jpeg" : params.format}`
    : "image/png";
