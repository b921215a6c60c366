/**
 * The server's API, as every other client uses it.
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
  queue_position?: number;
}

/** How far a job is, as its events say it. */
export interface Progress {
  status: JobStatus;
  progress: number | null;
  progress_label: string;
  queue_position?: number;
  step?: number | null;
  steps?: number | null;
  eta_s?: number | null;
  bytes_done?: number;
  bytes_total?: number;
  bytes_per_s?: number | null;
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
  /** The family's name for people. */
  family_label: string;
  /** Paths of the operations that it takes, such as "/estimate". */
  operations: readonly string[];
  /** Fields of the request that only some families have. */
  fields: readonly string[];
  /** The one that a request without `model` gets. */
  default: boolean;
  /** Whether its files are on the server's machine. */
  activated: boolean;
  licence: string;
  licence_url: string;
  commercial_use: boolean;
  features: readonly string[];
  /** It comes inside the program, to try things out. */
  built_in: boolean;
  /** Its files are at a place that the setting `model_paths` names. */
  own_path: boolean;
  /** Nothing where nothing can be downloaded. */
  download_gb: number | null;
  /** The same model in fewer bits: smaller downloads. */
  copies: readonly { bits: number; download_gb: number }[];
  /** Numbers of steps for which an adapter is installed. */
  fast?: readonly number[];
}

export interface Accepted {
  job_id: string;
  queue_position: number;
  urls: { job: string; events: string; cancel: string };
}

/** The server's refusal. */
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

export const thumbnailUrl = (fileId: string, size: 128 | 320 | 640 = 320) =>
  `/v1/files/${fileId}/thumbnail?size=${size}`;

export const file = (id: string) => json<StoredFile>(`/v1/files/${id}`);
/** `keepalive` lets the request outlive the page. */
export const deleteFile = (id: string, keepalive = false) =>
  ask(`/v1/files/${id}`, { method: "DELETE", keepalive });
export const bytes = async (id: string, signal?: AbortSignal) =>
  (await ask(downloadUrl(id), signal ? { signal } : {})).blob();
export const jobs = (limit: number, after?: string) =>
  json<{ data: Job[]; has_more: boolean }>(`/v1/jobs?limit=${limit}${after ? `&after=${after}` : ""}`);
export const job = (id: string) => json<Job>(`/v1/jobs/${id}`);
export const cancel = (id: string) => post<Job>(`/v1/jobs/${id}/cancel`, {});
export const cancelAll = () =>
  post<{ canceled: number }>("/v1/jobs/cancel", { status: ["queued", "running"] });
export const retry = (id: string) => post<Accepted>(`/v1/jobs/${id}/retry`, {});
export const deleteJob = (id: string, keepalive = false) =>
  ask(`/v1/jobs/${id}`, { method: "DELETE", keepalive });
export const submit = (path: string, body: object) => post<Accepted>(path, { ...body, mode: "async" });

export interface Health {
  ready: boolean;
  /** Why it takes no jobs; null while it does. */
  reason: string | null;
}

/** Whether the server takes jobs. Throws when it does not answer. */
export async function ready(): Promise<Health> {
  const answer = await fetch("/ready");
  return (await answer.json()) as Health;
}

export interface ServerHealth {
  queue_len: number;
  memory: {
    loaded?: readonly { name: string; family: string; weight_gb: number }[];
    resident_gb: number;
    budget_gb: number;
  };
}

/** Memory, loaded models and waiting jobs. */
export const health = () => json<ServerHealth>("/health");
/** Installs a model: a job that downloads it. */
export const activate = (family: string, name: string, wanted: { accept_license: boolean; bits?: number }) =>
  post<Accepted>(`/v1/image/${family}/models/${name}/activate`, wanted);
export const deactivate = (family: string, name: string) =>
  post<{ freed_bytes: number }>(`/v1/image/${family}/models/${name}/deactivate`, {});
export const unload = (family: string, name: string) =>
  post<unknown>(`/v1/image/${family}/models/${name}/unload`, {});

/** Forgets the token of this browser, and asks for it again. */
export async function signOut(): Promise<void> {
  await fetch("/logout", { method: "POST", redirect: "manual" }).catch(() => {});
  location.reload();
}

/** Memory that a request would take, as the server plans it. */
export interface MemoryPlan {
  peak_bytes: number;
  budget_bytes: number;
  fits: boolean;
  smaller: string | null;
}

export const plan = (address: string) => json<MemoryPlan>(address);

/** What `/v1/setup` says of a model. */
export interface ModelSetup {
  family: string;
  name: string;
  memory_gb?: number | null;
  fits?: boolean | null;
  note?: string;
  /** Whether its download fits on the disk; absent where nothing is missing. */
  fits_disk?: boolean;
  copies?: readonly { bits: number; fits_disk?: boolean }[];
}

export const setup = () => json<{ summary: { free_gb?: number }; data: readonly ModelSetup[] }>("/v1/setup");

/** An adapter of the server's folder. */
export interface LoraEntry {
  name: string;
  size: number;
  fits: readonly { family: string; models: readonly string[] }[];
}

export const loras = async () => (await json<{ data: readonly LoraEntry[] }>("/v1/loras")).data;

/** Operations and models of the server. */
export interface Offer {
  /** Whether requests need a token. */
  secured: boolean;
  /** Whether models may be installed from here. */
  activation: boolean;
  families: readonly { family: string; models: readonly Model[] }[];
}

export const offer = () => json<Offer>("/playground/offer.json");

export interface Watch {
  status?(progress: Progress): void;
  /** A preview of the picture, as a data URL. */
  preview?(picture: string): void;
  /** The connection broke or came back. */
  connection?(lost: boolean): void;
}

/** Follows a job to its end. The browser resumes a broken connection. `signal` stops following, not the job. */
export function follow(
  id: string,
  { status, preview, connection }: Watch,
  signal: AbortSignal,
): Promise<Job> {
  return new Promise((resolve, reject) => {
    const source = new EventSource(`/v1/jobs/${id}/events`);
    signal.addEventListener("abort", () => {
      source.close();
      reject(signal.reason);
    });
    const data = (event: Event) => JSON.parse((event as MessageEvent<string>).data);
    source.addEventListener("open", () => connection?.(false));
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
      if (source.readyState !== EventSource.CLOSED) return connection?.(true);
      source.close();
      reject(new ApiError("This job can no longer be followed.", 0, undefined));
    });
  });
}
