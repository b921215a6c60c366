/**
 * Two images in one place: pan, zoom, and four ways to compare them. With one image, a zoomable picture.
 *
 * @module
 */
import { effect, type Signal, useComputed, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { Segments } from "../view/controls.tsx";
import { FullScreen } from "../view/full-screen.tsx";
import { Icon } from "../view/icons.tsx";
import { isTyping } from "../view/keys.tsx";
import { Loupe, leastZoom } from "./loupe.tsx";
import { Zoom } from "./photo.tsx";
import { usePointers } from "./pointers.ts";

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
  /** Zoom and place, shared with other viewers of images of this size, each of which then bears its label. */
  view?: Signal<View>;
  /** Begins at 100 % about this place, where the image is larger than the viewport. */
  start?: Place | undefined;
}

const largestZoom = 8;
const squaresFrom = 2.5;
const modes: readonly { value: Mode; label: string }[] = [
  { value: "slider", label: "Slider" },
  { value: "side", label: "Side by side" },
  { value: "flip", label: "Flip" },
  { value: "difference", label: "Difference" },
];

/** Zoom and place of the view. The zoom is null while the whole image fits the viewport. */
export interface View {
  zoom: number | null;
  x: number;
  y: number;
}

export function Viewer(props: Props) {
  const { left, right, width, height, probe, clicked, tools, overlay, start } = props;
  const mode = useSignal<Mode>("slider");
  const split = useSignal(50);
  /** While it is held, the other image is shown whole. */
  const flipped = useSignal(false);
  const ownView = useSignal<View>({ zoom: null, x: width / 2, y: height / 2 });
  const view = props.view ?? ownView;
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
      actual: ({ x, y }: Place = view.peek()) => show(1, x, y),
    };
  }, [width, height]);
  useLayoutEffect(() => {
    actions.fit();
    // An enlarged image takes the finger that would scroll the page.
    if (start && fit.peek() < 1 && matchMedia("(pointer: fine)").matches) actions.actual(start);
  }, [width, height]);

  const loupe = useSignal(false);
  const altHeld = useSignal(false);
  const pointed = useSignal<Place | undefined>(undefined);
  const toggleLoupe = () => {
    loupe.value = !loupe.peek();
    pointed.value ??= { x: viewport.peek().width / 2, y: viewport.peek().height / 2 };
  };
  /** Pixels as squares, or smoothed; undefined leaves it to the zoom. */
  const squares = useSignal<boolean | undefined>(undefined);
  const squared = useComputed(() => squares.value ?? scale.value >= squaresFrom);

  const detail = useComputed(() =>
    loupe.value || altHeld.value ? Math.max(leastZoom, scale.value * 2) : scale.value,
  );
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
    flipped,
    probe,
    clicked,
    loupe,
    hover: (place) => (pointed.value = place),
  });
  useEffect(() => {
    const down = (event: KeyboardEvent) => {
      if (event.key === "Alt" && pointed.peek()) altHeld.value = true;
      if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "l") toggleLoupe();
      if (event.key === "p") squares.value = !squared.peek();
      if (event.key === "c" && left)
        mode.value = modes[(modes.findIndex(({ value }) => value === mode.peek()) + 1) % modes.length]!.value;
    };
    const up = () => (altHeld.value = false);
    document.addEventListener("keydown", down);
    document.addEventListener("keyup", up);
    return () => {
      document.removeEventListener("keydown", down);
      document.removeEventListener("keyup", up);
    };
  }, [Boolean(left)]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLInputElement && event.key.startsWith("Arrow")) return;
    const step = 60;
    const move = (dx: number, dy: number) => {
      if (!loupe.value) return actions.pan(dx, dy);
      const { x, y } = pointed.value ?? { x: 0, y: 0 };
      pointed.value = { x: x - dx / 4, y: y - dy / 4 };
    };
    const keys: Record<string, () => void> = {
      "+": () => actions.zoomAbout(1.25),
      "=": () => actions.zoomAbout(1.25),
      "-": () => actions.zoomAbout(0.8),
      "0": actions.fit,
      "1": () => actions.actual(),
      ArrowLeft: () => move(step, 0),
      ArrowRight: () => move(-step, 0),
      ArrowUp: () => move(0, step),
      ArrowDown: () => move(0, -step),
      " ": () => {
        flipped.value = true;
      },
    };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = keys[event.key];
    const still = view.value.zoom === null && !loupe.value;
    if (!act || (event.key === " " && !left) || (event.key.startsWith("Arrow") && still)) return;
    event.preventDefault();
    act();
  };

  const layer = useRef<HTMLDivElement>(null);
  const over = useRef<HTMLDivElement>(null);
  const edge = useRef<HTMLDivElement>(null);
  const shownMode = flipped.value && mode.value !== "side" ? "flip" : mode.value;
  const showsOver = Boolean(left) && (shownMode !== "flip" || flipped.value);
  const place = () => {
    const { x, y } = origin.value;
    const transform = `translate(${x}px, ${y}px) scale(${scale.value})`;
    for (const side of [layer.current, over.current]) {
      const image = side?.firstElementChild as HTMLElement | null;
      if (!image) continue;
      image.style.transform = transform;
      image.style.imageRendering = squared.value ? "pixelated" : "auto";
    }
    if (over.current)
      over.current.style.clipPath = shownMode === "slider" ? `inset(0 ${100 - split.value}% 0 0)` : "none";
    if (edge.current) edge.current.style.left = `${split.value}%`;
  };
  // At once, not in a later frame: the image must not be seen in another place first.
  useLayoutEffect(() => effect(place), [width, height, showsOver, shownMode]);

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
          <button type="button" class="quiet" onClick={() => actions.actual()}>
            100 %
          </button>
          <button
            type="button"
            class="icon"
            aria-label="Magnifier"
            title="Magnifier (L, or hold Alt)"
            aria-pressed={loupe.value}
            onClick={toggleLoupe}
          >
            <Icon name="loupe" />
          </button>
          <button
            type="button"
            class="icon"
            aria-label="Show pixels as squares"
            title="Pixels as squares, or smoothed (P)"
            aria-pressed={squared.value}
            onClick={() => (squares.value = !squared.peek())}
          >
            <Icon name="squares" />
          </button>
          <FullScreen />
        </span>
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: no set of form fields */}
      <div
        ref={box}
        class={`viewport viewport-${left ? shownMode : "single"}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keys pan and zoom it
        tabIndex={0}
        role="group"
        aria-label="Image. Plus and minus zoom, arrow keys move."
      >
        <div ref={layer} class="layer layer-under">
          <div class="layer-image" style={size}>
            <Zoom.Provider value={detail}>{right.content}</Zoom.Provider>
            {overlay}
          </div>
        </div>
        {left && (
          <div ref={over} class="layer layer-over" hidden={!showsOver}>
            <div class="layer-image" style={size}>
              <Zoom.Provider value={detail}>{left.content}</Zoom.Provider>
            </div>
          </div>
        )}
        {!left && props.view && <span class="side-label side-left">{right.label}</span>}
        {left && shownMode !== "difference" && (
          <>
            <span class="side-label side-left" hidden={shownMode === "flip" && !flipped.value}>
              {left.label}
            </span>
            <span class="side-label side-right" hidden={shownMode === "flip" && flipped.value}>
              {right.label}
            </span>
          </>
        )}
        {left && mode.value === "slider" && (
          <>
            <div ref={edge} class="edge" aria-hidden="true" hidden={flipped.value} />
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
        {(loupe.value || altHeld.value) && pointed.value && (
          <Loupe
            at={pointed.value}
            place={{
              x: ((pointed.value.x % pane.value.width) - origin.value.x) / scale.value,
              y: (pointed.value.y - origin.value.y) / scale.value,
            }}
            scale={scale.value}
            width={width}
            height={height}
            left={over}
            right={layer}
          />
        )}
      </div>
    </div>
  );
}
