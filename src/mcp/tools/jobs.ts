/** Tools that look at jobs and cancel them. */
import { z } from "zod";
import { get, post } from "../api.ts";
import { followed, type Job, jobOutput, jobResult } from "../jobs.ts";
import { given, looking, type Tool, tool, wait_s, watchingOf } from "../tool.ts";

const jobId = z
  .string()
  .regex(/^job_[0-9a-f]+$/, "a job id looks like job_0123abcd")
  .describe("Id of a job.");

export const jobTools: readonly Tool[] = [
  tool(
    "get_job",
    {
      title: "Get job",
      description: "Tells the state of a job and its files, and waits for its end if asked to.",
      inputSchema: { job_id: jobId, wait_s: wait_s.default(0) },
      outputSchema: jobOutput,
      annotations: { title: "Get job", ...looking },
    },
    async (api, { job_id, wait_s }, extra) => followed(api, job_id, watchingOf(extra, wait_s)),
  ),
  tool(
    "cancel_job",
    {
      title: "Cancel job",
      description: "Stops a job that waits or runs. Its record stays; nothing is saved.",
      inputSchema: { job_id: jobId },
      outputSchema: jobOutput,
      annotations: {
        title: "Cancel job",
        readOnlyHint: false,
        destructiveHint: true,
        idempotentHint: true,
        openWorldHint: false,
      },
    },
    async (api, { job_id }) => jobResult(api, await post<Job>(api, `/v1/jobs/${job_id}/cancel`, {})),
  ),
  tool(
    "list_jobs",
    {
      title: "List jobs",
      description: "Lists jobs, newest first.",
      inputSchema: {
        limit: z.number().int().min(1).max(100).default(20),
        status: z.enum(["queued", "running", "succeeded", "failed", "canceled"]).optional(),
      },
      outputSchema: {
        jobs: z.array(
          z.object({
            job_id: z.string(),
            type: z.string(),
            status: z.string(),
            model: z.string().optional(),
            prompt: z.string().optional(),
            error: z.string().optional(),
          }),
        ),
        has_more: z.boolean(),
      },
      annotations: { title: "List jobs", ...looking },
    },
    async (api, { limit, status }) => {
      const query = new URLSearchParams({ limit: String(limit), ...(status && { status }) });
      const { data, has_more } = await get<{ data: Job[]; has_more: boolean }>(api, `/v1/jobs?${query}`);
      const text = (value: unknown) =>
        typeof value === "string" && value !== "" ? value.slice(0, 300) : undefined;
      const jobs = data.map(({ id, type, status, params, error }) =>
        given({
          job_id: id,
          type,
          status,
          model: text(params.model),
          prompt: text(params.prompt),
          error: text(error),
        }),
      );
      const lines = jobs.map(({ job_id, type, status }) => `${job_id} ${type} ${status}`);
      return {
        content: [{ type: "text", text: lines.join("\n") || "There are no jobs." }],
        structuredContent: { jobs, has_more },
      };
    },
  ),
];
