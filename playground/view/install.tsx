/**
 * Installing a model: one button, the licence where it must be accepted, progress, pause.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Model } from "../state/api.ts";
import { keyOf } from "../state/forms.ts";
import { followInstall, install, installFailures, installs, progressOf } from "../state/installs.ts";
import { cancelJob } from "../state/jobs.ts";
import { duration } from "../state/result.ts";
import { freeGb, offer, setup } from "../state/server.ts";
import { CopyButton } from "./controls.tsx";
import { problemOf } from "./errors.ts";
import { Icon } from "./icons.tsx";

export const gigabytes = (gb: number) => (gb < 1 ? `${Math.round(gb * 1000)} MB` : `${gb} GB`);
const bytesText = (bytes: number) =>
  gigabytes(Math.round(bytes / 1e8) / 10 || Math.round(bytes / 1e6) / 1000);

/** The command that installs a model. */
export const activation = (model: Model) =>
  `easel activate ${keyOf(model)}${model.commercial_use ? "" : " --accept-license"}`;

/** How to get a model that is not installed. */
export function Install({ model }: { model: Model }) {
  const job = installs.value.get(keyOf(model));
  /** The download whose licence is to be accepted. */
  const asking = useSignal<{ bits?: number } | null>(null);
  const id = job?.id;
  useEffect(() => {
    if (id !== undefined) void followInstall(id);
  }, [id]);
  if (model.download_gb === null)
    return (
      <div class="activation">
        <p>
          {model.own_path
            ? "Nothing is at the place that your settings name. Correct the path, or remove it:"
            : "Its authors have not released the weights. If you have them, add the path to your settings:"}
        </p>
        <pre>
          <code>{`model_paths: { "${keyOf(model)}": "FILE" }`}</code>
        </pre>
      </div>
    );
  const failed = installFailures.value.get(keyOf(model));
  if (job) return <Downloading id={job.id} waiting={job.status === "queued"} />;
  const command = activation(model);
  const choose = (bits?: number) => {
    if (model.commercial_use) void install(model, false, bits);
    else asking.value = bits === undefined ? {} : { bits };
  };
  return (
    <div class="activation">
      {offer.value?.activation ? (
        <>
          <button type="button" class="primary" onClick={() => choose()}>
            <Icon name="download" />
            Download {gigabytes(model.download_gb)}
          </button>
          {model.copies.map(({ bits, download_gb }) => (
            <button
              key={bits}
              type="button"
              title={`A copy in ${bits} bits: a smaller download`}
              onClick={() => choose(bits)}
            >
              {bits} bits, {gigabytes(download_gb)}
            </button>
          ))}
          <Disk model={model} />
          {failed && (
            <p class="error" role="alert">
              The download failed. {problemOf(failed.error ?? "", failed.error_code ?? undefined).words} What
              had arrived is kept.
            </p>
          )}
          <details>
            <summary>Or in a terminal</summary>
            <Command text={command} />
          </details>
        </>
      ) : (
        <>
          <p>Not installed. The download is {gigabytes(model.download_gb)}. Run in a terminal:</p>
          <Command text={command} />
        </>
      )}
      {asking.value && (
        <Licence
          model={model}
          accept={() => void install(model, true, asking.peek()?.bits)}
          close={() => (asking.value = null)}
        />
      )}
    </div>
  );
}

/** What the disk has free, and which downloads are too large for it. */
function Disk({ model }: { model: Model }) {
  // Its line keeps its place until it is known.
  if (freeGb.value === undefined) return <p class="muted">&nbsp;</p>;
  const state = setup.value.get(keyOf(model));
  const large = [
    ...(state?.fits_disk === false ? [model] : []),
    ...model.copies.filter(
      ({ bits }) => state?.copies?.find((copy) => copy.bits === bits)?.fits_disk === false,
    ),
  ].map(({ download_gb }) => gigabytes(download_gb!));
  const free = `${gigabytes(freeGb.value)} free on the disk`;
  return large.length > 0 ? (
    <p class="plan-warning">
      {free}: too little for {large.join(" and ")}
    </p>
  ) : (
    <p class="muted">{free}</p>
  );
}

const Command = ({ text }: { text: string }) => (
  <div class="command">
    <pre>
      <code>{text}</code>
    </pre>
    <CopyButton text={() => text} />
  </div>
);

function Downloading({ id, waiting }: { id: string; waiting: boolean }) {
  const progress = progressOf.value.get(id);
  const { bytes_done, bytes_total, bytes_per_s, eta_s } = progress ?? {};
  const known = bytes_total !== undefined && bytes_total > 0;
  const facts = [
    known
      ? `${bytesText(bytes_done ?? 0)} of ${bytesText(bytes_total)}`
      : waiting
        ? "Waiting for other downloads"
        : "Starting",
    bytes_per_s ? `${(bytes_per_s / 1e6).toFixed(1)} MB/s` : "",
    typeof eta_s === "number" ? `about ${duration(eta_s)} left` : "",
  ].filter(Boolean);
  return (
    <div class="activation">
      <progress max={1} aria-label="Download" {...(known && { value: (bytes_done ?? 0) / bytes_total })} />
      <p class="muted">{facts.join(" · ")}</p>
      <button type="button" class="quiet" onClick={() => cancelJob(id)}>
        Pause
      </button>
      <small>A paused download goes on where it stopped.</small>
    </div>
  );
}

function Licence({ model, accept, close }: { model: Model; accept(): void; close(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current!.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby="licence-title" onClose={close}>
      <h2 id="licence-title">{model.licence}</h2>
      <p>
        This licence forbids commercial use of {keyOf(model)}.{" "}
        <a href={model.licence_url} target="_blank" rel="noreferrer">
          Read it
        </a>{" "}
        before you accept.
      </p>
      <div class="row">
        <button
          type="button"
          class="primary"
          onClick={() => {
            accept();
            close();
          }}
        >
          Accept and download
        </button>
        <button type="button" class="quiet" onClick={close}>
          Cancel
        </button>
      </div>
    </dialog>
  );
}
