/**
 * Small controls that several views use.
 *
 * @module
 */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { announce } from "../state/notices.ts";
import { Icon, type IconName } from "./icons.tsx";

interface SegmentsProps<T extends string> {
  label: string;
  name: string;
  options: readonly { value: T; label: string; disabled?: boolean; title?: string | undefined }[];
  value: T;
  set(value: T): void;
}

/** One choice of a few, side by side. */
export function Segments<T extends string>({ label, name, options, value, set }: SegmentsProps<T>) {
  const group = `${name}-${useId()}`;
  return (
    <fieldset class="segments">
      <legend class="hidden">{label}</legend>
      {options.map((option) => (
        <label key={option.value} title={option.title}>
          <input
            type="radio"
            name={group}
            value={option.value}
            checked={option.value === value}
            disabled={option.disabled ?? false}
            onChange={() => set(option.value)}
          />
          <span>{option.label}</span>
        </label>
      ))}
    </fieldset>
  );
}

interface FieldProps {
  label: ComponentChildren;
  note?: ComponentChildren;
  children: ComponentChildren;
}

/** The control is the child. */
export const Field = ({ label, note, children }: FieldProps) => (
  // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child
  <label class="field">
    <span>{label}</span>
    {children}
    {note && <small>{note}</small>}
  </label>
);

interface TextProps {
  label: string;
  value: string;
  set(value: string): void;
  note?: string;
  placeholder?: string;
  min?: number;
  max?: number;
  step?: number | "any";
}

/** A number that may be left empty for the default. */
export const NumberField = ({ label, value, set, note, placeholder, min, max, step = "any" }: TextProps) => (
  <Field label={label} note={note}>
    <input
      type="number"
      value={value}
      placeholder={placeholder}
      {...(min !== undefined && { min })}
      {...(max !== undefined && { max })}
      step={step}
      onInput={(event) => set(event.currentTarget.value)}
    />
  </Field>
);

type ListProps = Pick<TextProps, "label" | "value" | "set" | "placeholder">;

/** Several numbers, apart by commas. */
export const ListField = ({ label, value, set, placeholder }: ListProps) => (
  <Field label={label}>
    <input value={value} placeholder={placeholder} onInput={(event) => set(event.currentTarget.value)} />
  </Field>
);

interface SliderProps {
  label: string;
  value: number;
  set(value: number): void;
  min: number;
  max: number;
  step: number;
  /** The value in words, beside the slider. */
  words?: string | undefined;
}

const Range = ({ value, set, min, max, step }: Omit<SliderProps, "label" | "words">) => (
  <input
    type="range"
    min={min}
    max={max}
    step={step}
    value={value}
    onInput={(event) => set(event.currentTarget.valueAsNumber)}
  />
);

/** A slider in a tool bar. */
export const Slider = ({ label, words, ...range }: SliderProps) => (
  // biome-ignore lint/a11y/noLabelWithoutControl: the control is the range
  <label class="inline">
    <span>{label}</span>
    <Range {...range} />
    {words !== undefined && <output>{words}</output>}
  </label>
);

/** A slider of a form, with its value above it. */
export const SliderField = ({ label, words, note, ...range }: SliderProps & { note?: string }) => (
  <Field
    label={
      <>
        {label} <output>{words ?? range.value}</output>
      </>
    }
    note={note}
  >
    <Range {...range} />
  </Field>
);

/** A button that shows a menu; the menu closes by a choice, Escape or a click elsewhere. */
export function Menu({
  label,
  icon,
  children,
}: {
  label: string;
  icon?: IconName;
  children: ComponentChildren;
}) {
  const details = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (event: Event) => {
      const element = details.current;
      if (!element?.open) return;
      if (event instanceof KeyboardEvent) {
        if (event.key !== "Escape") return;
        element.open = false;
        element.querySelector("summary")?.focus();
      } else if (!element.contains(event.target as Node)) element.open = false;
    };
    document.addEventListener("pointerdown", close);
    document.addEventListener("keydown", close);
    return () => {
      document.removeEventListener("pointerdown", close);
      document.removeEventListener("keydown", close);
    };
  }, []);
  return (
    <details class="menu" data-menu={label} ref={details}>
      <summary class="button quiet">
        {icon && <Icon name={icon} />}
        {label}
      </summary>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the buttons inside are the controls */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: keys reach the buttons inside */}
      <div
        class="menu-items"
        onClick={() => {
          if (details.current) details.current.open = false;
        }}
      >
        {children}
      </div>
    </details>
  );
}

export function CopyButton({ text, label = "Copy" }: { text: () => string; label?: string }) {
  const [said, setSaid] = useState(label);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text());
      setSaid("Copied");
      announce("Copied");
    } catch {
      setSaid("Not allowed here");
    }
    setTimeout(() => setSaid(label), 1500);
  };
  return (
    <button type="button" class="quiet" onClick={copy}>
      <Icon name="copy" />
      {said}
    </button>
  );
}
