/**
 * The interface of a family on the engine thread. Its `task.ts` exports one `Task`; the worker finds it in the registry.
 * Everything here is synchronous: only the worker calls it.
 *
 * @module
 */

/** Values that cross the thread border: plain data and typed arrays, whose buffers are moved, not copied. */
export type Value =
  | string
  | number
  | boolean
  | null
  | undefined
  | ArrayBufferView
  | readonly Value[]
  | { readonly [key: string]: Value };
export type Values = { readonly [key: string]: Value };

/** How many bits a quantized weight has; null is unquantized. */
export type Bits = 3 | 4 | 5 | 6 | 8 | null;

/**
 * Says how far the phase is: `done` of `total` steps, tiles or blocks. Throws `Cancelled` when the job was cancelled, so call it
 * between them. `payload` travels with the event (a preview picture).
 */
export type Progress = (label: ProgressLabel, done: number, total: number, payload?: Values) => void;
export type ProgressLabel =
  | "loading"
  | "estimating"
  | "enlarging"
  | "encoding"
  | "denoising"
  | "decoding"
  | "saving";

/** What to load a part from. */
export interface Source {
  family: string;
  variant: string;
  /** Folders and files in the published layout, in the order they are searched. */
  paths: readonly string[];
  bits: Bits;
  /** Settings of the family that change what is built. */
  options: Values;
  /** The folder of what can be made again, and how much it may hold. */
  cache?: { folder: string; maxBytes: number | null };
}

/** A loaded part: owns its tensors until disposed. */
export type Part = Disposable;

/** A family on the engine thread. */
export interface Task {
  family: string;
  /**
   * Loads one part (most families have the one part "model"). Reads nothing but weights and configs under `source.paths`, and what
   * it keeps in `source.cache`. `note` gets faults that did not matter.
   */
  load(part: string, source: Source, progress: Progress, note?: (text: string) => void): Part;
  /**
   * Runs one phase of a job. `parts` holds what the phase's need names. What it returns is merged over `input` for the next
   * phase, and the last phase's result goes to `publish`.
   */
  run(phase: string, parts: Readonly<Record<string, Part>>, input: Values, progress: Progress): Values;
}

/** Thrown by `Progress`, and by nothing else, to leave a task whose job was cancelled. */
export class Cancelled extends Error {
  override name = "Cancelled" as const;
}
