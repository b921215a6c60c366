/**
 * The page: bar, form, stage, strip of results.
 *
 * @module
 */
import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Panel } from "../form/panel.tsx";
import { toolTitles } from "../form/titles.ts";
import { JobStage } from "../stage/job-stage.tsx";
import { ToolStage } from "../stage/tool-stage.tsx";
import { forms } from "../state/forms.ts";
import { imageMissing, inputs, takeFiles } from "../state/inputs.ts";
import { jobs } from "../state/jobs.ts";
import { announcement, dismiss, toasts } from "../state/notices.ts";
import { toolOf } from "../state/result.ts";
import { go, route, type ToolName, toolAddress } from "../state/route.ts";
import { clearRefusal, refusals, run, sending } from "../state/run.ts";
import { addAsReference, carriesResult, droppedResult, sendTo } from "../state/send.ts";
import { Bar, Trouble } from "./bar.tsx";
import { Camera } from "./camera.tsx";
import { Gallery, Strip } from "./gallery.tsx";
import { Icon } from "./icons.tsx";
import { KeySheet, useKeys } from "./keys.tsx";
import { later } from "./later.tsx";
import { Models } from "./models.tsx";

const several = () => import("../stage/several.ts");
const CompareStage = later(async () => (await several()).CompareStage);
const SetStage = later(async () => (await several()).SetStage);

const viewTitles = { compare: "Compare", gallery: "Gallery", models: "Models" } as const;

export function App() {
  const lastTool = useRef<ToolName>("depth");
  const tool = useComputed<ToolName>(() => {
    const current = route.value;
    if (current.view === "tool") lastTool.current = current.tool;
    if (current.view === "job" || "ids" in current) {
      const shown = current.view === "job" ? current.id : current.ids[0];
      const job = jobs.value.find(({ id }) => id === shown);
      if (job) lastTool.current = toolOf(job);
    }
    return lastTool.current;
  });
  const current = route.value;
  const working = current.view !== "gallery" && current.view !== "models";
  useEffect(() => {
    if (current.view !== "job" && current.view !== "set")
      document.title = `${current.view === "tool" ? toolTitles[current.tool] : viewTitles[current.view]} – easel`;
  }, [current]);
  useStageInView(tool.value);
  useKeys(tool);
  return (
    <>
      <a class="skip" href="#stage">
        Skip to the image
      </a>
      <Bar current={working ? tool.value : undefined} />
      <Trouble />
      {working ? (
        <main class="workbench">
          <Panel tool={tool.value} />
          <section id="stage" class="stage" aria-label="Image" tabIndex={-1}>
            {current.view === "job" ? (
              <JobStage key={current.id} id={current.id} />
            ) : current.view === "compare" ? (
              <CompareStage key={current.ids.join()} ids={current.ids} />
            ) : current.view === "set" ? (
              // It grows while jobs are sent.
              <SetStage key={current.ids[0]} ids={current.ids} />
            ) : (
              <ToolStage tool={tool.value} />
            )}
          </section>
          <Strip shown={current.view === "job" ? current.id : undefined} />
        </main>
      ) : (
        <main class="page" id="stage" tabIndex={-1}>
          {current.view === "gallery" ? <Gallery /> : <Models />}
        </main>
      )}
      <DropTarget tool={tool.value} />
      <Camera />
      <KeySheet />
      <Toasts />
      <div class="hidden" role="status" aria-live="polite">
        {announcement}
      </div>
    </>
  );
}

/** On a phone the stage is above the form: what happens there comes into view. What had the focus and is gone leaves it to the stage. */
function useStageInView(tool: ToolName): void {
  const job = route.value.view === "job" ? route.value.id : undefined;
  const refusal = refusals.value[tool];
  const works = sending.value.has(tool);
  const missing = imageMissing.value === tool;
  const stage = () => document.querySelector<HTMLElement>(".stage");
  useEffect(() => {
    if ((job || refusal || works || missing) && matchMedia("(max-width: 56rem)").matches)
      stage()?.scrollIntoView({ block: "start" });
  }, [job, refusal, works, missing]);
  const focused = useRef<EventTarget | null>(null);
  useEffect(() => {
    const remember = ({ target }: FocusEvent) => {
      focused.current = target;
    };
    document.addEventListener("focusin", remember);
    return () => document.removeEventListener("focusin", remember);
  }, []);
  const input = inputs[tool].value;
  useEffect(() => {
    const before = focused.current;
    if (before instanceof Element && !before.isConnected && document.activeElement === document.body)
      stage()?.focus({ preventScroll: true });
  }, [job, input]);
}

function Toasts() {
  if (toasts.value.length === 0) return null;
  return (
    <section class="toasts" aria-label="Messages">
      <ul>
        {toasts.value.map(({ id, text, action }) => (
          <li key={id}>
            <span>{text}</span>
            {action && (
              <button type="button" class="quiet small" onClick={action.run}>
                {action.label}
              </button>
            )}
            <button type="button" class="icon" aria-label="Close" onClick={() => dismiss(id)}>
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Takes images that are dropped or pasted anywhere on the page. */
function DropTarget({ tool }: { tool: ToolName }) {
  const over = useSignal(false);
  const target = useRef(tool);
  target.current = tool;
  useEffect(() => {
    let depth = 0;
    const carriesImages = (event: DragEvent) =>
      event.dataTransfer?.types.includes("Files") || carriesResult(event);
    const take = async (files: readonly File[]) => {
      const into = target.current;
      if (into === "generate") forms.generate.value = { ...forms.generate.value, use_image: true };
      await takeFiles(
        into,
        files.map((file) => ({ blob: file, name: file.name || "pasted.png" })),
      );
      clearRefusal(into);
      if (!inputs[into].value) return;
      go(toolAddress(into));
      if (into === "depth" && forms.depth.value.at_once) await run(into);
    };
    const enter = (event: DragEvent) => {
      if (!carriesImages(event)) return;
      depth++;
      over.value = true;
    };
    const leave = (event: DragEvent) => {
      if (!carriesImages(event)) return;
      depth = Math.max(0, depth - 1);
      over.value = depth > 0;
    };
    const hover = (event: DragEvent) => {
      if (carriesImages(event)) event.preventDefault();
    };
    const drop = (event: DragEvent) => {
      depth = 0;
      over.value = false;
      const result = droppedResult(event);
      const files = [...(event.dataTransfer?.files ?? [])];
      if (!result && files.length === 0) return;
      event.preventDefault();
      const asReference = (event.target as Element).closest("[data-drop=references]");
      if (!result) void take(files);
      else if (asReference) void addAsReference(result);
      else void sendTo(target.current, result);
    };
    const paste = (event: ClipboardEvent) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      void take(files);
    };
    document.addEventListener("dragenter", enter);
    document.addEventListener("dragleave", leave);
    document.addEventListener("dragover", hover);
    document.addEventListener("drop", drop);
    document.addEventListener("paste", paste);
    return () => {
      document.removeEventListener("dragenter", enter);
      document.removeEventListener("dragleave", leave);
      document.removeEventListener("dragover", hover);
      document.removeEventListener("drop", drop);
      document.removeEventListener("paste", paste);
    };
  }, []);
  if (!over.value) return null;
  return (
    <div class="drop-hint">
      <span>{tool === "generate" ? "Drop to start from this image" : "Drop anywhere"}</span>
    </div>
  );
}
