/**
 * Short messages: toasts for everybody, announcements for screen readers.
 *
 * @module
 */
import { signal } from "@preact/signals";

export interface Toast {
  id: number;
  text: string;
  action?: { label: string; run(): void } | undefined;
}

const shownMs = 6000;
let last = 0;

export const toasts = signal<readonly Toast[]>([]);
export const announcement = signal("");

export const dismiss = (id: number) => {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
};

/** Shows a toast for six seconds. */
export function toast(text: string, action?: Toast["action"]): number {
  const id = ++last;
  toasts.value = [...toasts.value.slice(-2), { id, text, action }];
  announce(text);
  setTimeout(() => dismiss(id), shownMs);
  return id;
}

/** Speaks to screen readers. */
export function announce(text: string): void {
  announcement.value = text;
}
