/**
 * The engine as the main thread sees it. `client.ts` makes one over a Worker; tests make one from plain functions.
 *
 * @module
 */
import type { Source, Values } from "./task.ts";

export interface EngineStats {
  /** Bytes that MLX holds for arrays, the most it held since the last run began, and what it keeps for reuse. */
  active: number;
  peak: number;
  cache: number;
  /** Bytes by loaded part. */
  parts: Readonly<Record<string, number>>;
  /** Name of the device, else its kind. */
  device: string;
  kind: "cpu" | "gpu";
  architecture: string;
  /** Bytes that the device recommends not to exceed, where it says so (Metal). */
  workingSet?: number;
  /** MLX's version. */
  mlx?: string;
  /** The instruction set of our own kernels, or "off". */
  kernels?: string;
  /** What products multiply, on a processor. */
  precision?: PrecisionState;
}

/** The precision in use, by kind of network. */
export interface PrecisionState {
  setting: "auto" | "float32" | "bfloat16";
  depth: "float32" | "bfloat16";
  diffusion: "float32" | "bfloat16";
  /** Of transformers whose weights are quantized. */
  quantized: "float32" | "bfloat16" | "integer";
  /** Why `auto` takes float32 everywhere; null where it does not. */
  reason: string | null;
}

/** The device of the engine, and whether its kernels were tested. */
export interface DeviceState {
  kind: EngineStats["kind"];
  name: string;
  /** A processor's kernels are tested when they are built. */
  self_test: "passed" | "passed_before" | "imprecise" | "not_needed";
  /** Kernels whose numbers are off by more than rounding, one line each. */
  imprecise?: readonly string[];
  precision?: PrecisionState;
}

/** A part's place in the engine: equal keys share one copy. */
export type PartKey = string;

export interface PhaseProgress {
  label: string;
  done: number;
  total: number;
  payload?: Values;
}

export interface Running {
  /** Called after every step. */
  onProgress?: (progress: PhaseProgress) => void;
  /** Aborting stops the task at its next step; the promise then rejects with `Cancelled`. */
  signal?: AbortSignal;
}

export interface Engine {
  /**
   * Loads a part under a key, unless it is loaded already. Answers its bytes, and notes about failures that did not matter.
   */
  load(
    key: PartKey,
    part: string,
    source: Source,
    running?: Running,
  ): Promise<{ bytes: number; notes?: readonly string[] }>;
  /**
   * Runs a phase with loaded parts. The buffers of `input` are transferred, and come back in the answer's `input` for a later phase;
   * a failure loses them. After a failure other than a bad request or a cancel, the parts used are evicted, because their state is
   * unknown.
   */
  run(
    family: string,
    phase: string,
    parts: Readonly<Record<string, PartKey>>,
    input: Values,
    running?: Running,
  ): Promise<{ output: Values; input: Values; peak: number }>;
  /** Frees a part, or does nothing when it is not loaded. */
  evict(key: PartKey): Promise<void>;
  stats(): Promise<EngineStats>;
}

/** A task failed: MLX's text, out of memory, or an invalid checkpoint. The engine itself is well. */
export class TaskError extends Error {
  override name = "TaskError" as const;

  constructor(
    message: string,
    readonly kind:
      | "failed"
      | "out_of_memory"
      | "checkpoint_invalid"
      | "invalid_result"
      | "invalid_input"
      | "invalid_parameter"
      | "lora_mismatch",
  ) {
    super(message);
  }
}

/** Failures that are the request's fault: the model is as well as before. */
export const requestFaults: ReadonlySet<string> = new Set<TaskError["kind"]>([
  "invalid_input",
  "invalid_parameter",
  "lora_mismatch",
]);
