import { DownloadError } from "./errors.ts";

export const tries = 6;
const triesToReach = 3;
const longestWait_s = 300;
const reportedWait_s = 5;

/** How to wait between attempts. */
export interface RetryOptions {
  signal?: AbortSignal | undefined;
  sleep?: ((seconds: number) => Promise<void>) | undefined;
  /** Called before each longer wait. */
  onWait?: ((seconds: number, why: string) => void) | undefined;
}

/** Waits after attempt number `attempt`: as long as the server says, else exponentially longer. Aborting ends the wait. */
export async function pause(
  failure: DownloadError,
  attempt: number,
  { signal, sleep = (seconds) => Bun.sleep(seconds * 1000), onWait }: RetryOptions,
): Promise<void> {
  const seconds = Math.min(longestWait_s, failure.retryAfter ?? Math.min(30, 0.5 * 2 ** attempt));
  if (seconds >= reportedWait_s) onWait?.(seconds, failure.message);
  const stopped = Promise.withResolvers<void>();
  signal?.addEventListener("abort", () => stopped.resolve(), { once: true });
  if (!signal?.aborted) await Promise.race([sleep(seconds), stopped.promise]);
  signal?.throwIfAborted();
}

/** Retries transient failures; an unreachable host fewer times. */
export async function withRetries<T>(ask: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      const most = error instanceof DownloadError && error.code === "unreachable" ? triesToReach : tries;
      if (!(error instanceof DownloadError && error.retry) || attempt >= most) throw error;
      await pause(error, attempt, options);
    }
  }
}
