/**
 * Requests to a server that may be away: each with a deadline, made again a few times.
 *
 * @module
 */
import { Refusal } from "../../errors.ts";

/** An answer that another attempt may change: a failed connection, silence, or a fault of the server. */
export class Passing extends Error {
  override name = "Passing" as const;
}

export interface Deadlines {
  /** Milliseconds until an answer begins. */
  answer: number;
  /** Milliseconds without a byte of a body. */
  silence: number;
  /** Least bytes a second of an upload, on top of `answer`. */
  rate: number;
  /** Milliseconds before the second, the third and the fourth attempt. */
  pauses: readonly number[];
}

/** Together they take less than 15 s for a server that is silent. */
export const usualDeadlines: Deadlines = {
  answer: 3000,
  silence: 5000,
  rate: 1e6,
  pauses: [200, 500, 1000],
};

/** Seconds after which a client may ask again. */
const retryAfter = "10";

export const filesUnavailable = (cause: unknown): Refusal =>
  Object.assign(
    new Refusal("files_unavailable", "The place where files are kept does not answer: try again later", {
      "Retry-After": retryAfter,
    }),
    { cause },
  );

export const isUnavailable = (error: unknown): boolean =>
  error instanceof Refusal && error.code === "files_unavailable";

/**
 * Makes a request up to four times.
 *
 * @throws {Refusal} `files_unavailable` when the last attempt fails in a way that may pass.
 */
export async function attempts<T>(
  work: () => Promise<T>,
  { pauses }: Pick<Deadlines, "pauses">,
  signal?: AbortSignal,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof Passing)) throw error;
      if (attempt === pauses.length) throw filesUnavailable(error);
      await pause(pauses[attempt]!, signal);
    }
  }
}

/** Ends early when the signal is aborted. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal?.aborted) return Promise.resolve();
  const timer = setTimeout(done, milliseconds);
  signal?.addEventListener("abort", done, { once: true });
  function done(): void {
    clearTimeout(timer);
    signal?.removeEventListener("abort", done);
    resolve();
  }
  return promise;
}

/** A signal that aborts when nothing happens for that long. */
export function watchSilence(milliseconds: number, outer?: AbortSignal) {
  const controller = new AbortController();
  const give = () => controller.abort(new Passing("no answer in time"));
  let timer = setTimeout(give, milliseconds);
  const follow = () => controller.abort(outer?.reason);
  if (outer?.aborted) follow();
  outer?.addEventListener("abort", follow, { once: true });
  return {
    signal: controller.signal,
    /** Something happened. */
    again(next = milliseconds) {
      clearTimeout(timer);
      timer = setTimeout(give, next);
    },
    /** Nothing is expected now. */
    rest: () => clearTimeout(timer),
    stop() {
      clearTimeout(timer);
      outer?.removeEventListener("abort", follow);
    },
  };
}
