/**
 * A grid of many tiles of one height, of which only those near the screen exist.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

/** What lies so far outside of the window is there already when it comes into view. */
const margin = 900;

/**
 * A picture that scrolled by before it came must not keep others waiting. While it is still in the document: Chromium keeps an image
 * for ever that loses its source afterwards.
 */
function dropPending(list: HTMLElement, from: number, to: number, kept: number): void {
  for (const tile of list.children) {
    const index = Number(tile.ariaPosInSet) - 1;
    if ((index >= from && index < to) || index === kept) continue;
    for (const image of tile.querySelectorAll("img")) if (!image.complete) image.removeAttribute("src");
  }
}

interface Layout {
  columns: number;
  /** Of a tile, in pixels; 0 until one was measured. */
  height: number;
}

export interface Item {
  key: string;
  content: ComponentChildren;
  class: string;
}

/** `at` makes a tile when it is needed. All tiles must have the same height in the same column width. */
export function Tiles({ count, at }: { count: number; at(index: number): Item }) {
  const list = useRef<HTMLUListElement>(null);
  const layout = useSignal<Layout>({ columns: 1, height: 0 });
  const rows = useSignal({ first: 0, last: 3 });
  /** The tile that has the focus stays, wherever the window is. */
  const focused = useSignal(-1);

  const measure = useRef(() => {});
  measure.current = () => {
    const element = list.current;
    if (!element) return;
    const { gridTemplateColumns, rowGap } = getComputedStyle(element);
    const columns = gridTemplateColumns.split(" ").length;
    const height = (element.firstElementChild as HTMLElement | null)?.offsetHeight ?? 0;
    if (columns !== layout.peek().columns || height !== layout.peek().height)
      layout.value = { columns, height };
    if (height === 0) return;
    const stride = height + Number.parseFloat(rowGap);
    const { top } = element.getBoundingClientRect();
    const first = Math.max(Math.floor((-top - margin) / stride), 0);
    const last = Math.max(Math.ceil((innerHeight - top + margin) / stride), first + 1);
    if (first === rows.peek().first && last === rows.peek().last) return;
    dropPending(element, first * columns, last * columns, focused.peek());
    rows.value = { first, last };
  };
  useLayoutEffect(() => measure.current(), [count === 0]);
  useEffect(() => {
    const look = () => measure.current();
    const observer = new ResizeObserver(look);
    observer.observe(list.current!);
    addEventListener("scroll", look, { passive: true });
    return () => {
      observer.disconnect();
      removeEventListener("scroll", look);
    };
  }, []);

  const { columns, height } = layout.value;
  const from = Math.min(rows.value.first * columns, Math.max(count - 1, 0));
  const to = Math.min(rows.value.last * columns, count);
  const shown = Array.from({ length: Math.max(to - from, 0) }, (_, index) => from + index);
  const kept = focused.value;
  if (kept >= 0 && kept < from) shown.unshift(kept);
  else if (kept >= to && kept < count) shown.push(kept);
  const lines = Math.ceil(count / columns);
  return (
    <ul
      ref={list}
      class="tiles"
      style={{ gridTemplateRows: height > 0 && lines > 0 ? `repeat(${lines}, ${height}px)` : "none" }}
      onFocusIn={(event) => {
        const place = (event.target as HTMLElement).closest("li")?.ariaPosInSet;
        focused.value = place ? Number(place) - 1 : -1;
      }}
      onFocusOut={() => (focused.value = -1)}
    >
      {shown.map((index) => {
        const item = at(index);
        return (
          <li
            key={item.key}
            class={item.class}
            aria-posinset={index + 1}
            aria-setsize={count}
            style={{
              gridRow: String(Math.floor(index / columns) + 1),
              gridColumn: String((index % columns) + 1),
            }}
          >
            {item.content}
          </li>
        );
      })}
    </ul>
  );
}
