/**
 * Parts that several forms use.
 *
 * @module
 */
import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { randomSeed } from "../state/run.ts";
import { Icon } from "../view/icons.tsx";

export function update<T>(form: Signal<T>, change: Partial<T>): void {
  form.value = { ...form.value, ...change };
}

export const More = ({ title = "More", children }: { title?: string; children: ComponentChildren }) => (
  <details class="more">
    <summary>{title}</summary>
    {children}
  </details>
);

export function SeedField({ value, set }: { value: string; set(value: string): void }) {
  return (
    <div class="field">
      <label for="seed">Seed</label>
      <div class="with-button">
        <input
          id="seed"
          type="number"
          step={1}
          min={0}
          placeholder="Random"
          value={value}
          onInput={(event) => set(event.currentTarget.value)}
        />
        <button
          type="button"
          class="icon"
          aria-label="New random seed"
          onClick={() => set(String(randomSeed()))}
        >
          <Icon name="dice" />
        </button>
        {value !== "" && (
          <>
            <button
              type="button"
              class="icon"
              aria-label="Next seed"
              onClick={() => set(String(Number(value) + 1))}
            >
              <Icon name="plus" />
            </button>
            <button
              type="button"
              class="icon"
              aria-label="Back to a random seed each time"
              onClick={() => set("")}
            >
              <Icon name="close" />
            </button>
          </>
        )}
      </div>
    </div>
  );
}
