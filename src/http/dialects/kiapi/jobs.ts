/** Jobs: look at them, follow them, cancel them, try them again. */
import { createRoute, z } from "@hono/zod-openapi";
import { eventStream } from "../../answer/event-stream.ts";
import { accepted } from "../../answer/negotiation.ts";
import type { Deps } from "../../deps.ts";
import { json } from "../../openapi/responses.ts";
import { idempotencyHeader, idempotencyOf } from "../../request/idempotency.ts";
import { idOf, pageAfter, pageOf } from "../../request/paging.ts";
import type { Serve } from "../../route.ts";
import { refusalResponses, schemaResponse } from "./errors.ts";
import { ErrorResponse, HTTPValidationError } from "./errors-contract.ts";
import {
  AsyncJobResponse,
  JobDeleteResponse,
  JobListResponse,
  JobSchema,
  JobStatus,
} from "./jobs-contract.ts";

const jobId = idOf("job", "Id of the job, as a synchronous or asynchronous request gave it.");
const params = z.object({ job_id: jobId });

const query = z.object({
  ...pageOf("job", jobId),
  status: JobStatus.optional().openapi({ description: "Only jobs in this state." }),
  type: z.string().optional().openapi({ description: "Only jobs of this type." }),
});

const deletion = z.object({
  files: z.boolean().default(false).openapi({
    description:
      "Deletes the job's artifacts and the inputs that came inside its request, too, except those that another job still needs.",
  }),
});

const route = { request: { params }, tags: ["Jobs"] };
const missing = { ...schemaResponse, ...refusalResponses("job_not_found", "job_pruned") };

const listJobs = createRoute({
  tags: ["Jobs"],
  method: "get",
  path: "/v1/jobs",
  operationId: "list_jobs_v1_jobs_get",
  summary: "List Jobs",
  description:
    "Lists jobs, newest first.\n\nEvery request for a picture makes a job, a synchronous one too. Jobs survive a restart; finished " +
    "ones leave after `jobs_ttl_days`, if that is set. At most 1000 come at once: when `has_more` is true, ask again with `after`.",
  request: { query },
  responses: { 200: json("A page of jobs.", JobListResponse), ...schemaResponse },
});

const getJob = createRoute({
  ...route,
  method: "get",
  path: "/v1/jobs/{job_id}",
  operationId: "get_job_v1_jobs__job_id__get",
  summary: "Get Job",
  description:
    "Gives a job's state, progress, result and artifacts.\n\nPoll it after a 202, or after a synchronous request that was answered " +
    "504. Once `status` is `succeeded`, each id in `artifacts` can be downloaded.",
  responses: { 200: json("The job.", JobSchema), ...missing },
});

const deleteJob = createRoute({
  ...route,
  method: "delete",
  path: "/v1/jobs/{job_id}",
  operationId: "delete_job_v1_jobs__job_id__delete",
  summary: "Delete Job",
  description:
    "Removes a job's record, and cancels the job if it has not ended.\n\nA queued job never runs. A running one stops at its next " +
    "step, tile or chunk, and its output is dropped. Files that a finished job made stay, unless `files` is true.",
  request: { params, query: deletion },
  responses: { 200: json("The record is gone.", JobDeleteResponse), ...missing },
});

const cancelJob = createRoute({
  ...route,
  method: "post",
  path: "/v1/jobs/{job_id}/cancel",
  operationId: "cancel_job",
  summary: "Cancel Job",
  description:
    "Cancels a job and keeps its record.\n\nA queued job is `canceled` at once. A running one stops at its next step, tile or chunk, " +
    "ends `canceled`, and its output is dropped. It can be run again with POST /v1/jobs/{job_id}/retry.",
  responses: {
    200: json("The cancelled job.", JobSchema),
    ...missing,
    ...refusalResponses("job_finished"),
  },
});

const cancelJobs = createRoute({
  tags: ["Jobs"],
  method: "post",
  path: "/v1/jobs/cancel",
  operationId: "cancel_jobs",
  summary: "Cancel Jobs",
  description:
    "Cancels many jobs at once: those that wait, unless `status` says another. Their records stay.",
  request: {
    body: {
      required: true,
      content: {
        "application/json": {
          schema: z
            .object({
              status: z
                .array(z.enum(["queued", "running"]))
                .default(["queued"])
                .openapi({ description: "Only jobs in these states." }),
              type: z.string().optional().openapi({ description: "Only jobs of this type." }),
            })
            .openapi("CancelJobsRequest", { description: "Which jobs to cancel." }),
        },
      },
    },
  },
  responses: {
    200: json(
      "The jobs are cancelled.",
      z
        .object({ canceled: z.int().min(0).openapi({ description: "Number of jobs." }) })
        .openapi("CancelJobsResponse", { description: "How many jobs were cancelled." }),
    ),
    ...schemaResponse,
  },
});

