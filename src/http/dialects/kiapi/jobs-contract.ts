/**
 * Answers about jobs. Component names are the contract's.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { FileID, fileExample, hasMore } from "./files-contract.ts";

export const JobID = z.string().openapi("JobID");
export const JobType = z.string().openapi("JobType");
export const JobStatus = z
  .enum(["queued", "running", "succeeded", "failed", "canceled"])
  .openapi("JobStatus");
const JobResult = z.record(z.string(), z.unknown()).openapi("JobResult");

const jobExample = "job_0123456789abcdef0123456789abcdef";

/** The fields of a job around its result. */
const jobFields = {
  type: JobType.openapi({
    description:
      "Kind of the job, which decides what its `result` holds: `depthpro`, `seedvr2`, `qwen`, `qwen-edit`, …",
    examples: ["depthpro"],
  }),
  params: z
    .record(z.string(), z.unknown())
    .optional()
    .openapi({
      description:
        "The request as it was understood, with the model's resolved name. A data URL is replaced by its media type, size and the " +
        "id of the file it was stored as.",
    }),
  id: JobID.optional().openapi({
    description: "Id of the job. Jobs survive a restart of the server.",
    examples: [jobExample],
  }),
  status: JobStatus.default("queued").openapi({
    description:
      "`queued`, then `running`, then one of `succeeded`, `failed` and `canceled`, which are final. A job that was running when " +
      "the server stopped is queued again.",
    examples: ["succeeded"],
  }),
};

const jobTail = {
  artifacts: z
    .array(FileID)
    .optional()
    .openapi({
      description: "Ids of the files that the job made, in the order that the operation documents.",
      examples: [[fileExample]],
    }),
  error: z
    .string()
    .nullish()
    .openapi({
      description: "Why the job failed, in words; null otherwise.",
      examples: ["model 'base' is not activated"],
    }),
  error_code: z
    .string()
    .nullish()
    .openapi({
      description:
        "Why the job failed, as the stable word that a synchronous refusal carries in `code`; null otherwise.",
      examples: ["not_activated"],
    }),
  created_at: z
    .number()
    .optional()
    .openapi({ description: "When the job was accepted, in Unix seconds.", examples: [1766200000.25] }),
  started_at: z
    .number()
    .nullish()
    .openapi({ description: "When it began to run, or null.", examples: [1766200001.5] }),
  finished_at: z
    .number()
    .nullish()
    .openapi({ description: "When it reached its final state, or null.", examples: [1766200030.0] }),
  progress: z
    .number()
    .min(0)
    .max(1)
    .nullish()
    .openapi({
      description:
        "Part of the work that is done, from steps and tiles that were really computed. Null before it runs.",
      examples: [0.42],
    }),
  progress_label: z
    .string()
    .default("queued")
    .openapi({
      description:
        "The current step: `queued`, `preparing`, `loading`, `estimating`, `enlarging`, `encoding`, `denoising`, `decoding`, `saving`, `done`.",
      examples: ["denoising"],
    }),
  webhook_delivery: z
    .object({
      status: z.enum(["pending", "delivered", "given_up"]).openapi({
        description: "`pending` while attempts go on, for a day at most.",
      }),
      attempts: z.int().min(0).openapi({ description: "Attempts so far." }),
      error: z.string().nullable().openapi({ description: "Why the last attempt failed, or null." }),
    })
    .nullish()
    .openapi({
      description:
        "Delivery of the message to the request's `webhook`; null without one, and before the job has ended.",
      examples: [{ status: "given_up", attempts: 1, error: "status 410" }],
    }),
};

export const JobSchema = z
  .object({
    ...jobFields,
    result: JobResult.nullish().openapi({
      description: "The result that the operation documents, once the job has succeeded; null otherwise.",
    }),
    ...jobTail,
  })
  .openapi("Job");

/** The job of one operation, whose result has that operation's type. */
export const jobOf = (name: string, result: z.ZodType) =>
  z.object({ ...jobFields, result: result.nullish(), ...jobTail }).openapi(name);

export const JobListResponse = z
  .object({
    object: z
      .string()
      .default("list")
      .openapi({ description: "Always `list`.", examples: ["list"] }),
    data: z.array(JobSchema).optional().openapi({ description: "Jobs, newest first." }),
    has_more: hasMore,
  })
  .openapi("JobListResponse");

export const JobDeleteResponse = z
  .object({
    deleted: z.boolean().openapi({ description: "True: the record is gone.", examples: [true] }),
    job_id: z.string().openapi({ description: "Id of the job that is gone.", examples: [jobExample] }),
    was_running: z.boolean().openapi({
      description: "True if it was running: it is then stopped at its next step, and its output is dropped.",
      examples: [false],
    }),
    deleted_files: z
      .array(FileID)
      .optional()
      .openapi({
        description: "With `files`: ids of the files that were deleted.",
        examples: [[fileExample]],
      }),
  })
  .openapi("JobDeleteResponse");

const JobUrls = z
  .object({
    job: z.string().openapi({ description: "Poll this for the Job." }),
    events: z.string().openapi({ description: "Server-sent events of this job." }),
    cancel: z.string().openapi({ description: "POST here to cancel it." }),
  })
  .openapi("JobUrls");

export const AsyncJobResponse = z
  .object({
    job_id: z.string().openapi({
      description: "Id of the job. Poll GET /v1/jobs/{job_id}, or follow GET /v1/jobs/{job_id}/events.",
      examples: [jobExample],
    }),
    type: z.string().openapi({ description: "Kind of the job.", examples: ["depthpro"] }),
    status: JobStatus.openapi({ description: "State at the time of the answer.", examples: ["queued"] }),
    queue_position: z
      .int()
      .min(0)
      .optional()
      .openapi({ description: "How many jobs are before it; 0 is next.", examples: [0] }),
    urls: JobUrls.optional().openapi({ description: "Where to go on." }),
  })
  .openapi("AsyncJobResponse");
