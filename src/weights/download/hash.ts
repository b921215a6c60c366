import type { FileHandle } from "node:fs/promises";
import { DownloadError } from "./errors.ts";
import type { Expected } from "./file.ts";

const pieceBytes = 4 * 1024 * 1024;

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
      const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end - at), at);
      if (bytesRead === 0) throw new DownloadError("wrong_length", `${what} is too short`);
      hasher.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
  };
  return {
    /** Everything up to `end` is there now. */
    upTo(end: number): void {
      if (!digest || end - asked < pieceBytes) return;
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
