/**
 * A job on its way, and what went wrong.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type * as api from "../state/api.ts";
import { chooseImages } from "../state/inputs.ts";
import { duration } from "../state/result.ts";
import { go, type ToolName, toolAddress } from "../state/route.ts";
import { problemOf } from "../view/errors.ts";

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

export function Failure({ tool, message, code, picture, retry, close }: FailureProps) {
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
