/**
 * Jobs for tools: starts them, follows them for a while, and makes tool results of them.
 *
 * @module
 */
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { type Api, bytesOf, get, post, ToolError } from "./api.ts";

export interface Job {
  id: string;
  type: string;
  status: "queued" | "running" | "succeeded" | "failed" | "canceled";
  params: Record<string, unknown>;
  result: Record<string, unknown> | null;
  artifacts: readonly string[];
  error: string | null;
  error_code: string | null;
  progress: number | null;
  progress_label: string;
}

const fileOutput = z.object({
  file_id: z.string(),
  url: z.string(),
  content_type: z.string(),
  filename: z.string(),
});

/** What every tool that makes or shows a job answers. */
export const jobOutput = {
  job_id: z.string(),
  status: z.enum(["queued", "running", "succeeded", "failed", "canceled"]),
  model: z.string().optional(),
  seed: z.number().optional(),
  width: z.number().optional(),
  height: z.number().optional(),
  progress: z.number().optional().describe("Share of the work that is done, from 0 to 1."),
  progress_label: z.string().optional(),
  files: z.array(fileOutput).describe("Files that the job made, the picture first."),
};

export interface Watching {
  signal: AbortSignal;
  /** Seconds to wait for the end. */
  waitSeconds: number;
  /** Sends progress notifications; undefined when the client requested none. */
  progress?: ((share: number, message: string) => Promise<void>) | undefined;
}

/** Starts a job and follows it. A cancelled call cancels the job. */
export async function runJob(
  api: Api,
  path: string,
  body: object,
  watching: Watching,
): Promise<CallToolResult> {
  const { job_id } = await post<{ job_id: string }>(api, path, { ...body, mode: "async" });
  const cancel = () => void post(api, `/v1/jobs/${job_id}/cancel`, {}).catch(() => {});
  if (watching.signal.aborted) cancel();
  watching.signal.addEventListener("abort", cancel, { once: true });
  try {
    return await followed(api, job_id, watching);
  } finally {
    watching.signal.removeEventListener("abort", cancel);
  }
}

/** Follows a job until it ends or the wait is over, and tells its state. */
export async function followed(api: Api, id: string, watching: Watching): Promise<CallToolResult> {
  if (watching.waitSeconds > 0) await untilEnd(api, id, watching);
  return jobResult(api, await get<Job>(api, `/v1/jobs/${id}`));
}

interface Status {
  status?: string;
  progress?: number | null;
  progress_label?: string;
  queue_position?: number;
  step?: number | null;
  steps?: number | null;
  eta_s?: number | null;
}

async function untilEnd(api: Api, id: string, { signal, waitSeconds, progress }: Watching): Promise<void> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), waitSeconds * 1000);
  const answer = await bytesOf(api, `/v1/jobs/${id}/events`);
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  const stop = () => void reader.cancel().catch(() => {});
  for (const reason of [over.signal, signal]) {
    if (reason.aborted) stop();
    reason.addEventListener("abort", stop, { once: true });
  }
  let buffered = "";
  let last = 0;
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) return;
      buffered += value;
      const events = buffered.split("\n\n");
      buffered = events.pop()!;
      for (const event of events) {
        const name = /^event: (.*)$/m.exec(event)?.[1];
        if (name === "succeeded" || name === "failed" || name === "canceled") return;
        const data = /^data: (.*)$/m.exec(event)?.[1];
        if (name !== "status" || data === undefined || !progress) continue;
        const status = JSON.parse(data) as Status;
        // A client expects progress that only rises.
        last = Math.max(last, status.progress ?? 0);
        await progress(last, wordsOf(status));
      }
    }
  } finally {
    clearTimeout(timer);
    stop();
    signal.removeEventListener("abort", stop);
  }
}

function wordsOf({ status, progress_label, queue_position, step, steps, eta_s }: Status): string {
  if (status === "queued") return queue_position ? `queued, ${queue_position} jobs ahead` : "queued";
  return [
    progress_label ?? "running",
    step && steps ? `step ${step} of ${steps}` : "",
    typeof eta_s === "number" ? `about ${Math.ceil(eta_s)} s left` : "",
  ]
    .filter(Boolean)
    .join(", ");
}

interface StoredFile {
  file_id: string;
  filename: string;
  content_type: string;
}

/** A job as a tool result: structured, as text, with links to its files and a small preview. */
export async function jobResult(api: Api, job: Job): Promise<CallToolResult> {
  if (job.status === "failed")
    throw new ToolError(job.error_code ?? "failed", `job ${job.id} failed: ${job.error}`);
  const files = [];
  for (const id of job.artifacts) {
    const { file_id, filename, content_type } = await get<StoredFile>(api, `/v1/files/${id}`);
    files.push({ file_id, filename, content_type, url: `${api.origin}/v1/files/${file_id}/download` });
  }
  const result = (job.result ?? {}) as {
    model?: unknown;
    width?: unknown;
    height?: unknown;
    params?: { seed?: unknown };
  };
  const number = (value: unknown) => (typeof value === "number" ? value : undefined);
  const structuredContent = {
    job_id: job.id,
    status: job.status,
    model: typeof result.model === "string" ? result.model : undefined,
    seed: number(result.params?.seed),
    width: number(result.width),
    height: number(result.height),
    ...(job.status !== "succeeded" && {
      progress: job.progress ?? undefined,
      progress_label: job.progress_label,
    }),
    files,
  };
  const content: CallToolResult["content"] = [{ type: "text", text: sentenceOf(job, structuredContent) }];
  for (const { url, filename, content_type } of files)
    content.push({ type: "resource_link", uri: url, name: filename, mimeType: content_type });
  const picture = files.find(({ content_type }) => content_type.startsWith("image/"));
  if (picture) {
    const preview = await previewOf(api, picture.file_id);
    if (preview) content.push(preview);
  }
  return {
    content,
    structuredContent: JSON.parse(JSON.stringify(structuredContent)) as Record<string, unknown>,
  };
}

function sentenceOf(
  { id, type, status, params, progress, progress_label, result }: Job,
  {
    model,
    width,
    height,
    files,
  }: {
    model: string | undefined;
    width: number | undefined;
    height: number | undefined;
    files: readonly { url: string }[];
  },
): string {
  if (status === "succeeded") {
    if (type === "activation") {
      const name = `${params.family}/${params.model}`;
      const inUse = result?.bits_in_use;
      // Of several downloads of a model the server uses the one with the most bits.
      return typeof params.bits === "number" && typeof inUse === "number" && inUse > params.bits
        ? `${name} is installed in ${params.bits} bits (job ${id}), but it is here in ${inUse} bits, too, which stay in use: ` +
            `remove them with easel deactivate ${name}, and install the copy again.`
        : `${name} is installed (job ${id}).`;
    }
    const size = width && height ? `, ${width} × ${height}` : "";
    return `Job ${id} succeeded${model ? ` with ${model}` : ""}${size}. Files: ${files.map(({ url }) => url).join(", ")}`;
  }
  if (status === "canceled") return `Job ${id} was cancelled.`;
  const share = typeof progress === "number" ? `, ${Math.round(progress * 100)} %` : "";
  return `Job ${id} is ${status} (${progress_label}${share}). Call get_job with this id to wait for it.`;
}

async function previewOf(api: Api, fileId: string) {
  try {
    const answer = await bytesOf(api, `/v1/files/${fileId}/thumbnail?size=320`);
    const data = Buffer.from(await answer.arrayBuffer()).toString("base64");
    return { type: "image" as const, data, mimeType: answer.headers.get("content-type") ?? "image/webp" };
  } catch {
    return undefined;
  }
}
