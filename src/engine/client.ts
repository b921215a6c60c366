/**
 * The engine as the main thread sees it, over the messages of `protocol.ts`. It knows nothing of what answers them.
 *
 * @module
 */
import { type Engine, type EngineStats, type PhaseProgress, type Running, TaskError } from "./engine.ts";
import { movable, type Reply, type Request, type WantedDevice, type WantedPrecision } from "./protocol.ts";
import { Cancelled, type Values } from "./task.ts";

/** The part of `Worker` that the client needs. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  onmessageerror: ((event: MessageEvent) => void) | null;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
  onProgress: ((progress: PhaseProgress) => void) | undefined;
}

/**
 * Connects to an engine. `fault` is called when the engine itself breaks, which no request can cause: the process should end.
 *
 * @example
 * ```ts
 * const engine = connect(new Worker(new URL("./engine/worker.ts", import.meta.url)), (error) => process.exit(70));
 * await engine.open("/path/of/libshim.so");
 * await engine.load("depth", "model", source);
 * ```
 */
export function connect(
  port: Port,
  fault: (error: Error) => void,
): Engine & { open(library: string, device?: WantedDevice, precision?: WantedPrecision): Promise<void> } {
  const waiting = new Map<number, Waiting>();
  let next = 0;
  let broken: Error | undefined;

  port.onmessage = ({ data }: MessageEvent<Reply>) => {
    const request = waiting.get(data.id);
    if (!request) return;
    if (data.kind === "progress") return request.onProgress?.(data.progress);
    waiting.delete(data.id);
    if (data.kind === "done") return request.resolve(data.value);
    const { kind, message } = data.error;
    request.reject(kind === "cancelled" ? new Cancelled(message) : new TaskError(message, kind));
  };
  const fail = (error: Error) => {
    broken = error;
    for (const request of waiting.values()) request.reject(error);
    waiting.clear();
    fault(error);
  };
  port.onerror = (event) => fail(new Error(`the engine stopped: ${event.message}`));
  port.onmessageerror = () => fail(new Error("the engine sent a message that cannot be read"));

  function ask<T>(
    message: Request,
    transfer: Transferable[] = [],
    onProgress?: Running["onProgress"],
  ): Promise<T> {
    if (broken) return Promise.reject(broken);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const id = ++next;
    waiting.set(id, { resolve, reject, onProgress });
    try {
      port.postMessage({ id, ...message }, transfer);
    } catch (error) {
      waiting.delete(id);
      reject(error as Error);
    }
    return promise as Promise<T>;
  }

  /** A flag that the engine reads while it works: it cannot hear messages then. */
  async function cancellable<T>(
    signal: AbortSignal | undefined,
    body: (cancel: Int32Array) => Promise<T>,
  ): Promise<T> {
    if (signal?.aborted) throw new Cancelled("cancelled before it began");
    const cancel = new Int32Array(new SharedArrayBuffer(4));
    const stop = () => Atomics.store(cancel, 0, 1);
    signal?.addEventListener("abort", stop, { once: true });
    try {
      return await body(cancel);
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  return {
    open: (library, device = "best", precision = { products: "auto", quantized: "auto" }) =>
      ask({ kind: "open", library, device, precision }),
    load: (key, part, source, running) =>
      cancellable(running?.signal, (cancel) =>
        ask({ kind: "load", key, part, source, cancel }, [], running?.onProgress),
      ),
    run: (family, phase, parts, input, running) =>
      cancellable(running?.signal, (cancel) => {
        const { values, buffers } = movable(input);
        return ask<{ output: Values; input: Values; peak: number }>(
          { kind: "run", family, phase, parts, input: values, cancel },
          buffers,
          running?.onProgress,
        );
      }),
    evict: (key) => ask({ kind: "evict", key }),
    stats: () => ask<EngineStats>({ kind: "stats" }),
  };
}
