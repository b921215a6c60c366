/**
 * Memory and device of MLX. All of it is the process's, not the thread's.
 *
 * @module
 */
import { c, done, NativeError } from "./library.ts";

/** Bytes. The cache is memory MLX keeps for its next arrays. */
export interface Memory {
  active: number;
  /** The most that was active since the start or {@linkcode resetPeak}. */
  peak: number;
  cache: number;
}

export function memory(): Memory {
  return {
    active: c.easel_memory(0),
    peak: c.easel_memory(1),
    cache: c.easel_memory(2),
  };
}

export function resetPeak(): void {
  done(c.easel_reset_peak());
}

/** Gives the cache back to the system. */
export function clearCache(): void {
  done(c.easel_clear_cache());
}

/** How many handles are alive in the process; a test compares it with what it was before. */
export function liveHandles(): number {
  return c.easel_live();
}

const limits = { cache: 0, memory: 1, wired: 2 } as const;

/**
 * Sets a limit in bytes and returns the one before: of the cache, of all memory (a guideline), or of what stays resident on a
 * Mac ("wired"; more than the system allows is an error).
 */
export function setLimit(limit: keyof typeof limits, bytes: number): number {
  const before = c.easel_set_limit(limits[limit], bytes);
  if (before < 0) throw new NativeError(c.easel_error());
  return before;
}

export interface Device {
  kind: "cpu" | "gpu";
  name: string;
  architecture: string;
  /** Bytes of memory it works with. */
  memory: number;
  /** Metal's recommended working set in bytes; 0 if there is none. */
  recommended: number;
}

/** What MLX computes on. */
export function device(): Device {
  const text = (key: string) => c.easel_device_text(key);
  const number = (key: string) => c.easel_device_number(key);
  return {
    kind: c.easel_device() === 2 ? "gpu" : "cpu",
    name: text("device_name"),
    architecture: text("architecture"),
    memory: number("memory_size") || number("total_memory"),
    recommended: number("max_recommended_working_set_size"),
  };
}

/** MLX's version. */
export function version(): string {
  return c.easel_version();
}
