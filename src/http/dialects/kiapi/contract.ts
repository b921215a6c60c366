/**
 * Answers of the common routes. Component names are the contract's; requests are in `capabilities/schemas.ts`.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";

export const FileID = z.string().openapi("FileID");
export const JobID = z.string().openapi("JobID");
export const JobType = z.string().openapi("JobType");
export const JobStatus = z
  .enum(["queued", "running", "succeeded", "failed", "canceled"])
  .openapi("JobStatus");
const JobResult = z.record(z.string(), z.unknown()).openapi("JobResult");

const fileExample = "file_0123456789abcdef0123456789abcdef";
const jobExample = "job_0123456789abcdef0123456789abcdef";

export const FileRecordSchema = z
  .object({
    file_id: FileID.openapi({
      description:
        'Id of the file for as long as it is stored. Name it in a request as `{"type": "file_id", "file_id": …}`, or fetch ' +
        "the bytes with GET /v1/files/{file_id}/download.",
      examples: [fileExample],
    }),
    filename: z.string().openapi({
      description:
        "Name that the client or the server gave the file. It is a label and never a path on the server.",
      examples: ["depthpro_1766200000.png"],
    }),
    content_type: z
      .string()
      .openapi({ description: "Media type that a download is sent with.", examples: ["image/png"] }),
    size: z
      .int()
      .min(0)
      .openapi({ description: "Number of bytes.", examples: [123456] }),
    sha256: z
      .string()
      .optional()
      .openapi({ description: "SHA-256 of the bytes, in hexadecimal. Also the download's ETag." }),
    created_at: z
      .number()
      .openapi({ description: "When the file was stored, in Unix seconds.", examples: [1766200000.25] }),
    meta: z.record(z.string(), z.unknown()).optional().openapi({
      description:
        "For a file that a job made: the job's parameters, seed, sizes and timings. For a fetched input: where it came from.",
    }),
  })
  .openapi("FileRecord", {
    description: "Record of one stored file, an upload or the output of a job.",
  });

const hasMore = z.boolean().optional().openapi({
  description: "True when older records exist: ask again with `after` set to the last id of `data`.",
});

export const FileListResponse = z
  .object({
    object: z
      .string()
      .default("list")
      .openapi({ description: "Always `list`.", examples: ["list"] }),
    data: z.array(FileRecordSchema).optional().openapi({ description: "Stored files, newest first." }),
    has_more: hasMore,
  })
  .openapi("FileListResponse");

export const UploadBody = z
  .object({
    file: z.string().openapi({
      description: "The file: its bytes, its name and its media type.",
      // JSON Schema 2020-12, which the library's types do not know yet.
      ...({ contentMediaType: "application/octet-stream" } as object),
    }),
  })
  .openapi("Body_upload_v1_files_post");

export const FileDeleteResponse = z
  .object({
    deleted: z.boolean().openapi({ description: "True: record and bytes are gone.", examples: [true] }),
    file_id: z.string().openapi({ description: "Id of the file that is gone.", examples: [fileExample] }),
  })
  .openapi("FileDeleteResponse");

const expiresAt = z.int().openapi({
  description: "Unix seconds until which the link is good.",
  examples: [1766200900],
});

export const FileLink = z
  .object({
    url: z.string().openapi({ description: "Gives the bytes to everybody who has it, without a token." }),
    expires_at: expiresAt,
  })
  .openapi("FileLink");

export const FileUploadRequest = z
  .object({
    filename: z
      .string()
      .max(1024)
      .default("")
      .openapi({ description: "Name for the file. It never becomes a path.", examples: ["photo.png"] }),
    content_type: z
      .string()
      .max(255)
      .optional()
      .openapi({
        description: "Media type; by default the one of the name's extension.",
        examples: ["image/png"],
      }),
    size: z
      .int()
      .min(0)
      .openapi({
        description: "Number of bytes that will be sent, up to `max_upload_mb`.",
        examples: [123456],
      }),
  })
  .openapi("FileUploadRequest");

export const FileUpload = z
  .object({
    upload_id: z.string().openapi({
      description: "Id of the upload, to complete it with.",
      examples: ["upload_0123456789abcdef0123456789abcdef"],
    }),
    url: z.string().openapi({ description: "Takes the bytes from everybody who has it, without a token." }),
    method: z.literal("PUT").openapi({ description: "Method of the request that sends the bytes." }),
    headers: z.record(z.string(), z.string()).openapi({
      description: "Headers that the request must have.",
      examples: [{ "content-length": "123456" }],
    }),
    expires_at: expiresAt,
  })
  .openapi("FileUpload");

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

const RelayName = z.string().openapi("RelayName");
const RelayHealth = z
  .object({
    name: RelayName.openapi({ description: "Name of the relay." }),
    running: z.boolean().openapi({ description: "Whether it runs." }),
    failed: z.boolean().openapi({ description: "Whether it has failed." }),
  })
  .openapi("RelayHealth", { description: "Kept for clients of the original; this server has no relay." });

const ResidentModelStats = z
  .object({
    name: z.string().openapi({ description: "Name of the model within its family.", examples: ["base"] }),
    family: z.string().openapi({ description: "Family, as in the routes.", examples: ["depthpro"] }),
    domain: z.string().openapi({ description: "Domain of the family.", examples: ["image"] }),
    repo: z
      .string()
      .openapi({ description: "Where its files were published.", examples: ["apple/DepthPro"] }),
    weight_gb: z
      .number()
      .min(0)
      .openapi({ description: "Memory of its weights, in GB.", examples: [2.7] }),
    priority: z
      .int()
      .openapi({ description: "Lower is evicted earlier when memory is short.", examples: [0] }),
    idle_s: z
      .number()
      .min(0)
      .openapi({ description: "Seconds since it was last used.", examples: [12.5] }),
    ttl_s: z
      .number()
      .nullish()
      .openapi({ description: "Idle seconds after which it leaves; null never.", examples: [1800] }),
    expires_in_s: z
      .number()
      .nullish()
      .openapi({ description: "Seconds until it leaves; null when `ttl_s` is null.", examples: [1787.5] }),
  })
  .openapi("ResidentModelStats", { description: "One model that is in memory." });

const MemoryStats = z
  .object({
    loaded: z.array(ResidentModelStats).optional().openapi({ description: "Models in memory." }),
    resident_gb: z.number().min(0).openapi({ description: "Memory of all loaded weights, in GB." }),
    budget_gb: z
      .number()
      .gt(0)
      .openapi({ description: "Memory that models and the running job may take together, in GB." }),
  })
  .openapi("MemoryStats", { description: "The memory budget and the loaded models." });

const FleetNode = z
  .object({
    name: z.string().openapi({ description: "Its node_name.", examples: ["mac1"] }),
    role: z.string().openapi({ description: "`both`, `api` or `worker`.", examples: ["worker"] }),
    version: z.string().openapi({ description: "Version of easel there." }),
    state: z.enum(["ready", "starting", "draining", "lost"]).openapi({
      description: "`lost`: no sign of life for longer than fleet_lease_s. `draining`: takes no more jobs.",
    }),
    device: z.string().nullish().openapi({ description: "`cpu` or `gpu`; null where no jobs run." }),
    budget_gb: z.number().min(0).openapi({ description: "Memory that models may take there, in GB." }),
    models: z.array(z.string()).openapi({ description: "Models whose files are there, as family/name." }),
    running: z.array(z.string()).openapi({ description: "Ids of the jobs that run there." }),
  })
  .openapi("FleetNode", { description: "A machine of a fleet." });

export const HealthResponse = z
  .object({
    status: z.string().openapi({ description: "`ok` whenever the server answers.", examples: ["ok"] }),
    warm: z.boolean().openapi({
      description: "Whether the models of `warmup_models` have been loaded or skipped.",
      examples: [true],
    }),
    queue_len: z
      .int()
      .min(0)
      .openapi({ description: "Jobs waiting, without the running one.", examples: [0] }),
    memory: MemoryStats.openapi({ description: "The memory budget and the loaded models." }),
    relay: RelayHealth.nullish().openapi({ description: "Always null: this server has no relay." }),
    nodes: z.array(FleetNode).optional().openapi({ description: "The machines of the fleet; only in one." }),
    store: z
      .enum(["here", "away"])
      .optional()
      .openapi({ description: "Whether the fleet's database answers; only in a fleet." }),
  })
  .openapi("HealthResponse");

export const ReadyResponse = z
  .object({
    ready: z.boolean().openapi({ description: "Whether jobs are accepted now." }),
    reason: z.string().nullish().openapi({ description: "Why jobs are not accepted; null when they are." }),
    files: z.enum(["here", "away"]).optional().openapi({
      description:
        "Whether the bucket or the shared folder of a fleet answers; only in a fleet. Jobs are accepted without it, and wait for it.",
    }),
    device: z
      .object({
        kind: z.enum(["cpu", "gpu"]),
        name: z
          .string()
          .openapi({ description: "Name that the system gives the device.", examples: ["Apple M4"] }),
        self_test: z.enum(["passed", "passed_before", "imprecise", "not_needed"]).openapi({
          description:
            "Whether the kernels of a GPU gave what they should: at this start, at one before with the same device, system and build, " +
            "or with errors beyond rounding. A processor's kernels are tested when easel is built.",
        }),
        precision: z
          .object({
            setting: z
              .enum(["auto", "float32", "bfloat16"])
              .openapi({ description: "The setting `cpu_precision`." }),
            depth: z.enum(["float32", "bfloat16"]).openapi({ description: "What depth networks multiply." }),
            diffusion: z
              .enum(["float32", "bfloat16"])
              .openapi({ description: "What generating and upscaling networks multiply." }),
            quantized: z
              .enum(["float32", "bfloat16", "integer"])
              .optional()
              .openapi({ description: "What those multiply where their weights are quantized." }),
            reason: z
              .string()
              .nullable()
              .openapi({ description: "Why `auto` takes float32 everywhere; null where it does not." }),
          })
          .optional()
          .openapi({ description: "Numbers that the products of networks multiply; of a processor alone." }),
      })
      .nullish()
      .openapi({ description: "The device that computes; null until the engine is ready." }),
  })
  .openapi("ReadyResponse");

export const VersionResponse = z
  .object({
    version: z.string().openapi({ description: "easel's version.", examples: ["0.1.0"] }),
    commit: z.string().nullable().openapi({
      description: "Commit that the program was built from; null when it runs from source.",
    }),
    mlx: z
      .string()
      .nullable()
      .openapi({
        description: "MLX's version; null until the engine has started.",
        examples: ["0.32.4"],
      }),
    bun: z.string().openapi({ description: "Bun's version.", examples: ["1.4.5"] }),
    target: z.string().openapi({
      description: "Operating system and processor that the program was built for.",
      examples: ["linux-x64", "darwin-arm64"],
    }),
    kernels: z
      .string()
      .nullable()
      .openapi({
        description:
          "Instruction set of easel's own kernels for Linux processors, `off` where MLX's own are used (always on a Mac); null until the " +
          "engine has started.",
        examples: ["avx512"],
      }),
  })
  .openapi("VersionResponse");

export const CapabilityModelSpec = z
  .object({
    name: z.string().openapi({ description: "Name for the request's `model` field.", examples: ["base"] }),
    family: z.string().openapi({ description: "Family, as in the routes.", examples: ["depthpro"] }),
    domain: z.string().openapi({ description: "Domain of the family.", examples: ["image"] }),
    aliases: z
      .array(z.string())
      .optional()
      .openapi({ description: "Other names for the same model.", examples: [["depth-pro"]] }),
    default: z
      .boolean()
      .default(false)
      .openapi({ description: "Whether a request without `model` gets this one.", examples: [true] }),
    features: z
      .array(z.string())
      .optional()
      .openapi({ description: "Inputs and outputs of the model.", examples: [["depth", "image"]] }),
    activated: z.boolean().optional().openapi({
      description: "Whether its files are on this machine. If not, `easel activate` fetches them.",
    }),
    licence: z.string().optional().openapi({ description: "Licence of the weights." }),
    commercial_use: z
      .boolean()
      .optional()
      .openapi({ description: "Whether the licence of the weights allows commercial use." }),
    note: z.string().optional().openapi({ description: "A caution about its results." }),
  })
  .openapi("CapabilityModelSpec", { description: "One model that a request can name." });

export const UnloadResponse = z
  .object({
    unloaded: z.boolean().openapi({ description: "Whether it was in memory." }),
    freed_gb: z.number().openapi({ description: "Memory that was given back, in GB.", examples: [2.7] }),
    pending: z
      .array(z.string())
      .optional()
      .openapi({ description: "Machines of the fleet that did not answer in time; only in a fleet." }),
  })
  .openapi("UnloadResponse");

const ValidationError = z
  .object({
    loc: z.array(z.union([z.string(), z.int()])).openapi({
      title: "Location",
      description: "Where: `body`, `path` or `query`, then the keys down to the value.",
    }),
    msg: z.string().openapi({ title: "Message", description: "The error in words." }),
    type: z.string().openapi({ title: "Error Type", description: "The error as one word." }),
    input: z
      .unknown()
      .optional()
      .openapi({ title: "Input", description: "The value, when it is short and no secret." }),
    ctx: z
      .looseObject({})
      .optional()
      .openapi({ title: "Context", description: 'The limit that was passed, such as `{"le": 100}`.' }),
  })
  .openapi("ValidationError");

const code = z.string().optional().openapi({
  description: "Stable word for the kind of error; the document's introduction lists all of them.",
});

export const HTTPValidationError = z
  .object({
    detail: z
      .array(ValidationError)
      .optional()
      .openapi({ description: "Each thing that does not fit the schema." }),
    code,
  })
  .openapi("HTTPValidationError");

export const ErrorResponse = z
  .object({
    detail: z.string().openapi({ description: "The error in words, for people." }),
    code: z.string().openapi({
      description: "Stable word for the kind of error; the document's introduction lists all of them.",
    }),
  })
  .openapi("ErrorResponse", { description: "Any refusal that is not a schema error." });
