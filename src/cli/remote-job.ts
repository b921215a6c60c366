/**
 * A job of a server, from its submission to its end.
 *
 * @module
 */
import type { Job } from "../jobs/job.ts";
import { type Client, json, refusal } from "./client.ts";
import { CommandError } from "./context.ts";

/** A job that ended without a result. The next job may succeed. */
export class JobFailed extends CommandError {}

export interface Step {
  label: string;
  progress: number | null;
}

/** Submits a job and follows it to its end. Aborting `signal` cancels it. */
export async function runJob(
  client: Client,
  path: string,
  body: Record<string, unknown>,
  onStep: (step: Step) => void,
  signal: AbortSignal,
): Promise<Job> {
  const { job_id } = await json<{ job_id: string }>(
    await client.request(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...body, mode: "async" }),
      // An abort in the middle would leave a job whose id is unknown.
      signal: AbortSignal.timeout(30_000),
    }),
  );
  let canceled: Promise<unknown> | undefined;
  const cancel = () => {
    canceled = client
      .request(`/v1/jobs/${job_id}/cancel`, { method: "POST", signal: AbortSignal.timeout(2000) })
      .catch(() => {});
  };
  signal.addEventListener("abort", cancel, { once: true });
  try {
    if (signal.aborted) cancel();
    const job = await follow(client, job_id, onStep);
    if (job.status === "succeeded") return job;
    throw new JobFailed(
      job.status === "canceled" ? "The job was cancelled" : (job.error ?? "The job failed"),
    );
  } finally {
    signal.removeEventListener("abort", cancel);
    await canceled;
  }
}

async function follow(client: Client, id: string, onStep: (step: Step) => void): Promise<Job> {
  const response = await client.request(`/v1/jobs/${id}/events`);
  if (!response.ok || !response.body) throw new CommandError(await refusal(response));
  for await (const { event, data } of serverSentEvents(response.body)) {
    if (event === "status") {
      const { progress_label, progress } = JSON.parse(data) as {
        progress_label?: string;
        progress?: number | null;
      };
      onStep({ label: progress_label ?? "", progress: progress ?? null });
    }
  }
  return json<Job>(await client.request(`/v1/jobs/${id}`));
}

/** The events of a stream, as the HTML standard writes them. */
export async function* serverSentEvents(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<{ event: string; data: string; id: string }> {
  let rest = "";
  for await (const text of body.pipeThrough(
    new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>,
  )) {
    const blocks = (rest + text).replaceAll("\r\n", "\n").split("\n\n");
    rest = blocks.pop()!;
    for (const block of blocks) {
      const fields = { event: "message", data: "", id: "" };
      for (const line of block.split("\n")) {
        const [, name, value] = /^(event|data|id): ?(.*)$/.exec(line) ?? [];
        if (name === "data") fields.data += (fields.data ? "\n" : "") + value;
        else if (name) fields[name as "event" | "id"] = value!;
      }
      if (fields.data) yield fields;
    }
  }
}
