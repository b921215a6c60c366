/**
 * A finished job: its image or map, its facts, and what can be done with it.
 *
 * @module
 */
import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { DepthView } from "../depth/depth-view.tsx";
import * as api from "../state/api.ts";
import { forms, useSettings } from "../state/forms.ts";
import { copyUrl, imageUrl } from "../state/inputs.ts";
import { removeJobs } from "../state/jobs.ts";
import { nameOf } from "../state/names.ts";
import { toast } from "../state/notices.ts";
import { bytesText, duration, modelOf, pictureOf, secondsOf, stepsText } from "../state/result.ts";
import { go, type ToolName, toolAddress } from "../state/route.ts";
import { run } from "../state/run.ts";
import { addAsReference, sendTo } from "../state/send.ts";
import { models } from "../state/server.ts";
import { CodeDrawer } from "../view/code.tsx";
import { Menu } from "../view/controls.tsx";
import { Icon } from "../view/icons.tsx";
import { PictureResult } from "./picture-result.tsx";
import { useImage } from "./use-image.ts";

export function ResultStage({
  job,
  tool,
  input,
}: {
  job: api.Job;
  tool: ToolName;
  input: string | undefined;
}) {
  const copy = input && tool === "depth" ? copyUrl(input) : undefined;
  const before = useImage(
    input && tool !== "generate" ? imageUrl(input) : undefined,
    "Input image",
    copy !== undefined,
  );
  const base = useSignal("easel");
  useEffect(() => {
    base.value = baseName(typeof job.params.prompt === "string" ? job.params.prompt : "easel");
    if (input && tool !== "generate")
      api
        .file(input)
        .then(({ filename }) => {
          base.value = baseName((nameOf(input) ?? filename).replace(/\.[^.]*$/, ""));
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
        <DepthView job={job} picture={before.value ?? undefined} copy={copy} name={base.value} />
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
            <button type="button" onClick={() => addAsReference(job)}>
              Edit, as a reference
            </button>
          </Menu>
          <Menu label="Settings" icon="settings">
            <button type="button" onClick={() => bringBack(job)}>
              Use these settings
            </button>
            {(tool === "generate" || tool === "edit") && (
              <button type="button" onClick={() => vary(tool, job)}>
                Make four variations
              </button>
            )}
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
  const { width, height, image_bytes: bytes } = (job.result ?? {}) as Record<string, unknown>;
  const ran = { ...job.params, ...(job.result?.params as object | undefined) } as Record<string, unknown>;
  const { family, name, title } = modelOf(job);
  const seconds = secondsOf(job);
  const seed = seedOf(job);
  const model = models.value.find((known) => known.family === family && known.name === name);
  const facts = [
    title,
    width && height && `${width} × ${height}`,
    typeof ran.steps === "number" && stepsText(ran.steps),
    typeof ran.guidance === "number" && `guidance ${ran.guidance}`,
    seed !== undefined && `seed ${seed}`,
    seconds !== undefined && duration(seconds),
    typeof bytes === "number" && bytesText(bytes),
    model?.licence,
  ];
  return facts.filter((fact) => typeof fact === "string" && fact !== "") as string[];
}

/** The same settings with four other seeds. */
async function vary(tool: "generate" | "edit", job: api.Job): Promise<void> {
  useSettings(job);
  forms[tool].value = { ...forms[tool].value, seed: "", count: 4, lines: false };
  await run(tool);
  forms[tool].value = { ...forms[tool].value, count: 1 };
}

function bringBack(job: api.Job, only?: "prompt" | "seed"): void {
  useSettings(job, only);
  toast("The settings are in the form.");
}
