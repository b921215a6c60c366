import { DownloadError } from "./errors.ts";

export const tries = 6;
const triesToReach = 3;
const longestWait_s = 300;
const worthTelling_s = 5;

/** How to wait, and whom to tell. */
export interface Patience {
  signal?: AbortSignal | undefined;
  sleep?: ((seconds: number) => Promise<void>) | undefined;
  /** Told before each longer wait. */
  onWait?: ((seconds: number, why: string) => void) | undefined;
}

/** Waits after attempt number `attempt`: as long as the server asked for, else longer each time. A stop ends it. */
export async function pause(
  failure: DownloadError,
  attempt: number,
  { signal, sleep = (seconds) => Bun.sleep(seconds * 1000), onWait }: Patience,
): Promise<void> {
  const seconds = Math.min(longestWait_s, failure.retryAfter ?? Math.min(30, 0.5 * 2 ** attempt));
  if (seconds >= worthTelling_s) onWait?.(seconds, failure.message);
  const stopped = Promise.withResolvers<void>();
  signal?.addEventListener("abort", () => stopped.resolve(), { once: true });
  if (!signal?.aborted) await Promise.race([sleep(seconds), stopped.promise]);
  signal?.throwIfAborted();
}

/** Asks again while the failure may pass. A host that cannot be reached at all is given up soon. */
export async function patiently<T>(ask: () => Promise<T>, patience: Patience): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      const most = error instanceof DownloadError && error.code === "unreachable" ? triesToReach : tries;
      if (!(error instanceof DownloadError && error.retry) || attempt >= most) throw error;
      await pause(error, attempt, patience);
    }
  }
}
