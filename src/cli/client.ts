/**
 * Talks to a server, be it one that runs on this machine or one inside this process: both answer requests of the same API.
 *
 * @module
 */
import { realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Job } from "../jobs/job.ts";
import type { Settings } from "../settings/settings.ts";
import { type CommandContext, CommandError, exitCodes } from "./context.ts";

export interface Client extends AsyncDisposable {
  /** Answers a path of the API, such as `/v1/jobs`. */
  request(path: string, init?: RequestInit): Promise<Response>;
  /** Whether the server is another process. */
  remote: boolean;
}

/** Where this machine reaches the server that the settings name. */
export function addressOf({ host, port }: Pick<Settings, "host" | "port">): string {
  const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${name.includes(":") ? `[${name}]` : name}:${port}`;
}

/** The server that the settings name, when one answers there. */
export async function running(context: CommandContext, timeout_ms = 500): Promise<Client | null> {
  const settings = context.settings();
  const { auth_token } = settings;
  const base = addressOf(settings);
  const health = await fetch(`${base}/health`, { signal: AbortSignal.timeout(timeout_ms) }).then(
    async (answer) => (await answer.json()) as { status?: unknown; memory?: unknown },
    () => null,
  );
  // Another program may sit on the port: only ours answers like this.
  if (health?.status !== "ok" || typeof health.memory !== "object") return null;
  return {
    remote: true,
    request: (path, init = {}) => {
      const headers = new Headers(init.headers);
      if (auth_token) headers.set("authorization", `Bearer ${auth_token}`);
      return fetch(base + path, { ...init, headers, signal: init.signal ?? context.signal });
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

/** A running server, or an error that says how to start one. */
export async function requireRunning(context: CommandContext): Promise<Client> {
  const client = await running(context);
  if (client) return client;
  const { host, port } = context.settings();
  throw new CommandError(`No server answers on ${host}:${port}. Start one with: easel run`);
}

/** A running server, or one inside this process for as long as the command lasts. */
export async function anyServer(context: CommandContext): Promise<Client> {
  return (await running(context)) ?? (await context.localServer());
}

/** The JSON of an answer, or the server's own words as an error. */
export async function json<T>(response: Response): Promise<T> {
  if (response.ok) return (await response.json()) as T;
  // what the server cannot make sense of was typed wrong
  const typed = response.status === 400 || response.status === 422;
  throw new CommandError(await refusal(response), typed ? exitCodes.usage : exitCodes.failed);
}

async function refusal(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { detail } = JSON.parse(text) as { detail: string | { loc: string[]; msg: string }[] };
    if (typeof detail === "string") return detail;
    return detail
      .map(({ loc, msg }) => `${loc.filter((part) => part !== "body").join(".")}: ${msg}`)
      .join("\n");
  } catch {
    return `HTTP ${response.status} ${text.slice(0, 200)}`.trim();
  }
}

export async function upload(client: Client, path: string): Promise<string> {
  const file = Bun.file(path);
  if (!(await file.exists())) throw new CommandError(`There is no file ${path}`);
  const body = new FormData();
  body.append("file", file, basename(path));
  const record = await json<{ file_id: string }>(await client.request("/v1/files", { method: "POST", body }));
  return record.file_id;
}

export interface Step {
  label: string;
  progress: number | null;
}

/** Makes a job and follows it to its end. */
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
      // stopped meanwhile, it would leave a job that nobody knows the name of
      signal: AbortSignal.timeout(30_000),
    }),
  );
  // the server works on for nobody otherwise
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
    throw new CommandError(
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

/** The events of a stream as the HTML standard spells them. */
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

/** The path that means standard output. */
export const standardOutput = "-";

/** Writes a stored file beside its final name first, so that no half a picture is left behind whatever happens. */
export async function saveFile(client: Client, fileId: string, path: string): Promise<void> {
  const response = await client.request(`/v1/files/${fileId}/download`);
  if (!response.ok) throw new CommandError(await refusal(response));
  const bytes = await response.bytes();
  if (path === standardOutput) return void (await Bun.write(Bun.stdout, bytes));
  try {
    const there = statSync(path, { throwIfNoEntry: false });
    // A device or a pipe takes the bytes itself: a file that is moved onto `/dev/null` would be there instead of it.
    if (there && !there.isFile()) return await writeFile(path, bytes);
    const target = there ? realpathSync(path) : path;
    const partial = join(dirname(target), `.${basename(target)}.${process.pid}.part`);
    // in one go, so that a signal finds either nothing or the whole
    try {
      writeFileSync(partial, bytes, { flag: "wx" });
      renameSync(partial, target);
    } catch (error) {
      rmSync(partial, { force: true });
      throw error;
    }
  } catch (error) {
    throw new CommandError(`Cannot write ${path}: ${(error as Error).message}`);
  }
}
