/**
 * Pointers on the viewer's image.
 *
 * @module
 */
import { effect, type Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Mode, Place, View } from "./viewer.tsx";

export interface PointerParts {
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
  /** The other image is shown whole. */
  flipped: Signal<boolean>;
  probe: ((place: Place | undefined) => void) | undefined;
  clicked: ((place: Place) => void) | undefined;
  /** Where the pointer is in the viewport. */
  hover(place: Place | undefined): void;
  /** The magnifier is on: a pointer moves it, and nothing else. */
  loupe: Signal<boolean>;
}

const longPressMs = 400;
/** A finger that rests trembles by less. */
const trembling = 8;

/**
 * One pointer moves the edge or the image, two zoom, the wheel zooms, a double click switches between fit and 100 %. A finger that rests
 * shows the other image.
 */
export function usePointers(box: { current: HTMLDivElement | null }, parts: PointerParts): void {
  const latest = useRef(parts);
  latest.current = parts;
  useEffect(() => {
    const element = box.current!;
    const pointers = new Map<number, Place>();
    let dragging: "edge" | "image" | undefined;
    let moved = 0;
    let longPress: ReturnType<typeof setTimeout> | undefined;
    const release = () => {
      clearTimeout(longPress);
      latest.current.flipped.value = false;
    };

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
    const stop = effect(() => {
      const { view, loupe } = latest.current;
      element.style.touchAction = view.value.zoom === null && !loupe.value ? "pan-y" : "none";
    });

    const down = (event: PointerEvent) => {
      if (event.button !== 0 || (event.target as Element).closest("button")) return;
      const at = placeOf(event);
      pointers.set(event.pointerId, at);
      element.setPointerCapture(event.pointerId);
      moved = 0;
      latest.current.hover(at);
      const { mode, split, view, comparing, loupe } = latest.current;
      const slider = comparing && mode.peek() === "slider";
      const nearEdge = Math.abs(at.x - (split.peek() / 100) * element.clientWidth) < 28;
      release();
      if (event.pointerType === "touch" && comparing && !loupe.peek() && pointers.size === 1)
        longPress = setTimeout(() => {
          dragging = undefined;
          latest.current.flipped.value = true;
        }, longPressMs);
      if (loupe.peek()) dragging = undefined;
      else dragging = slider && (nearEdge || view.peek().zoom === null) ? "edge" : "image";
    };
    const move = (event: PointerEvent) => {
      const at = placeOf(event);
      latest.current.probe?.(imageAt(at));
      latest.current.hover(at);
      const before = pointers.get(event.pointerId);
      if (!before) return;
      const others = [...pointers].filter(([id]) => id !== event.pointerId);
      pointers.set(event.pointerId, at);
      moved += Math.hypot(at.x - before.x, at.y - before.y);
      if (moved > trembling) clearTimeout(longPress);
      const other = others[0]?.[1];
      if (other) {
        const was = Math.hypot(before.x - other.x, before.y - other.y);
        const is = Math.hypot(at.x - other.x, at.y - other.y);
        latest.current.actions.zoomAbout(is / Math.max(was, 1), {
          x: (at.x + other.x) / 2,
          y: (at.y + other.y) / 2,
        });
      } else if (dragging === "edge") setSplit(at.x);
      else if (dragging === "image") latest.current.actions.pan(at.x - before.x, at.y - before.y);
    };
    const up = (event: PointerEvent) => {
      if (!pointers.delete(event.pointerId)) return;
      const compared = latest.current.flipped.peek();
      release();
      if (pointers.size === 0) {
        if (moved < 4 && !compared) latest.current.clicked?.(imageAt(placeOf(event)));
        dragging = undefined;
      }
    };
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      latest.current.actions.zoomAbout(
        Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)),
        paneAt(placeOf(event)),
      );
    };
    const double = (event: MouseEvent) => {
      const { view, actions, fit } = latest.current;
      if (view.peek().zoom === null) actions.zoomAbout(Math.max(1 / fit.peek(), 2), paneAt(placeOf(event)));
      else actions.fit();
    };
    /** A long press is not to open the browser's menu for images. */
    const menu = (event: MouseEvent) => {
      if (pointers.size > 0) event.preventDefault();
    };
    const leave = () => {
      latest.current.probe?.(undefined);
      if (!latest.current.loupe.peek()) latest.current.hover(undefined);
    };
    element.addEventListener("pointerdown", down);
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerup", up);
    element.addEventListener("pointercancel", up);
    element.addEventListener("pointerleave", leave);
    element.addEventListener("wheel", wheel, { passive: false });
    element.addEventListener("dblclick", double);
    element.addEventListener("contextmenu", menu);
    return () => {
      stop();
      element.removeEventListener("pointerdown", down);
      element.removeEventListener("pointermove", move);
      element.removeEventListener("pointerup", up);
      element.removeEventListener("pointercancel", up);
      element.removeEventListener("pointerleave", leave);
      element.removeEventListener("wheel", wheel);
      element.removeEventListener("dblclick", double);
      element.removeEventListener("contextmenu", menu);
    };
  }, []);
}
