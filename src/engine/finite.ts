import { TaskError } from "./engine.ts";
import type { Value } from "./task.ts";

export const notFinite = "The network produced NaN or infinite values";

/** Refuses NaN and infinity. The host checks every outcome of a task; a task checks what it turns into bytes. */
export function requireFinite(values: Float32Array | Float64Array): void {
  for (let i = 0; i < values.length; i++)
    if (!Number.isFinite(values[i])) throw new TaskError(notFinite, "invalid_result");
}

/** Refuses NaN and infinity in any array of floats inside a value. */
export function requireFiniteIn(value: Value): void {
  if (value instanceof Float32Array || value instanceof Float64Array) requireFinite(value);
  else if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value))
    for (const inner of Object.values(value as Readonly<Record<string, Value>>)) requireFiniteIn(inner);
}
