import { isDiskFull } from "../../errors.ts";

/** Why a download ended without its file. `retry` says whether trying again may help. */
export class DownloadError extends Error {
  override name = "DownloadError" as const;

  constructor(
    readonly code: DownloadCode,
    message: string,
    readonly retry = false,
    /** Seconds that the server asked to wait. */
    readonly retryAfter?: number,
  ) {
    super(message);
  }
}

export type DownloadCode =
  | "not_found"
  | "not_authenticated"
  | "not_approved"
  | "unreachable"
  | "stalled"
  | "rate_limited"
  | "server_error"
  | "no_ranges"
  | "changed"
  | "wrong_length"
  | "wrong_hash"
  | "disk_full"
  | "busy"
  | "canceled";

/** Rethrows an error of the disk with the words for it. */
export function asDisk(error: unknown): never {
  if (isDiskFull(error))
    throw new DownloadError("disk_full", "No space is left on the disk; the downloaded part is kept");
  throw error;
}

export const canceled = () => new DownloadError("canceled", "The download was stopped");
