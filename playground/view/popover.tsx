/**
 * A button of the bar with a panel below it. The panel closes by Escape, by a click elsewhere, and when the page shows something else.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { route } from "../state/route.ts";

interface Props {
  /** Name of the panel. */
  label: string;
  button: ComponentChildren;
  /** Class of the button. */
  kind?: string;
  title?: string;
  children: ComponentChildren;
}

export function Popover({ label, button, kind = "quiet", title, children }: Props) {
  const open = useSignal(false);
  const whole = useRef<HTMLDivElement>(null);
  const id = useId();
  const at = route.value;
  useEffect(() => {
    open.value = false;
  }, [at]);
  useEffect(() => {
    const close = (event: Event) => {
      if (!open.peek()) return;
      if (event instanceof KeyboardEvent) {
        if (event.key !== "Escape") return;
        whole.current?.querySelector("button")?.focus();
      } else if (whole.current?.contains(event.target as Node)) return;
      open.value = false;
    };
    document.addEventListener("keydown", close);
    document.addEventListener("pointerdown", close);
    return () => {
      document.removeEventListener("keydown", close);
      document.removeEventListener("pointerdown", close);
    };
  }, []);
  return (
    <div class="popover-place" ref={whole}>
      <button
        type="button"
        class={kind}
        title={title}
        aria-expanded={open.value}
        {...(open.value && { "aria-controls": id })}
        onClick={() => (open.value = !open.value)}
      >
        {button}
      </button>
      {open.value && (
        <section id={id} class="popover" aria-label={label}>
          {children}
        </section>
      )}
    </div>
  );
}
