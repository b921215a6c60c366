/**
 * From a parsed request to a job that is kept: checked, its data URLs stored, queued. On any refusal nothing stays behind.
 *
 * @module
 */
import type { Operation } from "../../capabilities/capability.ts";
import { Refusal } from "../../errors.ts";
import type { Accepted } from "../../jobs/scheduler.ts";
import type { Idempotency, NewJob } from "../../jobs/store/store.ts";
import { keepPayload } from "../answer/file-access.ts";
import type { Deps } from "../deps.ts";
import { demandFiles, withoutDataUrls, withStored } from "./uploads.ts";

/** A request as its schema gives it. */
export interface ParsedRequest {
  mode?: "sync" | "async";
  webhook?: string | null;
}

export async function submitRequest(
  { files, scheduler, context }: Deps,
  operation: Operation,
  request: ParsedRequest,
  idempotency?: Idempotency,
): Promise<Accepted> {
  const { request: bare, payloads } = withoutDataUrls(request);
  const params = operation.check(bare as never, context) as Record<string, unknown>;
  const webhook = webhookOf(request.webhook);
  await demandFiles(params, async (id) => (await files.get(id)) !== undefined);
  const stored = new Map<string, string>();
  const giveUp = async () => {
    for (const id of stored.values()) await files.delete(id);
  };
  try {
    for (const payload of payloads)
      stored.set(payload.placeholder, (await keepPayload(files, payload)).file_id);
    const answer = await scheduler.submit({
      type: operation.type,
      params: { ...withStored(params, stored), mode: request.mode ?? "sync" },
      webhook,
      idempotency,
    } satisfies NewJob);
    // Two requests with one key at the same time: the other one's job is the job, with the other one's files.
    if (!answer.created) await giveUp();
    return answer;
  } catch (error) {
    await giveUp();
    throw error;
  }
}

function webhookOf(url: string | null | undefined) {
  if (url === undefined || url === null || url === "") return undefined;
  const { protocol, username, password } = URL.canParse(url) ? new URL(url) : new URL("none:");
  if (!/^https?:$/.test(protocol) || username !== "" || password !== "")
    throw new Refusal(
      "invalid_parameter",
      "webhook must be an absolute http:// or https:// URL without a user name or a password",
    );
  return { url };
}
