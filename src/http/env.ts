import type { Server } from "bun";
import type { Capability, CheckContext } from "../capabilities/capability.ts";
import type { FileRecord } from "../files/file.ts";
import type { Scheduler } from "../jobs/scheduler.ts";
import type { Log } from "../log.ts";
import type { Settings } from "../settings/settings.ts";
import type { Payload } from "./references.ts";

/** What the routes need of the file store. */
export interface Files {
  get(id: string): Promise<FileRecord | undefined>;
  list(query: {
    limit?: number | undefined;
    after?: string | undefined;
  }): Promise<{ data: FileRecord[]; has_more: boolean }>;
  delete(id: string): Promise<boolean>;
  /** Reads a multipart body and keeps its part `file`. */
  upload(request: Request): Promise<FileRecord>;
  /** The media type and bytes of a data URL. @throws {Refusal} */
  decodeDataUrl(dataUrl: string, kind: string): { media_type: string; bytes: Uint8Array<ArrayBuffer> };
  /** Keeps the bytes of a data URL. */
  put(payload: Payload): Promise<FileRecord>;
  /** The bytes as an answer that honours Range, If-None-Match and HEAD; nothing for an unknown id. */
  download(id: string, request: Request): Promise<Response | undefined>;
}

/** Everything that the routes stand on. `serve.ts` makes it of the real parts, tests of what they like. */
export interface Deps {
  settings: Settings;
  version: string;
  capabilities: readonly Capability[];
  scheduler: Scheduler;
  files: Files;
  /** What an operation's `check` may look at. */
  context: CheckContext;
  log: Log;
  /** What is still being waited for before the server does its work, or null. */
  notReady(): string | null;
  /** The script of the reference page. */
  scalar(): Blob;
  /** Seconds that only go forward. */
  now?: () => number;
}

export interface Env {
  Variables: { requestId: string };
  Bindings: { server?: Pick<Server<unknown>, "timeout" | "requestIP"> };
}
