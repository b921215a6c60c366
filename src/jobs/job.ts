import type { RefusalCode } from "../errors.ts";

export type JobStatus = "queued" | "running" | "succeeded" | "failed" | "canceled";

/** A job as the API shows it and as the store keeps it. Times are Unix seconds with fractions. */
export interface Job {
  type: string;
  /** The request with its defaults resolved. Alone enough to run the job again. */
  params: Record<string, unknown>;
  id: string;
  status: JobStatus;
  result: Record<string, unknown> | null;
  /** Ids of the files that the job made. */
  artifacts: string[];
  error: string | null;
  error_code: RefusalCode | null;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
  /** From 0 to 1 while running, 1 when it succeeded. */
  progress: number | null;
  progress_label: string;
  /** What became of the message to its webhook. Null without a webhook, and before the job ended. */
  webhook_delivery: WebhookDelivery | null;
}

/** The type of jobs that install a model. They have a lane of their own, beside the engine's. */
export const activationType = "activation";
export type Lane = "engine" | "activation";

export type JobProgress = Pick<Job, "progress" | "progress_label">;

export const progressOf = ({ progress, progress_label }: Job): JobProgress => ({ progress, progress_label });

/** The statuses of jobs that have not ended. */
export const liveStatuses: readonly JobStatus[] = ["queued", "running"];

export const isLive = ({ status }: Pick<Job, "status">) => liveStatuses.includes(status);

export interface WebhookDelivery {
  status: "pending" | "delivered" | "given_up";
  attempts: number;
  /** Why the last attempt failed. */
  error: string | null;
}
