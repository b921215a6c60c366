/**
 * A list whose rows change places: dragged by their grip, or moved with its arrow keys.
 *
 * @module
 */
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { announce } from "../state/notices.ts";
import { Icon } from "../view/icons.tsx";

interface Props<T> {
  items: readonly T[];
  set(items: readonly T[]): void;
  nameOf(item: T): string;
  row(item: T): ComponentChildren;
}

export function Reorder<T extends object>({ items, set, nameOf, row }: Props<T>) {
  const list = useRef<HTMLUListElement>(null);
  const latest = useRef({ items, set });
  latest.current = { items, set };
  const keys = useRef(new WeakMap<T, number>());
  const count = useRef(0);
  // Rows move in the page, instead of their contents: a picture is not loaded again, and the grip keeps its focus.
  const keyOf = (item: T) => {
    if (!keys.current.has(item)) keys.current.set(item, count.current++);
    return keys.current.get(item)!;
  };
  const move = (item: T, to: number) => {
    const { items, set } = latest.current;
    const at = Math.min(Math.max(to, 0), items.length - 1);
    if (items.indexOf(item) === at) return;
    const next = items.filter((other) => other !== item);
    next.splice(at, 0, item);
    set(next);
    announce(`${nameOf(item)}: ${at + 1} of ${items.length}`);
  };
  /** Follows the pointer on the whole page: a row that moves would lose it. */
  const drag = (item: T) => {
    const end = new AbortController();
    const follow = ({ clientY }: PointerEvent) => {
      const rows = [...list.current!.children];
      const above = rows.filter((row, index) => {
        const { top, height } = row.getBoundingClientRect();
        return latest.current.items[index] !== item && clientY > top + height / 2;
      });
      move(item, above.length);
    };
    document.addEventListener("pointermove", follow, { signal: end.signal });
    for (const event of ["pointerup", "pointercancel"])
      document.addEventListener(event, () => end.abort(), { signal: end.signal });
  };
  return (
    <ul class="list" ref={list}>
      {items.map((item, index) => (
        <li key={keyOf(item)}>
          {items.length > 1 && (
            <button
              type="button"
              class="icon grip"
              aria-label={`Move ${nameOf(item)}, ${index + 1} of ${items.length}. Arrow keys move it.`}
              title="Drag, or use the arrow keys"
              onKeyDown={(event) => {
                const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
                if (!by) return;
                event.preventDefault();
                move(item, index + by);
                const grip = event.currentTarget;
                requestAnimationFrame(() => grip.focus());
              }}
              onPointerDown={(event) => {
                if (event.button !== 0) return;
                // Touch captures the pointer for the grip by itself.
                event.currentTarget.releasePointerCapture(event.pointerId);
                drag(item);
              }}
            >
              <Icon name="grip" />
            </button>
          )}
          {row(item)}
        </li>
      ))}
    </ul>
  );
}
