/**
 * The page: bar, form, stage, strip of results.
 *
 * @module
 */
import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Panel } from "../form/panel.tsx";
import { toolTitles } from "../form/titles.ts";
import { CompareStage } from "../stage/compare-stage.tsx";
import { JobStage } from "../stage/job-stage.tsx";
import { ToolStage } from "../stage/tool-stage.tsx";
import { forms } from "../state/forms.ts";
import { inputs, takeFiles } from "../state/inputs.ts";
import { jobs, results } from "../state/jobs.ts";
import { announcement, dismiss, toasts } from "../state/notices.ts";
import { toolOf } from "../state/result.ts";
import { go, jobAddress, route, type ToolName, toolAddress, toolNames } from "../state/route.ts";
import { clearRefusal, imageMissing, run } from "../state/run.ts";
import { Bar, Trouble } from "./bar.tsx";
import { Camera } from "./camera.tsx";
import { Gallery, Strip } from "./gallery.tsx";
import { Models } from "./models.tsx";

const viewTitles = { compare: "Compare", gallery: "Gallery", models: "Models" } as const;

export function App() {
  const lastTool = useRef<ToolName>("depth");
  const tool = useComputed<ToolName>(() => {
    const current = route.value;
    if (current.view === "tool") lastTool.current = current.tool;
    if (current.view === "job" || current.view === "compare") {
      const shown = current.view === "job" ? current.id : current.ids[0];
      const job = jobs.value.find(({ id }) => id === shown);
      if (job) lastTool.current = toolOf(job);
    }
    return lastTool.current;
  });
  const current = route.value;
  const working = current.view !== "gallery" && current.view !== "models";
  useEffect(() => {
    if (current.view !== "job")
      document.title = `${current.view === "tool" ? toolTitles[current.tool] : viewTitles[current.view]} – easel`;
    // On a phone the stage is above the form: bring the result into view.
    if (current.view === "job" && matchMedia("(max-width: 56rem)").matches)
      document.getElementById("stage")?.scrollIntoView({ block: "start" });
  }, [current]);
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
      <Toasts />
      <div class="hidden" role="status" aria-live="polite">
        {announcement}
      </div>
    </>
  );
}

function Toasts() {
  return (
    <ul class="toasts">
      {toasts.value.map(({ id, text, action }) => (
        <li key={id}>
          <span>{text}</span>
          {action && (
            <button type="button" class="quiet small" onClick={action.run}>
              {action.label}
            </button>
          )}
          <button type="button" class="icon" aria-label="Close" onClick={() => dismiss(id)}>
            ×
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Takes images that are dropped or pasted anywhere on the page. */
function DropTarget({ tool }: { tool: ToolName }) {
  const over = useSignal(false);
  const target = useRef(tool);
  target.current = tool;
  useEffect(() => {
    let depth = 0;
    const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const take = async (files: readonly File[]) => {
      const into = target.current;
      if (into === "generate") forms.generate.value = { ...forms.generate.value, use_image: true };
      await takeFiles(
        into,
        files.map((file) => ({ blob: file, name: file.name || "pasted.png" })),
      );
      imageMissing.value = undefined;
      clearRefusal(into);
      if (inputs[into].value) go(toolAddress(into));
    };
    const enter = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      depth++;
      over.value = true;
    };
    const leave = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      depth = Math.max(0, depth - 1);
      over.value = depth > 0;
    };
    const hover = (event: DragEvent) => {
      if (carriesFiles(event)) event.preventDefault();
    };
    const drop = (event: DragEvent) => {
      depth = 0;
      over.value = false;
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      void take(files);
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

/** Ctrl or ⌘ with Enter runs, Alt with 1 to 4 changes the tool, brackets step through the results. */
function useKeys(tool: { peek(): ToolName }): void {
  useEffect(() => {
    const step = (by: number) => {
      const current = route.peek();
      const list = results.peek();
      const at = current.view === "job" ? list.findIndex(({ id }) => id === current.id) : -1;
      const next = list[at + by];
      if (next) go(jobAddress(next.id));
    };
    const down = (event: KeyboardEvent) => {
      const typing = (event.target as HTMLElement).closest("input, textarea, select, [contenteditable]");
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        void run(tool.peek());
      } else if (event.altKey && /^[1-4]$/.test(event.key)) {
        event.preventDefault();
        go(toolAddress(toolNames[Number(event.key) - 1]!));
      } else if (!typing && event.key === "]") step(1);
      else if (!typing && event.key === "[") step(-1);
    };
    document.addEventListener("keydown", down);
    return () => document.removeEventListener("keydown", down);
  }, []);
}
