/**
 * Frees the memory of arrays that are no longer read. The garbage collector sees small objects and would wait, while pictures pile
 * up behind them.
 */
export function release(...arrays: readonly (ArrayBufferView | undefined)[]): void {
  for (const array of arrays) {
    const buffer = array?.buffer;
    if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
  }
}
