/**
 * A job on its way, and what went wrong.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type * as api from "../state/api.ts";
import { forms } from "../state/forms.ts";
import { chooseImages } from "../state/inputs.ts";
import { duration } from "../state/result.ts";
import { go, type ToolName, toolAddress } from "../state/route.ts";
import { runSmaller } from "../state/run.ts";
import { trouble, watchServer } from "../state/server.ts";
import { problemOf } from "../view/errors.ts";
import { Shown } from "../view/thumb.tsx";

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

export function Working({ label, picture, progress, preview, since, lost, cancel }: WorkingProps) {
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
        {preview ? <img src={preview} alt="Preview" /> : picture && <Shown key={picture} src={picture} />}
      </div>
      <section class="work" aria-label="Progress">
        <p class="work-label">
          {label}
          {known && `, ${Math.round(share * 100)} %`}
        </p>
        <progress max={1} aria-label={label} {...(known && { value: share })} />
        <p class="muted">{details.join(" · ")}</p>
        {lost && <p class="error">Connection lost. Trying again…</p>}
        <NotifyButton />
        {cancel && (
          <button type="button" class="quiet" onClick={cancel}>
            Cancel
          </button>
        )}
      </section>
    </div>
  );
}

/** Asks once whether the browser may say that a job has ended. */
function NotifyButton() {
  const asked = useSignal(false);
  if (!("Notification" in window) || Notification.permission !== "default" || asked.value) return null;
  return (
    <button
      type="button"
      class="quiet small"
      onClick={async () => {
        await Notification.requestPermission();
        asked.value = true;
      }}
    >
      Notify me when it is done
    </button>
  );
}

/** The smallest result that the form offers. */
function smallest(tool: ToolName): void {
  if (tool === "upscale") forms.upscale.value = { ...forms.upscale.value, resolution: "1.5x" };
  else if (tool !== "depth") forms[tool].value = { ...forms[tool].value, size: "512x512" };
}

interface FailureProps {
  tool: ToolName;
  message: string;
  code: string | undefined;
  picture: string | undefined;
  retry?: () => unknown;
  close?: () => void;
}

export function Failure({ tool, message, code, picture, retry, close }: FailureProps) {
  const problem = problemOf(message, code);
  useEffect(() => {
    if (code !== "unreachable" || !close) return;
    let lost = false;
    void watchServer();
    // The notice goes when the server is back.
    return trouble.subscribe((why) => {
      if (lost && why === undefined) close();
      lost ||= why !== undefined;
    });
  }, [code]);
  return (
    <div class="busy">
      <div class="under">{picture && <Shown key={picture} src={picture} />}</div>
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
          {problem.next === "smaller" && tool !== "generate" && (
            <button
              type="button"
              class="primary"
              onClick={() => {
                close?.();
                go(toolAddress(tool));
                void runSmaller(tool);
              }}
            >
              Shrink the image and try again
            </button>
          )}
          {problem.next === "smaller" && tool !== "depth" && (
            <button
              type="button"
              onClick={() => {
                close?.();
                smallest(tool);
                go(toolAddress(tool));
              }}
            >
              Choose a smaller result
            </button>
          )}
          {problem.next === "results" && (
            <a class="button" href="#/gallery">
              Show results
            </a>
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
