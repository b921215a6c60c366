import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The key that signs links to results. It is made at the first start and kept, so that links outlive a restart. */
export function linkKey(dataDir: string): Uint8Array {
  const path = join(dataDir, "link.key");
  try {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(path, randomBytes(32), { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return new Uint8Array(readFileSync(path));
}
