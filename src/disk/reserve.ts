/**
 * Space set aside on the data directory's disk. A full disk cannot record a deletion, so the reserve is given up for it.
 *
 * @module
 */
import { closeSync, fstatSync, openSync, rmSync, statSync, writeSync } from "node:fs";

export interface Reserve {
  /** False while the disk has too little space for it. */
  isWhole(): boolean;
  /** Gives the space back to the disk. */
  release(): void;
  /** Sets aside as much as the disk has, up to the reserve's size. */
  refill(): void;
}

/** Runs a write that frees space or ends a job: on a full disk, at the cost of the reserve. */
export type Spend = <T>(write: () => T) => T;

export const reserveBytes = 2 ** 20;
const chunkBytes = 2 ** 16;

/** Opens the reserve at `path` and fills it. */
export function openReserve(path: string, bytes = reserveBytes): Reserve {
  const reserve: Reserve = {
    isWhole: () => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) >= bytes,
    release: () => rmSync(path, { force: true }),
    refill() {
      if (reserve.isWhole()) return;
      try {
        fill(path, bytes);
      } catch {
        // The next refill takes up where this one stopped.
      }
    },
  };
  reserve.refill();
  return reserve;
}

function fill(path: string, bytes: number): void {
  const file = openSync(path, "a", 0o600);
  try {
    for (let size = fstatSync(file).size; size < bytes; ) {
      // Random bytes take their space on a file system that compresses, too.
      const chunk = crypto.getRandomValues(new Uint8Array(Math.min(chunkBytes, bytes - size)));
      size += writeSync(file, chunk);
    }
  } finally {
    closeSync(file);
  }
}
