import { closeSync, fsyncSync, openSync } from "node:fs";

/** Makes the names in a folder durable: else a loss of power may undo a rename. */
export function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
