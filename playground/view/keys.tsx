/**
 * Keyboard shortcuts of the page, and the sheet that lists them.
 *
 * @module
 */
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { cancelJob, jobs, results } from "../state/jobs.ts";
import { toast } from "../state/notices.ts";
import { isLive } from "../state/result.ts";
import { go, jobAddress, route, type ToolName, toolAddress, toolNames } from "../state/route.ts";
import { run } from "../state/run.ts";
import { toggleFullScreen } from "./full-screen.tsx";
import { Icon } from "./icons.tsx";

const sheetOpen = signal(false);

const groups: readonly { title: string; keys: readonly (readonly [keys: string, does: string])[] }[] = [
  {
    title: "Everywhere",
    keys: [
      ["Ctrl or ⌘ Enter", "Run the form"],
      ["Alt 1 – 4", "Depth, Upscale, Generate, Edit"],
      ["← →", "Newer or older result"],
      ["D", "Open the downloads of the result"],
      ["F", "Full screen"],
      ["Esc Esc", "Cancel the job that is shown"],
      ["?", "This list"],
    ],
  },
  {
    title: "Image",
    keys: [
      ["+ −", "Zoom in and out"],
      ["0", "Fit the image to the window"],
      ["1", "Actual size, 100 %"],
      ["Arrow keys", "Move the enlarged image, or the magnifier"],
      ["Space", "Hold to see the other image"],
      ["C", "Next way to compare"],
      ["L", "Magnifier; also while Alt is held"],
      ["P", "Pixels as squares, or smoothed"],
    ],
  },
  {
    title: "Prompt",
    keys: [["Alt ↑ ↓", "Earlier and later prompts"]],
  },
  {
    title: "Region of an edit",
    keys: [
      ["Arrow keys", "Move the brush; with Shift in larger steps"],
      ["Space", "Paint"],
      ["[ ]", "Smaller or larger brush"],
      ["E", "Paint or erase"],
      ["Ctrl or ⌘ Z", "Undo"],
      ["Esc", "Done"],
    ],
  },
];

/** Whether the key belongs to a control that takes text or arrows itself. */
export const isTyping = ({ target }: KeyboardEvent) =>
  target instanceof Element && target.closest("input, textarea, select, [role=application], dialog") !== null;

function step(by: number): void {
  const current = route.peek();
  const list = results.peek();
  const at = current.view === "job" ? list.findIndex(({ id }) => id === current.id) : -1;
  const next = list[at + by];
  if (next) go(jobAddress(next.id));
}

function openDownloads(): void {
  const menu = document.querySelector<HTMLDetailsElement>(".stage [data-menu=Download]");
  if (!menu) return;
  menu.open = true;
  menu.querySelector<HTMLElement>("a, button")?.focus();
}

const againMs = 6000;
let askedAt = Number.NEGATIVE_INFINITY;

/** The first press asks, so that a key which closes everything else ends no long work. */
function cancelShown(): void {
  const current = route.peek();
  const job = current.view === "job" ? jobs.peek().find(({ id }) => id === current.id) : undefined;
  if (!job || !isLive(job)) return;
  if (performance.now() - askedAt < againMs) return void cancelJob(job.id);
  askedAt = performance.now();
  toast("Press Esc again to cancel the job.");
}

const somethingOpen = () =>
  document.fullscreenElement !== null ||
  document.querySelector("dialog[open], .menu[open], .popover") !== null;

export function useKeys(tool: { peek(): ToolName }): void {
  useEffect(() => {
    const plain: Record<string, () => unknown> = {
      ArrowLeft: () => step(-1),
      ArrowRight: () => step(1),
      "[": () => step(-1),
      "]": () => step(1),
      f: toggleFullScreen,
      d: openDownloads,
      "?": () => (sheetOpen.value = true),
    };
    const down = (event: KeyboardEvent) => {
      if (event.defaultPrevented) return;
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        void run(tool.peek());
      } else if (event.altKey && /^[1-4]$/.test(event.key)) {
        event.preventDefault();
        go(toolAddress(toolNames[Number(event.key) - 1]!));
      } else if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
      else if (plain[event.key]) {
        event.preventDefault();
        plain[event.key]!();
      }
    };
    // Before the menus' own listeners close what is open.
    const onEscape = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !somethingOpen() && !isTyping(event)) cancelShown();
    };
    document.addEventListener("keydown", down);
    document.addEventListener("keydown", onEscape, { capture: true });
    return () => {
      document.removeEventListener("keydown", down);
      document.removeEventListener("keydown", onEscape, { capture: true });
    };
  }, []);
}

export const KeysButton = () => (
  <button
    type="button"
    class="icon keys-button"
    aria-label="Keyboard shortcuts"
    title="Keyboard shortcuts (?)"
    onClick={() => (sheetOpen.value = true)}
  >
    <Icon name="keys" />
  </button>
);

export const KeySheet = () => (sheetOpen.value ? <Sheet /> : null);

function Sheet() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current!.showModal(), []);
  const close = () => {
    sheetOpen.value = false;
  };
  return (
    <dialog ref={dialog} class="keys" aria-labelledby="keys-title" onClose={close}>
      <div class="section-head">
        <h2 id="keys-title">Keyboard shortcuts</h2>
        <button type="button" class="icon" aria-label="Close" onClick={close}>
          <Icon name="close" />
        </button>
      </div>
      <div class="keys-groups">
        {groups.map(({ title, keys }) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {keys.map(([key, does]) => (
                <div key={key}>
                  <dt>
                    <kbd>{key}</kbd>
                  </dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </dialog>
  );
}
