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
  | "changed"
  | "wrong_length"
  | "wrong_hash"
  | "disk_full"
  | "busy"
  | "canceled";
