/**
 * A WebAssembly module states how far its memory may grow. The limit is put into the module before it is compiled: nothing in it can
 * pass that.
 *
 * @module
 */

const memorySection = 5;
const pageBytes = 65_536;

/** The module with another limit of its memory. */
export function withMemoryLimit(module: Uint8Array, maxBytes: number): Uint8Array {
  let at = 8;
  while (at < module.length) {
    const start = at;
    const kind = module[at++]!;
    const size = readLeb(module, at);
    at = size.next + size.value;
    if (kind !== memorySection) continue;
    const count = readLeb(module, size.next);
    const flags = module[count.next]!;
    const initial = readLeb(module, count.next + 1);
    if (count.value !== 1 || flags !== 1) break;
    const body = [1, 1, ...leb(initial.value), ...leb(Math.floor(maxBytes / pageBytes))];
    return Buffer.concat([
      module.subarray(0, start),
      Uint8Array.from([memorySection, ...leb(body.length), ...body]),
      module.subarray(at),
    ]);
  }
  throw new Error("the module has no memory of its own with a limit");
}

/** An unsigned number in the format's variable length. */
function readLeb(bytes: Uint8Array, from: number): { value: number; next: number } {
  let value = 0;
  for (let next = from, shift = 0; ; shift += 7) {
    const byte = bytes[next++]!;
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return { value, next };
  }
}

function leb(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...leb(Math.floor(value / 128))];
}
