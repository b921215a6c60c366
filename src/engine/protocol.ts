/**
 * Messages between the main thread and the engine thread. Every request has an id; every reply names it.
 *
 * @module
 */
import type { PhaseProgress, TaskError } from "./engine.ts";
import type { Source, Value, Values } from "./task.ts";

/** Which device is to compute: the best there is, or one of these and no other. */
export type WantedDevice = "best" | "cpu" | "gpu";

/** What products multiply on a processor, and those of quantized transformers; `auto` decides by kind of network. */
export interface WantedPrecision {
  products: "auto" | "float32" | "bfloat16";
  quantized: "auto" | "float" | "integer";
}

export type Request =
  | { kind: "open"; library: string; device: WantedDevice; precision: WantedPrecision }
  | { kind: "load"; key: string; part: string; source: Source; cancel: Int32Array }
  | {
      kind: "run";
      family: string;
      phase: string;
      parts: Readonly<Record<string, string>>;
      input: Values;
      cancel: Int32Array;
    }
  | { kind: "evict"; key: string }
  | { kind: "stats" };

export type Reply =
  | { id: number; kind: "progress"; progress: PhaseProgress }
  | { id: number; kind: "done"; value: unknown }
  | { id: number; kind: "failed"; error: { kind: TaskError["kind"] | "cancelled"; message: string } };

/**
 * The values with the buffers to move along. A view that is only a part of its buffer gets a buffer of its own first, because
 * moving the whole would take it from its other owners (small Buffers share one).
 */
export function movable(values: Values): { values: Values; buffers: ArrayBuffer[] } {
  const buffers = new Set<ArrayBuffer>();
  const visit = (value: Value): Value => {
    if (ArrayBuffer.isView(value)) {
      if (!(value.buffer instanceof ArrayBuffer)) return value;
      const whole = value.byteLength === value.buffer.byteLength;
      const own = whole ? value : copyOf(value);
      buffers.add(own.buffer as ArrayBuffer);
      return own;
    }
    if (Array.isArray(value)) return value.map(visit);
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, visit(inner)]));
    return value;
  };
  return { values: visit(values) as Values, buffers: [...buffers] };
}

function copyOf(view: ArrayBufferView): ArrayBufferView {
  const buffer = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  if (view instanceof DataView) return new DataView(buffer);
  // a Buffer's own constructor would take the bytes from the pool again
  if (view instanceof Uint8Array) return new Uint8Array(buffer);
  return new (view.constructor as new (buffer: ArrayBufferLike) => ArrayBufferView)(buffer);
}

/** Frees the buffers of values that came back from the engine, except those that are kept. */
export function freeOthers(values: Values, kept: Values): void {
  const keeps = new Set(wholeBuffersIn(kept));
  for (const buffer of wholeBuffersIn(values)) if (!keeps.has(buffer) && !buffer.detached) buffer.transfer(0);
}

/** A view of a part of its buffer may share it with others. */
function* wholeBuffersIn(value: Value): Generator<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) {
    const { buffer, byteLength } = value;
    if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) yield buffer;
  } else if (typeof value === "object" && value !== null)
    for (const inner of Object.values(value as Readonly<Record<string, Value>>)) yield* wholeBuffersIn(inner);
}
