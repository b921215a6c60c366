/**
 * The error of a failed job, as its record shows it.
 *
 * @module
 */
import { TaskError } from "../../engine/engine.ts";
import { isDiskFull, Refusal, type RefusalCode } from "../../errors.ts";

const codes: Readonly<Record<TaskError["kind"], RefusalCode>> = {
  failed: "model_failed",
  out_of_memory: "out_of_memory",
  checkpoint_invalid: "checkpoint_invalid",
  invalid_result: "invalid_result",
  invalid_input: "invalid_reference",
  invalid_parameter: "invalid_parameter",
  lora_mismatch: "lora_mismatch",
};

/** Codes of jobs that fail again when they are retried with the same files and settings. */
const lasting: ReadonlySet<RefusalCode> = new Set([
  "invalid_image",
  "unclear_image",
  "too_many_pixels",
  "invalid_parameter",
]);

/** Whether the pictures or parameters are to blame, so that a retry is of no use. */
export const isLasting = (code: RefusalCode | null | undefined) => !!code && lasting.has(code);

const longest = 2000;

export function failure(error: unknown): { error: string; error_code: RefusalCode } {
  const message = error instanceof Error ? error.message : String(error);
  return { error: withoutPaths(message).slice(0, longest) || "unknown error", error_code: codeOf(error) };
}

function codeOf(error: unknown): RefusalCode {
  if (error instanceof Refusal) return error.code;
  if (error instanceof TaskError) return codes[error.kind];
  return isDiskFull(error) ? "disk_full" : "internal";
}

/** Shortens paths to their last name: clients must not learn where the server keeps its files. */
export function withoutPaths(message: string): string {
  return message.replace(/(?<![\w/:.-])(?:\/[^\s/:'"`,;()]+)+\/([^\s/:'"`,;()]+)/g, "$1");
}

const passing = /^SQLITE_(BUSY|LOCKED|NOMEM|IOERR|FULL)/;

/** The store is on another machine, and does not answer now. */
export const isAway = (error: unknown) => error instanceof Refusal && error.code === "store_unavailable";

/** The place of the files is on another machine, and does not answer now. */
export const isFilesAway = (error: unknown) => error instanceof Refusal && error.code === "files_unavailable";

/** Milliseconds that a job waits for space on the disk before it fails. */
export const diskFullPatience = 10_000;

/** Whether to try a write again that has been failing for that many milliseconds. */
export function isPassing(error: unknown, waited: number): boolean {
  if (isDiskFull(error)) return waited < diskFullPatience;
  if (!(error instanceof Error)) return false;
  if (isAway(error)) return true;
  return passing.test(String((error as { code?: unknown }).code ?? "")) || isPassing(error.cause, waited);
}
