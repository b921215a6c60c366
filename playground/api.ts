/**
 * The server, as the page sees it: the same API that every other client has.
 *
 * @module
 */

export type JobStatus = "queued" | "running" | "succeeded" | "failed" | "canceled";

export interface Job {
  id: string;
  type: string;
  status: JobStatus;
  params: Record<string, unknown>;
  result: Record<string, unknown> | null;
  artifacts: string[];
  error: string | null;
  error_code: string | null;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
  progress: number | null;
  progress_label: string;
}

export interface StoredFile {
  file_id: string;
  filename: string;
  content_type: string;
  size: number;
  created_at: number;
  meta?: Record<string, unknown>;
}

export interface Model {
  name: string;
  family: string;
  family_label: string;
  /** Fields of a request that this family alone has. */
  fields: readonly string[];
  /** Ends of the paths that take it: "/estimate". */
  operations: readonly string[];
  /** The one that a request without `model` gets. */
  default: boolean;
  /** Whether its files are on the server's machine. */
  activated: boolean;
  licence: string;
  commercial_use: boolean;
  features: readonly string[];
  /** It comes inside the program, to try things out. */
  built_in: boolean;
  /** Nothing where nothing can be downloaded. */
  download_gb: number | null;
}

export interface Accepted {
  job_id: string;
  queue_position: number;
  urls: { job: string; events: string; cancel: string };
}

/** What the server refused with, in its own words. */
export class ApiError extends Error {
  override name = "ApiError" as const;

  constructor(
    message: string,
    readonly status: number,
    readonly code: string | undefined,
  ) {
    super(message);
  }
}

/** `detail` is a sentence, or a list of what is wrong with the request. */
function sentence(detail: unknown): string | undefined {
  if (typeof detail === "string") return detail;
  if (!Array.isArray(detail)) return undefined;
  return detail
    .map(({ loc, msg }: { loc?: unknown[]; msg?: unknown }) =>
      [loc?.filter((part) => part !== "body").join("."), msg].filter(Boolean).join(": "),
    )
    .join("; ");
}

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, { ...init, headers: { accept: "application/json", ...init.headers } });
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new ApiError("The server does not answer. Is it still running?", 0, "unreachable");
  }
  if (answer.ok) return answer;
  const body = (await answer.json().catch(() => undefined)) as
    | { detail?: unknown; code?: string }
    | undefined;
  if (answer.status === 401) location.reload();
  throw new ApiError(
    sentence(body?.detail) ?? `The server answered ${answer.status}`,
    answer.status,
    body?.code,
  );
}

const json = async <T>(path: string, init?: RequestInit) => (await (await ask(path, init)).json()) as T;
const post = <T>(path: string, body: object) =>
  json<T>(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

export const downloadUrl = (fileId: string) => `/v1/files/${fileId}/download`;

export function upload(file: Blob, name: string): Promise<StoredFile> {
  const form = new FormData();
  form.set("file", file, name);
  return json<StoredFile>("/v1/files", { method: "POST", body: form });
}

export const files = (limit: number) =>
  json<{ data: StoredFile[]; has_more?: boolean }>(`/v1/files?limit=${limit}`);
export const deleteFile = (id: string) => ask(`/v1/files/${id}`, { method: "DELETE" });
export const bytes = async (id: string, signal?: AbortSignal) =>
  (await ask(downloadUrl(id), signal ? { signal } : {})).blob();
export const jobs = (limit: number) => json<{ data: Job[] }>(`/v1/jobs?limit=${limit}`);
export const job = (id: string) => json<Job>(`/v1/jobs/${id}`);
export const cancel = (id: string) => post<Job>(`/v1/jobs/${id}/cancel`, {});
export const retry = (id: string) => post<Accepted>(`/v1/jobs/${id}/retry`, {});
export const deleteJob = (id: string) => ask(`/v1/jobs/${id}`, { method: "DELETE" });
export const submit = (path: string, body: object) => post<Accepted>(path, { ...body, mode: "async" });

/** Whether the server takes jobs, and why not. It answers 503 while it does not. */
export async function ready(): Promise<string | null> {
  const answer = await fetch("/ready").catch(() => undefined);
  if (!answer) return "the server does not answer";
  const { ready, reason } = (await answer.json()) as { ready: boolean; reason: string | null };
  return ready ? null : (reason ?? "the server is not ready");
}

/** What the server can do, and with which models. */
export interface Offer {
  /** Whether requests need a token. */
  secured: boolean;
  families: readonly { family: string; models: readonly Model[] }[];
}

export const offer = () => json<Offer>("/playground/offer.json");

export interface Watch {
  status?(job: Pick<Job, "status" | "progress" | "progress_label"> & { queue_position?: number }): void;
  /** The picture on its way, as a data URL. */
  preview?(picture: string): void;
}

/** Follows a job to its end. A broken connection is taken up again by the browser, where it was left. */
export function follow(id: string, { status, preview }: Watch): Promise<Job> {
  return new Promise((resolve, reject) => {
    const source = new EventSource(`/v1/jobs/${id}/events`);
    const data = (event: Event) => JSON.parse((event as MessageEvent<string>).data);
    source.addEventListener("status", (event) => status?.(data(event)));
    source.addEventListener("preview", (event) => {
      const picture = Object.values(data(event)).find(
        (value): value is string => typeof value === "string" && value.startsWith("data:image/"),
      );
      if (picture) preview?.(picture);
    });
    for (const end of ["succeeded", "failed", "canceled"])
      source.addEventListener(end, (event) => {
        source.close();
        resolve(data(event));
      });
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return;
      source.close();
      reject(new ApiError("The job can no longer be followed; the queue shows its state", 0, undefined));
    });
  });
}
