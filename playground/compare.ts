/**
 * Two pictures on top of each other, with an edge between them that one moves.
 *
 * @module
 */
import { el, on } from "./dom.ts";

export interface Side {
  label: string;
  element: HTMLImageElement | HTMLCanvasElement;
}

export interface Comparison {
  element: HTMLElement;
  /** Called with the pointer's place, as shares of the width and height, or with nothing when it leaves. */
  probe(look: (at: { x: number; y: number } | undefined) => void): void;
}

/** `left` covers `right` up to the edge. Both fill a box of `width` × `height` pixels' shape. */
export function compare(left: Side, right: Side, width: number, height: number, split = 50): Comparison {
  const range = on(
    el("input", {
      type: "range",
      class: "compare-range",
      min: 0,
      max: 100,
      step: 0.5,
      value: split,
      "aria-label": `How much of the ${left.label.toLowerCase()} is shown, over the ${right.label.toLowerCase()}`,
    }),
    { input: () => show() },
  );
  const element = el(
    "div",
    { class: "compare" },
    el("div", { class: "layer" }, right.element),
    el("div", { class: "layer layer-over" }, left.element),
    el("span", { class: "compare-label compare-left" }, left.label),
    el("span", { class: "compare-label compare-right" }, right.label),
    el("div", { class: "compare-edge", "aria-hidden": "true" }),
    range,
  );
  element.style.setProperty("--w", String(width));
  element.style.setProperty("--h", String(height));
  const show = () => {
    element.style.setProperty("--split", `${range.value}%`);
    range.setAttribute("aria-valuetext", `${Math.round(Number(range.value))} percent`);
  };
  show();
  return {
    element,
    probe(look) {
      on(element, {
        pointermove: ({ clientX, clientY }) => {
          const box = element.getBoundingClientRect();
          look({ x: (clientX - box.left) / box.width, y: (clientY - box.top) / box.height });
        },
        pointerleave: () => look(undefined),
      });
    },
  };
}
