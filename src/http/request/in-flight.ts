/**
 * A bound on bytes that are held in memory for requests at the same time.
 *
 * @module
 */
import { Refusal } from "../../errors.ts";

/** What one request holds. */
export interface Share {
  /** Resolves once there is room. @throws {Refusal} `overloaded` when there is none for too long. */
  grow(bytes: number): Promise<void> | undefined;
  release(): void;
}

export interface InFlight {
  share(): Share;
  held(): number;
}

interface Waiting {
  bytes: number;
  share: { held: number };
  admit(): void;
}

/** Seconds after which a refused client may try again. */
const retryAfter = 5;

export function inFlight(limit: number, { patienceMs = 10_000 } = {}): InFlight {
  let held = 0;
  const queue: Waiting[] = [];
  // One body alone is let through whatever its size: the limit on a single body is another.
  const fits = ({ bytes, share }: Pick<Waiting, "bytes" | "share">) =>
    held + bytes <= limit || held === share.held;
  const take = ({ bytes, share }: Pick<Waiting, "bytes" | "share">) => {
    held += bytes;
    share.held += bytes;
  };
  const admitNext = () => {
    for (const waiting of [...queue]) {
      if (!fits(waiting)) continue;
      queue.splice(queue.indexOf(waiting), 1);
      take(waiting);
      waiting.admit();
    }
  };

  return {
    held: () => held,
    share() {
      const share = { held: 0 };
      return {
        grow(bytes) {
          if (fits({ bytes, share })) {
            take({ bytes, share });
            return undefined;
          }
          const { promise, resolve, reject } = Promise.withResolvers<void>();
          const waiting: Waiting = {
            bytes,
            share,
            admit() {
              clearTimeout(timer);
              resolve();
            },
          };
          const timer = setTimeout(() => {
            queue.splice(queue.indexOf(waiting), 1);
            reject(
              new Refusal("overloaded", "too many large request bodies are being read at the same time", {
                "Retry-After": String(retryAfter),
              }),
            );
          }, patienceMs);
          queue.push(waiting);
          return promise;
        },
        release() {
          held -= share.held;
          share.held = 0;
          admitNext();
        },
      };
    },
  };
}
