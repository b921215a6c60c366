/**
 * The wait of a synchronous request for its job.
 *
 * @module
 */
import type { Context } from "hono";
import type { Accepted, Waited } from "../../jobs/scheduler.ts";
import type { Deps, Env } from "../deps.ts";
import type { ParsedRequest } from "../request/submit.ts";

/** Waits for the job. With `cancel_on_disconnect`, a client that goes away cancels the job that its own request made. */
export async function waitFor(
  c: Context<Env>,
  { scheduler, settings }: Pick<Deps, "scheduler" | "settings">,
  { job, created }: Pick<Accepted, "job" | "created">,
  { cancel_on_disconnect }: Pick<ParsedRequest, "cancel_on_disconnect">,
  milliseconds = settings.sync_timeout_s * 1000,
): Promise<Waited> {
  c.env?.server?.timeout(c.req.raw, 0);
  const { signal } = c.req.raw;
  // A job that has ended meanwhile cannot be cancelled, and need not be.
  const cancel = () => void scheduler.cancel(job.id).catch(() => {});
  const watches = created && cancel_on_disconnect === true;
  if (watches && signal.aborted) cancel();
  else if (watches) signal.addEventListener("abort", cancel, { once: true });
  try {
    return await scheduler.wait(job.id, milliseconds);
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}
