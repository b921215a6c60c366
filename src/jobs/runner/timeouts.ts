/** Waits that end by time or by cancelling. */
import { Cancelled } from "../../engine/task.ts";
import type { Clock } from "../clock.ts";
import type { JobContext } from "../context.ts";
import type { Ending } from "../store/store.ts";

/** Whether a promise resolves within that many seconds. */
export async function inTime(promise: Promise<void>, clock: Clock, seconds: number): Promise<boolean> {
  const { promise: over, resolve } = Promise.withResolvers<boolean>();
  const clear = clock.after(seconds * 1000, () => resolve(false));
  const first = await Promise.race([promise.then(() => true), over]);
  clear();
  return first;
}

/** Rejects with `Cancelled` at the abort, whether the work heeds its signal or not. */
export function abortable<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const stop = () => reject(new Cancelled());
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** Calls `expire` once a job has run for `job_timeout_s`. The returned function prevents it. */
export function limitTime(
  { clock, settings }: Pick<JobContext, "clock" | "settings">,
  expire: (ending: Extract<Ending, { status: "failed" }>) => Promise<void>,
): () => void {
  const limit = settings.job_timeout_s;
  if (limit <= 0) return () => {};
  const error = `The job ran longer than job_timeout_s (${limit} s)`;
  return clock.after(limit * 1000, () => void expire({ status: "failed", error, error_code: "timed_out" }));
}
