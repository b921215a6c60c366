/** Time as an argument, so that tests can move it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once after that many milliseconds, unless the returned function is called before. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** Longer waits overflow the timer and would end at once. */
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

/** Does something again and again, each time that long after it was done. The returned function ends it. */
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