const retryJob = createRoute({
  ...route,
  method: "post",
  path: "/v1/jobs/{job_id}/retry",
  operationId: "retry_job",
  summary: "Retry Job",
  description:
    "Runs a failed or cancelled job again: a new job with the same parameters, and a new id. The old record stays.",
  request: { params, headers: z.object({ "Idempotency-Key": idempotencyHeader }) },
  responses: {
    202: json("The new job is queued.", AsyncJobResponse),
    ...missing,
    ...refusalResponses(
      "job_not_finished",
      "job_succeeded",
      "private_url",
      "queue_full",
      "over_budget",
      "not_activated",
      "shutting_down",
      "disk_full",
    ),
    422: {
      description:
        "The id is malformed (`invalid_request`), or the Idempotency-Key was used with another request (`idempotency_mismatch`).",
      content: { "application/json": { schema: z.union([HTTPValidationError, ErrorResponse]) } },
    },
  },
});

const followJob = createRoute({
  ...route,
  method: "get",
  path: "/v1/jobs/{job_id}/events",
  operationId: "job_events",
  summary: "Job Events",
  description:
    "Follows a job as server-sent events.\n\n`status` events tell of `status`, `progress`, `progress_label` and `queue_position`; a " +
    "`preview` event carries a picture on the way, where the model gives one. The last event is named by the final status and " +
    "carries the whole Job; then the stream ends. Each event has an `id`: send the last one seen as `Last-Event-ID` to go on after " +
    "a lost connection. A comment comes every 5 seconds, so that nothing on the way takes the silence for an end.",
  request: {
    params,
    headers: z.object({
      "Last-Event-ID": z
        .string()
        .optional()
        .openapi({ description: "The `id` of the last event that was seen." }),
    }),
  },
  responses: {
    200: { description: "Events.", content: { "text/event-stream": { schema: z.string() } } },
    ...missing,
  },
});

export function jobRoutes(serve: Serve, { scheduler }: Deps): void {
  serve(listJobs, async (c) => {
    const page = await pageAfter(scheduler.list(c.req.valid("query")));
    return c.json({ object: "list", ...page }, 200);
  });

  serve(getJob, async (c) => c.json(await scheduler.job(c.req.valid("param").job_id), 200));

  serve(deleteJob, async (c) => {
    const { files: withFiles } = c.req.valid("query");
    const { job, files } = await scheduler.remove(c.req.valid("param").job_id, { files: withFiles });
    return c.json(
      {
        deleted: true,
        job_id: job.id,
        was_running: job.status === "running",
        ...(withFiles && { deleted_files: files }),
      },
      200,
    );
  });

  serve(cancelJob, async (c) => {
    c.env?.server?.timeout(c.req.raw, 0);
    return c.json(await scheduler.cancel(c.req.valid("param").job_id), 200);
  });

  serve(cancelJobs, async (c) => {
    c.env?.server?.timeout(c.req.raw, 0);
    return c.json({ canceled: await scheduler.cancelAll(c.req.valid("json")) }, 200);
  });

  serve(retryJob, async (c) =>
    accepted(c, await scheduler.retry(c.req.valid("param").job_id, idempotencyOf(c))),
  );

  serve(followJob, async (c) => {
    const { job_id } = c.req.valid("param");
    const last = c.req.header("last-event-id");
    const headers = {
      "Content-Type": "text/event-stream",
      "Cache-Control": "no-store",
      "X-Accel-Buffering": "no",
      "X-Kiapi-Job-Id": job_id,
    };
    if (c.req.method === "HEAD") {
      await scheduler.job(job_id);
      return c.body(null, 200, headers);
    }
    c.env?.server?.timeout(c.req.raw, 0);
    const gone = new AbortController();
    const events = await scheduler.events(job_id, {
      signal: gone.signal,
      ...(last !== undefined && /^\d{1,15}$/.test(last) ? { lastEventId: Number(last) } : {}),
    });
    return new Response(eventStream(events, gone), { headers });
  });
}
