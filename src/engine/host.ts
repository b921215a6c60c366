/**
 * Answers the main thread's requests with the families' tasks. It runs on the engine thread, alone with MLX.
 *
 * @module
 */
import { basename } from "node:path";
import {
  choosePrecision,
  clearCache,
  type Device,
  device,
  keep,
  kernels,
  memory,
  openLibrary,
  precisionInUse,
  resetPeak,
  scope,
  synchronize,
  version,
} from "../../ffi/index.ts";
import { type EngineStats, requestFaults, TaskError } from "./engine.ts";
import { requireFiniteIn } from "./finite.ts";
import type { Reply, Request } from "./protocol.ts";
import { movable } from "./protocol.ts";
import { Cancelled, type Part, type Progress, type Task, type Values } from "./task.ts";

interface Resident {
  part: Part;
  bytes: number;
  paths: readonly string[];
}

type Post = (reply: Reply, transfer?: Transferable[]) => void;

/** Gives the function that answers one request. */
export function host(
  families: Readonly<Record<string, Task>>,
  post: Post,
): (id: number, request: Request) => void {
  const residents = new Map<string, Resident>();

  const task = (family: string): Task => {
    const found = families[family];
    if (!found) throw new TaskError(`no family "${family}" on the engine`, "failed");
    return found;
  };

  /** Reports progress to the main thread, and leaves the task if its job was cancelled. */
  const progressOf =
    (id: number, cancel: Int32Array): Progress =>
    (label, done, total, payload) => {
      leaveIfCancelled(cancel);
      const moved = payload && movable(payload);
      const progress = { label, done, total, ...(moved && { payload: moved.values }) };
      post({ id, kind: "progress", progress }, moved?.buffers);
    };

  function drop(key: string): void {
    residents.get(key)?.part[Symbol.dispose]();
    if (residents.delete(key)) clearCache();
  }

  function load(id: number, request: Extract<Request, { kind: "load" }>) {
    const { key, source, cancel } = request;
    const present = residents.get(key);
    if (present) return { bytes: present.bytes };
    leaveIfCancelled(cancel);
    const before = memory().active;
    const notes: string[] = [];
    // whatever a load makes beside the part, or before it failed, goes with the scope
    const part = scope(() => {
      const loaded = task(source.family).load(request.part, source, progressOf(id, cancel), (text) =>
        notes.push(text),
      );
      synchronize();
      leaveIfCancelled(cancel);
      return keep(loaded);
    });
    const bytes = memory().active - before;
    residents.set(key, { part, bytes, paths: source.paths });
    return { bytes, ...(notes.length > 0 && { notes }) };
  }

  function run(id: number, request: Extract<Request, { kind: "run" }>) {
    leaveIfCancelled(request.cancel);
    const parts: Record<string, Part> = {};
    for (const [name, key] of Object.entries(request.parts)) {
      const resident = residents.get(key);
      if (!resident) throw new TaskError(`the part "${name}" is not loaded`, "failed");
      parts[name] = resident.part;
    }
    resetPeak();
    const output = scope(() =>
      task(request.family).run(request.phase, parts, request.input, progressOf(id, request.cancel)),
    );
    // a failed kernel could otherwise report at the next call
    synchronize();
    // a task of one step has no progress to notice it by
    leaveIfCancelled(request.cancel);
    requireFiniteIn(output);
    const { peak } = memory();
    // on a GPU MLX keeps within what Metal recommends; a server's main memory is not only ours
    if (device().kind === "cpu") clearCache();
    return { output, input: request.input, peak };
  }

  function stats(): EngineStats {
    const precision = device().kind === "cpu" ? { precision: precisionInUse() } : {};
    const parts = Object.fromEntries([...residents].map(([key, { bytes }]) => [key, bytes]));
    return { ...memory(), parts, ...onDevice(device()), mlx: version(), kernels: kernels(), ...precision };
  }

  function answer(id: number, request: Request): unknown {
    switch (request.kind) {
      case "open":
        openLibrary(request.library, { device: request.device });
        if (device().kind === "cpu") choosePrecision(request.precision.products, request.precision.quantized);
        return undefined;
      case "load":
        return load(id, request);
      case "run":
        return run(id, request);
      case "evict":
        return drop(request.key);
      case "stats":
        return stats();
    }
  }

  return (id, request) => {
    try {
      const value = answer(id, request);
      if (request.kind !== "run") return post({ id, kind: "done", value });
      const { values, buffers } = movable(value as Values);
      post({ id, kind: "done", value: values }, buffers);
    } catch (error) {
      const failure = describe(error, pathsOf(request, residents));
      if (request.kind === "run" && failure.kind !== "cancelled" && !requestFaults.has(failure.kind))
        for (const key of Object.values(request.parts)) drop(key);
      if (request.kind === "run" || request.kind === "load") settle();
      post({ id, kind: "failed", error: failure });
    }
  };
}

/** The device for `stats`. Only Metal recommends a working set. */
export function onDevice({
  name,
  kind,
  architecture,
  recommended,
}: Device): Pick<EngineStats, "device" | "kind" | "architecture" | "workingSet"> {
  return { device: name || kind, kind, architecture, ...(recommended > 0 && { workingSet: recommended }) };
}

function leaveIfCancelled(cancel: Int32Array): void {
  if (Atomics.load(cancel, 0)) throw new Cancelled("the job was cancelled");
}

/** After an error: nothing half done stays queued or kept. */
function settle(): void {
  try {
    synchronize();
  } catch {
    // the same failure once more
  }
  clearCache();
}

const outOfMemory =
  /bad_alloc|out of memory|unable to allocate|insufficient memory|greater than the maximum allowed buffer/i;

type Failure = Extract<Reply, { kind: "failed" }>["error"];

/** The failure as the main thread gets it: with names of files, without this machine's folders. */
function describe(error: unknown, paths: readonly string[]): Failure {
  if (error instanceof Cancelled) return { kind: "cancelled", message: error.message };
  let message = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && error.cause instanceof Error) message += `: ${error.cause.message}`;
  for (const path of paths) message = message.replaceAll(path, basename(path));
  if (error instanceof TaskError) return { kind: error.kind, message };
  if (error instanceof Error && error.name === "CheckpointError")
    return { kind: "checkpoint_invalid", message };
  return { kind: outOfMemory.test(message) ? "out_of_memory" : "failed", message };
}

function pathsOf(request: Request, residents: ReadonlyMap<string, Resident>): readonly string[] {
  if (request.kind === "load") return request.source.paths;
  if (request.kind !== "run") return [];
  return Object.values(request.parts).flatMap((key) => residents.get(key)?.paths ?? []);
}
