/**
 * From a parsed request to a job in the queue: checked, its files kept. Any refusal leaves nothing behind.
 *
 * @module
 */
import type { Operation } from "../../capabilities/capability.ts";
import { Refusal } from "../../errors.ts";
import type { Accepted } from "../../jobs/scheduler.ts";
import type { Idempotency, NewJob, Webhook } from "../../jobs/store/store.ts";
import { parseUrl } from "../../net/guard.ts";
import type { Deps } from "../deps.ts";
import type { DialectName } from "../dialects/dialect.ts";
import { requireFiles } from "./references.ts";
import type { Uploads } from "./uploads.ts";

/** A request as its schema gives it. */
export interface ParsedRequest {
  mode?: "sync" | "async";
  webhook?: string | null;
  cancel_on_disconnect?: boolean;
}

export interface Beside {
  dialect?: DialectName;
  uploads: Uploads;
  idempotency?: Idempotency | undefined;
}

export async function submitRequest(
  { files, scheduler, context }: Deps,
  operation: Operation,
  request: ParsedRequest,
  { dialect, uploads, idempotency }: Beside,
): Promise<Accepted> {
  const checked = operation.check(uploads.named(request) as never, context) as Record<string, unknown>;
  const params = uploads.marked(checked);
  const webhook = webhookOf(request.webhook);
  const pending = uploads.pending();
  const own = new Set(pending.map(({ file_id }) => file_id));
  await requireFiles(params, async (id) => own.has(id) || (await files.get(id)) !== undefined);
  const accepted = await scheduler.submit({
    type: operation.type,
    dialect,
    params: { ...params, mode: request.mode ?? "sync" },
    files: pending,
    webhook,
    idempotency,
  } satisfies NewJob);
  // Two requests with one key at the same time: the job has the files of the other one.
  if (accepted.created) uploads.taken();
  return accepted;
}

function webhookOf(url: string | null | undefined): Webhook | undefined {
  if (url === undefined || url === null) return undefined;
  try {
    parseUrl(url, "webhook");
  } catch (error) {
    throw error instanceof Refusal ? new Refusal("invalid_parameter", error.message) : error;
  }
  return { url };
}
