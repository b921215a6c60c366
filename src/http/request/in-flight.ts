/**
 * A bound on bytes that requests hold in memory at the same time.
 *
 * The first bytes of a request are free, so that small ones never wait. Where there is no room, a request waits; the oldest that waits
 * gets the room that others give back until it is done. When all of them wait for each other, the youngest is refused.
 *
 * @module
 */
import { Refusal } from "../../errors.ts";

/** The bytes that one request holds. */
export interface Share {
  /** Resolves once there is room; undefined when there is at once. @throws {Refusal} `overloaded` after waiting too long in all. */
  grow(bytes: number): Promise<void> | undefined;
  release(): void;
}

export interface InFlight {
  share(): Share;
  /** Bytes that count. */
  held(): number;
}

interface Options {
  /** Milliseconds that one request may wait in all. */
  patienceMs?: number;
  /** Bytes of each request that do not count. */
  freeBytes?: number;
}

interface Holder {
  asked: number;
  counted: number;
  patience: number;
  waiting?: { bytes: number; admit(): void; refuse(): void } | undefined;
}

/** Seconds after which a refused client may try again. */
const retryAfter = 5;

export function inFlight(limit: number, { patienceMs = 10_000, freeBytes = 65_536 }: Options = {}): InFlight {
  let held = 0;
  /** Those whose bytes count, or that wait, the oldest first. */
  const holders = new Set<Holder>();
  let favoured: Holder | undefined;

  // A single body is admitted whatever its size: another setting limits it.
  const fits = (holder: Holder, bytes: number) => held + bytes <= limit || held === holder.counted;
  const isFree = (holder: Holder) => favoured === undefined || favoured === holder;

  function take(holder: Holder, bytes: number): void {
    held += bytes;
    holder.counted += bytes;
  }

  function admitOldest(): void {
    favoured ??= holders.values().find(({ waiting }) => waiting);
    const { waiting } = favoured ?? {};
    if (favoured && waiting && fits(favoured, waiting.bytes)) {
      take(favoured, waiting.bytes);
      waiting.admit();
    }
  }

  /** Without this, requests that hold all the room would wait for each other. */
  function refuseYoungest(): void {
    const all = [...holders];
    if (all.every(({ waiting }) => waiting)) all.findLast((holder) => holder !== favoured)?.waiting?.refuse();
  }

  function wait(holder: Holder, bytes: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const since = performance.now();
    const end = (settle: () => void) => () => {
      clearTimeout(timer);
      holder.patience -= performance.now() - since;
      holder.waiting = undefined;
      settle();
    };
    const refuse = end(() =>
      reject(
        new Refusal("overloaded", "too many large request bodies are being read at the same time", {
          "Retry-After": String(retryAfter),
        }),
      ),
    );
    const timer = setTimeout(refuse, Math.max(0, holder.patience));
    holder.waiting = { bytes, admit: end(resolve), refuse };
    admitOldest();
    refuseYoungest();
    return promise;
  }

  return {
    held: () => held,
    share() {
      const holder: Holder = { asked: 0, counted: 0, patience: patienceMs };
      return {
        grow(bytes) {
          holder.asked += bytes;
          const more = Math.max(0, holder.asked - freeBytes) - holder.counted;
          if (more <= 0) return undefined;
          holders.add(holder);
          if (!isFree(holder) || !fits(holder, more)) return wait(holder, more);
          take(holder, more);
          return undefined;
        },
        release() {
          if (!holders.delete(holder)) return;
          held -= holder.counted;
          if (favoured === holder) favoured = undefined;
          admitOldest();
          refuseYoungest();
        },
      };
    },
  };
}
