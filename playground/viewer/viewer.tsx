/**
 * Two images in one place: pan, zoom, and four ways to compare them. With one image, a zoomable picture.
 *
 * @module
 */
import { effect, type Signal, useComputed, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { Segments } from "../view/controls.tsx";
import { Icon } from "../view/icons.tsx";

export interface Side {
  label: string;
  content: ComponentChildren;
}

export type Mode = "slider" | "side" | "flip" | "difference";

/** A place in the image, in its pixels. */
export interface Place {
  x: number;
  y: number;
}

interface Props {
  /** Covers `right` up to the edge; without it there is nothing to compare. */
  left?: Side | undefined;
  right: Side;
  width: number;
  height: number;
  probe?: (place: Place | undefined) => void;
  clicked?: (place: Place) => void;
  /** Controls at the start of the tool bar. */
  tools?: ComponentChildren;
  /** Over the image, in the image's own pixels. */
  overlay?: ComponentChildren;
}

const largestZoom = 8;
const modes: readonly { value: Mode; label: string }[] = [
  { value: "slider", label: "Slider" },
  { value: "side", label: "Side by side" },
  { value: "flip", label: "Flip" },
  { value: "difference", label: "Difference" },
];

/** Zoom and place of the view. The zoom is null while the whole image fits the viewport. */
interface View {
  zoom: number | null;
  x: number;
  y: number;
}

export function Viewer({ left, right, width, height, probe, clicked, tools, overlay }: Props) {
  const mode = useSignal<Mode>("slider");
  const split = useSignal(50);
  const flipped = useSignal(false);
  const view = useSignal<View>({ zoom: null, x: width / 2, y: height / 2 });
  const viewport = useSignal({ width: 0, height: 0 });
  const box = useRef<HTMLDivElement>(null);

  useLayoutEffect(() => {
    const measure = () => {
      const { clientWidth: width, clientHeight: height } = box.current!;
      viewport.value = { width, height };
    };
    const observer = new ResizeObserver(measure);
    measure();
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    view.value = { zoom: null, x: width / 2, y: height / 2 };
  }, [width, height]);

  const pane = useComputed(() => ({
    width: left && mode.value === "side" ? viewport.value.width / 2 : viewport.value.width,
    height: viewport.value.height,
  }));
  const fit = useComputed(() => Math.min(pane.value.width / width, pane.value.height / height) || 1);
  const scale = useComputed(() => view.value.zoom ?? fit.value);
  const origin = useComputed(() => ({
    x: pane.value.width / 2 - view.value.x * scale.value,
    y: pane.value.height / 2 - view.value.y * scale.value,
  }));

  const actions = useMemo(() => {
    const clamp = (value: number, size: number, shown: number) =>
      size <= shown ? size / 2 : Math.min(Math.max(value, shown / 2), size - shown / 2);
    const show = (zoom: number | null, x: number, y: number) => {
      const s = zoom ?? fit.peek();
      view.value = {
        zoom,
        x: clamp(x, width, pane.peek().width / s),
        y: clamp(y, height, pane.peek().height / s),
      };
    };
    /** Zooms about a place of the viewport, which stays where it is. */
    const zoomAbout = (factor: number, at = { x: pane.peek().width / 2, y: pane.peek().height / 2 }) => {
      const before = scale.peek();
      const least = fit.peek();
      const next = Math.min(Math.max(before * factor, least), Math.max(largestZoom, least));
      if (next <= least * 1.001) return show(null, width / 2, height / 2);
      const x = (at.x - origin.peek().x) / before;
      const y = (at.y - origin.peek().y) / before;
      show(next, x - (at.x - pane.peek().width / 2) / next, y - (at.y - pane.peek().height / 2) / next);
    };
    const pan = (dx: number, dy: number) => {
      const { zoom, x, y } = view.peek();
      if (zoom !== null) show(zoom, x - dx / scale.peek(), y - dy / scale.peek());
    };
    return {
      zoomAbout,
      pan,
      fit: () => show(null, width / 2, height / 2),
      actual: () => show(1, view.peek().x, view.peek().y),
    };
  }, [width, height]);

  usePointers(box, {
    mode,
    split,
    view,
    fit,
    pane,
    origin,
    scale,
    actions,
    comparing: Boolean(left),
    probe,
    clicked,
  });

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLInputElement && event.key.startsWith("Arrow")) return;
    const step = 60;
    const keys: Record<string, () => void> = {
      "+": () => actions.zoomAbout(1.25),
      "=": () => actions.zoomAbout(1.25),
      "-": () => actions.zoomAbout(0.8),
      "0": actions.fit,
      "1": actions.actual,
      ArrowLeft: () => actions.pan(step, 0),
      ArrowRight: () => actions.pan(-step, 0),
      ArrowUp: () => actions.pan(0, step),
      ArrowDown: () => actions.pan(0, -step),
      " ": () => {
        flipped.value = true;
      },
    };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = keys[event.key];
    if (!act || (event.key === " " && !left) || (event.key.startsWith("Arrow") && view.value.zoom === null))
      return;
    event.preventDefault();
    act();
  };

  const layer = useRef<HTMLDivElement>(null);
  const over = useRef<HTMLDivElement>(null);
  const edge = useRef<HTMLDivElement>(null);
  const showsOver = Boolean(left) && (mode.value !== "flip" || flipped.value);
  const place = () => {
    const { x, y } = origin.value;
    const transform = `translate(${x}px, ${y}px) scale(${scale.value})`;
    for (const side of [layer.current, over.current]) {
      const image = side?.firstElementChild as HTMLElement | null;
      if (!image) continue;
      image.style.transform = transform;
      image.style.imageRendering = scale.value >= 2.5 ? "pixelated" : "auto";
    }
    if (over.current)
      over.current.style.clipPath = mode.value === "slider" ? `inset(0 ${100 - split.value}% 0 0)` : "none";
    if (edge.current) edge.current.style.left = `${split.value}%`;
  };
  // At once, not in a later frame: the image must not be seen in another place first.
  useLayoutEffect(() => effect(place), [width, height, showsOver, mode.value]);

  const size = { width: `${width}px`, height: `${height}px` };
  const percent = useComputed(() => `${Math.round(scale.value * 100)} %`);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys of the image and the controls inside
    <div class="viewer" onKeyDown={onKeyDown} onKeyUp={() => (flipped.value = false)}>
      <div class="viewer-bar">
        {tools}
        {left && (
          <Segments
            label="Compare"
            name="mode"
            options={modes}
            value={mode.value}
            set={(next) => (mode.value = next)}
          />
        )}
        <span class="viewer-zoom">
          <button type="button" class="icon" onClick={() => actions.zoomAbout(0.8)} aria-label="Zoom out">
            <Icon name="minus" />
          </button>
          <output class="percent">{percent}</output>
          <button type="button" class="icon" onClick={() => actions.zoomAbout(1.25)} aria-label="Zoom in">
            <Icon name="plus" />
          </button>
          <button type="button" class="quiet" onClick={actions.fit}>
            Fit
          </button>
          <button type="button" class="quiet" onClick={actions.actual}>
            100 %
          </button>
        </span>
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: no set of form fields */}
      <div
        ref={box}
        class={`viewport viewport-${left ? mode.value : "single"}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keys pan and zoom it
        tabIndex={0}
        role="group"
        aria-label="Image. Plus and minus zoom, arrow keys move."
      >
        <div ref={layer} class="layer layer-under">
          <div class="layer-image" style={size}>
            {right.content}
            {overlay}
          </div>
        </div>
        {left && (
          <div ref={over} class="layer layer-over" hidden={!showsOver}>
            <div class="layer-image" style={size}>
              {left.content}
            </div>
          </div>
        )}
        {left && mode.value !== "difference" && (
          <>
            <span class="side-label side-left" hidden={mode.value === "flip" && !flipped.value}>
              {left.label}
            </span>
            <span class="side-label side-right" hidden={mode.value === "flip" && flipped.value}>
              {right.label}
            </span>
          </>
        )}
        {left && mode.value === "slider" && (
          <>
            <div ref={edge} class="edge" aria-hidden="true" />
            <input
              type="range"
              class="split"
              min={0}
              max={100}
              step={0.5}
              value={split.value}
              aria-label={`Share of the ${left.label.toLowerCase()} that is shown`}
              onInput={(event) => (split.value = Number(event.currentTarget.value))}
            />
          </>
        )}
        {left && mode.value === "flip" && (
          <button
            type="button"
            class="flip"
            onPointerDown={() => (flipped.value = true)}
            onPointerUp={() => (flipped.value = false)}
            onPointerLeave={() => (flipped.value = false)}
          >
            Hold to see the {left.label.toLowerCase()}
          </button>
        )}
      </div>
    </div>
  );
}

interface PointerParts {
  mode: Signal<Mode>;
  split: Signal<number>;
  view: Signal<View>;
  fit: { peek(): number };
  pane: { peek(): { width: number; height: number } };
  origin: { peek(): Place };
  scale: { peek(): number };
  actions: {
    zoomAbout(factor: number, at?: Place): void;
    pan(dx: number, dy: number): void;
    fit(): void;
    actual(): void;
  };
  comparing: boolean;
  probe: ((place: Place | undefined) => void) | undefined;
  clicked: ((place: Place) => void) | undefined;
}

/** One pointer moves the edge or the image, two zoom, the wheel zooms, a double click switches between fit and 100 %. */
function usePointers(box: { current: HTMLDivElement | null }, parts: PointerParts): void {
  const latest = useRef(parts);
  latest.current = parts;
  useEffect(() => {
    const element = box.current!;
    const pointers = new Map<number, Place>();
    let dragging: "edge" | "image" | undefined;
    let moved = 0;

    const placeOf = (event: { clientX: number; clientY: number }) => {
      const rect = element.getBoundingClientRect();
      return { x: event.clientX - rect.left, y: event.clientY - rect.top };
    };
    const paneAt = ({ x, y }: Place) => {
      const { width } = latest.current.pane.peek();
      return { x: x > width ? x - width : x, y };
    };
    const imageAt = (at: Place) => {
      const { origin, scale } = latest.current;
      const { x, y } = paneAt(at);
      return { x: (x - origin.peek().x) / scale.peek(), y: (y - origin.peek().y) / scale.peek() };
    };
    const setSplit = (x: number) => {
      const { width } = element.getBoundingClientRect();
      latest.current.split.value = Math.min(Math.max((x / width) * 100, 0), 100);
    };
    const touchAction = () => {
      element.style.touchAction = latest.current.view.peek().zoom === null ? "pan-y" : "none";
    };

    const down = (event: PointerEvent) => {
      if (event.button !== 0 || (event.target as Element).closest("button")) return;
      const at = placeOf(event);
      pointers.set(event.pointerId, at);
      element.setPointerCapture(event.pointerId);
      moved = 0;
      const { mode, split, view, comparing } = latest.current;
      const slider = comparing && mode.peek() === "slider";
      const nearEdge = Math.abs(at.x - (split.peek() / 100) * element.clientWidth) < 28;
      dragging = slider && (nearEdge || view.peek().zoom === null) ? "edge" : "image";
    };
    const move = (event: PointerEvent) => {
      const at = placeOf(event);
      latest.current.probe?.(imageAt(at));
      const before = pointers.get(event.pointerId);
      if (!before) return;
      const others = [...pointers].filter(([id]) => id !== event.pointerId);
      pointers.set(event.pointerId, at);
      moved += Math.hypot(at.x - before.x, at.y - before.y);
      const other = others[0]?.[1];
      if (other) {
        const was = Math.hypot(before.x - other.x, before.y - other.y);
        const is = Math.hypot(at.x - other.x, at.y - other.y);
        latest.current.actions.zoomAbout(is / Math.max(was, 1), {
          x: (at.x + other.x) / 2,
          y: (at.y + other.y) / 2,
        });
      } else if (dragging === "edge") setSplit(at.x);
      else latest.current.actions.pan(at.x - before.x, at.y - before.y);
      touchAction();
    };
    const up = (event: PointerEvent) => {
      if (!pointers.delete(event.pointerId)) return;
      if (pointers.size === 0) {
        if (moved < 4) latest.current.clicked?.(imageAt(placeOf(event)));
        dragging = undefined;
      }
    };
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      latest.current.actions.zoomAbout(
        Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)),
        paneAt(placeOf(event)),
      );
      touchAction();
    };
    const double = (event: MouseEvent) => {
      const { view, actions, fit } = latest.current;
      if (view.peek().zoom === null) actions.zoomAbout(Math.max(1 / fit.peek(), 2), paneAt(placeOf(event)));
      else actions.fit();
      touchAction();
    };
    const leave = () => latest.current.probe?.(undefined);
    touchAction();
    element.addEventListener("pointerdown", down);
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerup", up);
    element.addEventListener("pointercancel", up);
    element.addEventListener("pointerleave", leave);
    element.addEventListener("wheel", wheel, { passive: false });
    element.addEventListener("dblclick", double);
    return () => {
      element.removeEventListener("pointerdown", down);
      element.removeEventListener("pointermove", move);
      element.removeEventListener("pointerup", up);
      element.removeEventListener("pointercancel", up);
      element.removeEventListener("pointerleave", leave);
      element.removeEventListener("wheel", wheel);
      element.removeEventListener("dblclick", double);
    };
  }, []);
}
