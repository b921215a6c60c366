/**
 * Errors that reach a client, in one table: the stable code, its HTTP status, and what it means.
 * `http/errors.ts` turns a refusal into an answer, the document and `docs/reference/errors.md` print the table.
 *
 * @module
 */

/** One row a code. The code is a promise to clients: it never changes its meaning. */
export const refusals = {
  invalid_request: { status: 422, means: "The body, path or query does not fit the schema" },
  invalid_parameter: { status: 422, means: "A parameter is of the right type but outside its limits" },
  unknown_model: { status: 400, means: "No model of that name in this family" },
  unknown_file: { status: 400, means: "A file reference names no stored file" },
  invalid_reference: { status: 400, means: "A file reference cannot be used as it stands" },
  fetch_failed: { status: 400, means: "A url reference could not be fetched" },
  private_url: { status: 400, means: "A url reference or a webhook leads to an address that is not public" },
  invalid_image: { status: 400, means: "The image could not be decoded" },
  too_many_pixels: { status: 400, means: "The picture has more pixels than allowed" },
  lora_mismatch: { status: 400, means: "The LoRA does not fit this model, or its file is damaged" },
  unauthorized: { status: 401, means: "The token is missing or wrong" },
  forbidden_host: { status: 403, means: "The Host header names a host that this server does not answer for" },
  invalid_link: { status: 403, means: "The link to a result was not signed by this server, or has expired" },
  license_not_accepted: {
    status: 403,
    means: "The model's licence forbids commercial use and was not accepted with accept_license",
  },
  activation_disabled: {
    status: 403,
    means: "allow_activation is off: models are installed on the machine itself",
  },
  forbidden_origin: { status: 403, means: "A page of another origin may not change state here" },
  not_found: { status: 404, means: "No such route" },
  upload_not_found: { status: 404, means: "No upload of that id, or it is older than a day" },
  file_not_found: { status: 404, means: "No file of that id" },
  job_not_found: { status: 404, means: "No job of that id" },
  method_not_allowed: { status: 405, means: "The route does not answer this method" },
  canceled: { status: 409, means: "The job was cancelled" },
  upload_incomplete: {
    status: 409,
    means: "The bytes of the upload did not come, or are not as many as were announced",
  },
  job_finished: { status: 409, means: "The job has ended and cannot be cancelled" },
  job_not_finished: { status: 409, means: "The job has not ended yet, so it cannot be retried" },
  job_succeeded: { status: 409, means: "The job succeeded, so there is nothing to retry" },
  job_pruned: { status: 410, means: "The job has ended and its record was removed by retention" },
  unclear_image: {
    status: 422,
    means:
      "The picture's numbers do not say which of them is white, such as floating-point TIFF beyond 0 to 1",
  },
  too_large: { status: 413, means: "The body is larger than allowed" },
  no_thumbnail: { status: 415, means: "The file is not a picture that a thumbnail could be made of" },
  range_not_satisfiable: { status: 416, means: "The range lies outside the file" },
  idempotency_mismatch: { status: 422, means: "The Idempotency-Key was used before with another body" },
  queue_full: { status: 429, means: "Too many jobs are waiting" },
  internal: { status: 500, means: "A fault of the server" },
  model_failed: { status: 500, means: "The model could not be loaded or run" },
  checkpoint_invalid: { status: 500, means: "The model's files are not what the network needs" },
  invalid_result: {
    status: 500,
    means: "The model produced NaN, infinite values or a picture of a single colour",
  },
  store_failed: { status: 500, means: "The job's record or its files could not be written" },
  file_damaged: { status: 500, means: "The stored bytes of a file are not those of its record" },
  download_failed: { status: 500, means: "A model could not be downloaded" },
  timed_out: { status: 500, means: "The job ran longer than job_timeout_s" },
  interrupted: { status: 500, means: "The server stopped while the job ran, twice" },
  not_supported: { status: 501, means: "This server does not have this part of the contract" },
  not_activated: { status: 503, means: "The model's files are not on this machine" },
  over_budget: { status: 503, means: "The request needs more memory than the budget allows" },
  out_of_memory: { status: 503, means: "The memory ran out while the job ran, even with all else evicted" },
  overloaded: { status: 503, means: "Too many large request bodies are being read at the same time" },
  store_unavailable: { status: 503, means: "The database of the fleet does not answer now" },
  files_unavailable: { status: 503, means: "The place where a fleet keeps its files does not answer" },
  shutting_down: { status: 503, means: "The server is shutting down" },
  sync_timeout: { status: 504, means: "The job goes on, but the synchronous wait is over" },
  disk_full: { status: 507, means: "No space is left on the server's disk" },
} as const;

export type RefusalCode = keyof typeof refusals;

/** An error that reaches a client. Its message holds no path and no input. */
export class Refusal extends Error {
  override name = "Refusal" as const;

  constructor(
    readonly code: RefusalCode,
    message: string,
    /** Headers the answer carries, such as Retry-After or Allow. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }

  get status(): number {
    return refusals[this.code].status;
  }
}

/** Full disks show in many forms: of the system, of SQLite, wrapped. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = (error as { code?: unknown }).code;
  const full = code === "ENOSPC" || code === "EDQUOT" || code === "SQLITE_FULL" || code === "disk_full";
  return full || isDiskFull(error.cause);
}
