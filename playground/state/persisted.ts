/**
 * Signals that the browser keeps between visits.
 *
 * @module
 */
import { effect, type Signal, signal } from "@preact/signals";

/** A signal whose value is saved in local storage. A stored object is laid over `initial`, so new fields get their defaults. */
export function persisted<T>(key: string, initial: T): Signal<T> {
  const name = `easel.${key}`;
  const value = signal(restore(name, initial));
  effect(() => {
    try {
      localStorage.setItem(name, JSON.stringify(value.value));
    } catch {
      // Storage is full or forbidden: the page works without it.
    }
  });
  return value;
}

function restore<T>(name: string, initial: T): T {
  try {
    const text = localStorage.getItem(name);
    if (text === null) return initial;
    const stored: unknown = JSON.parse(text);
    if (typeof stored !== typeof initial || Array.isArray(stored) !== Array.isArray(initial)) return initial;
    return isObject(stored) ? ({ ...initial, ...stored } as T) : (stored as T);
  } catch {
    return initial;
  }
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);
