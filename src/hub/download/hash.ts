import { readSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { DownloadError } from "./errors.ts";
import type { Expected } from "./file.ts";

/** Small enough to stay in the processor's cache between the read and the hash. */
const pieceBytes = 256 * 1024;
/** How much is hashed before others have a turn. */
const turnBytes = 4 * 1024 * 1024;

/** Hashes what is on the disk (not what came by, so that what an earlier run left is in it), following the unbroken beginning. */
export function follower(file: FileHandle, { size, digest }: Expected, what: string) {
  const hasher = new Bun.CryptoHasher(digest?.kind === "git-sha1" ? "sha1" : "sha256");
  if (digest?.kind === "git-sha1") hasher.update(`blob ${size}\0`);
  const buffer = new Uint8Array(pieceBytes);
  let at = 0;
  let asked = 0;
  let running: Promise<void> = Promise.resolve();
  const hash = async (end: number) => {
    while (at < end) {
      const stop = Math.min(end, at + turnBytes);
      while (at < stop) {
        const read = readSync(file.fd, buffer, 0, Math.min(buffer.length, stop - at), at);
        if (read === 0) throw new DownloadError("wrong_length", `${what} is too short`);
        hasher.update(buffer.subarray(0, read));
        at += read;
      }
      await setImmediate();
    }
  };
  return {
    /** Everything up to `end` is there now. */
    upTo(end: number): void {
      if (!digest || end - asked < turnBytes) return;
      asked = end;
      running = running.then(() => hash(end));
      running.catch(() => {}); // `finish` tells
    },
    /** @throws {DownloadError} `wrong_hash` when the whole file is not the published one. */
    async finish(): Promise<void> {
      if (!digest) return;
      await running;
      await hash(size);
      if (hasher.digest("hex") !== digest.hex)
        throw new DownloadError("wrong_hash", `${what} does not have the published hash`);
    },
  };
}
