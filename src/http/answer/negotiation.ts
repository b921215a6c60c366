/**
 * How a job is answered: at once, when it has ended, or when the wait is over.
 *
 * @module
 */
import type { Context } from "hono";
import { Refusal, refusals } from "../../errors.ts";
import type { Job } from "../../jobs/job.ts";
import type { Accepted, Waited } from "../../jobs/scheduler.ts";

/** Any mention counts, in the first Accept header, as clients of the original rely on. */
export const wantsJson = (accept: string | undefined) => /application\/json/i.test(accept ?? "");

/** Seconds until a client should look again. */
const pollAfter = 1;

const jobHeaders = (id: string) => ({
  "X-Kiapi-Job-Id": id,
  Location: `/v1/jobs/${id}`,
  "Retry-After": String(pollAfter),
});

/** 202: the job is in the queue. */
export function accepted(c: Context, { job, queue_position }: Accepted) {
  const self = `/v1/jobs/${job.id}`;
  return c.json(
    {
      job_id: job.id,
      type: job.type,
      status: job.status,
      queue_position,
      urls: { job: self, events: `${self}/events`, cancel: `${self}/cancel` },
    },
    202,
    jobHeaders(job.id),
  );
}

/** 600 as "600.0": the text is one that clients of the original look for. */
const seconds = (value: number) => (Number.isInteger(value) ? value.toFixed(1) : String(value));

/** The succeeded job, or the refusal that its end is. */
export function settled(job: Job, waited: Waited, syncTimeout: number): Job {
  if (waited.kind === "timeout")
    throw new Refusal(
      "sync_timeout",
      `${job.type} job ${job.id} exceeded sync timeout (${seconds(syncTimeout)}s); it keeps running — poll /v1/jobs/${job.id}`,
      jobHeaders(job.id),
    );
  if (waited.kind === "shutting_down")
    throw new Refusal(
      "shutting_down",
      `the server is shutting down; ${job.type} job ${job.id} stays in its queue`,
      jobHeaders(job.id),
    );
  const ended = waited.job;
  const about = { "X-Kiapi-Job-Id": ended.id };
  if (ended.status === "canceled")
    throw new Refusal("canceled", `${ended.type} job ${ended.id} was canceled`, about);
  if (ended.status === "failed") {
    const code = ended.error_code ?? "internal";
    const text = ended.error ?? refusals[code].means;
    throw new Refusal(code, refusals[code].status === 500 ? `${ended.type} failed: ${text}` : text, about);
  }
  return ended;
}
