/** Time as an argument, so that tests can move it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once after that many milliseconds. The returned function prevents it. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** A longer wait overflows the timer, which then fires at once. */
const longestTimer = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: Date.now,
  after(milliseconds, callback) {
    const timer = setTimeout(callback, Math.min(milliseconds, longestTimer));
    return () => clearTimeout(timer);
  },
};

export const sleep = (clock: Clock, milliseconds: number) =>
  new Promise<void>((resolve) => void clock.after(milliseconds, resolve));

/** Repeats work, with a pause after each run. The returned function ends it. */
export function every(clock: Clock, milliseconds: number, work: () => Promise<unknown>): () => void {
  let ended = false;
  let clear = () => {};
  const again = () => {
    clear = clock.after(milliseconds, async () => {
      await work();
      if (!ended) again();
    });
  };
  again();
  return () => {
    ended = true;
    clear();
  };
}
