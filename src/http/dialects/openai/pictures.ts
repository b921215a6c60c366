/**
 * The pictures of one request of OpenAI's Images API: the jobs that make them, and the answer that carries them, as JSON, as links or
 * as a stream.
 *
 * @module
 */
import type { Context } from "hono";
import type { Capability, Operation } from "../../../capabilities/capability.ts";
import { Refusal } from "../../../errors.ts";
import { linkKey, signedQuery } from "../../../files/links.ts";
import type { Job } from "../../../jobs/job.ts";
import type { Idempotency } from "../../../jobs/store/store.ts";
import { sentEvents } from "../../answer/event-stream.ts";
import { settled } from "../../answer/negotiation.ts";
import type { Deps, Env } from "../../deps.ts";
import { originOf } from "../../request/origin.ts";
import { submitRequest } from "../../request/submit.ts";
import { parse } from "../../request/validation.ts";
import type { Asked } from "./request.ts";
import { generation, sizeOf, variantOf } from "./translate.ts";

/** Makes the jobs, one for each picture, and answers with what comes of them. */
export async function makePictures(
  c: Context<Env>,
  deps: Deps,
  capability: Capability,
  operation: Operation,
  { request, images, uploads = [], idempotency }: Asked,
  event: "image_generation" | "image_edit",
): Promise<Response> {
  const { settings, scheduler, files } = deps;
  const defaults = {
    width: settings.qwen_default_width,
    height: settings.qwen_default_height,
    steps: event === "image_edit" ? settings.qwen_edit_steps : settings.qwen_generate_steps,
  };
  const count = request.n ?? 1;
  const jobs: Job[] = [];
  const made: Job[] = [];
  const giveUploads = async () => {
    for (const id of uploads) await files.delete(id).catch(() => {});
  };
  try {
    const variant = variantOf(capability, request.model);
    if (request.stream && count > 1) throw new Refusal("invalid_parameter", "n must be 1 with stream");
    for (let i = 0; i < count; i++) {
      const body = { ...generation(request, variant, defaults, i), ...(images && { images }) };
      const parsed = parse(operation.request, body, "body") as { mode?: "async" };
      const key = idempotency && keyOf(idempotency, i);
      const earlier = key && (await scheduler.replay(key));
      const { job, created } = earlier
        ? { job: earlier, created: false }
        : await submitRequest(deps, operation, parsed, key);
      jobs.push(job);
      if (created) made.push(job);
    }
  } catch (error) {
    // All pictures or none: nobody would ask for the others.
    for (const job of made) await scheduler.remove(job.id).catch(() => {});
    await giveUploads();
    throw error;
  }
  if (made.length === 0) await giveUploads();
  c.env?.server?.timeout(c.req.raw, 0);
  const size = sizeOf(request.size, defaults).join("x");
  const about = {
    background: "opaque",
    output_format: request.output_format ?? "png",
    quality: request.quality ?? "auto",
    size,
  } as const;
  if (request.stream) return streamed(c, deps, jobs[0]!, event, about, request.partial_images ?? 0);

  const deadline = performance.now() + settings.sync_timeout_s * 1000;
  const data: { b64_json?: string; url?: string }[] = [];
  for (const job of jobs) {
    const waited = await scheduler.wait(job.id, Math.max(0, deadline - performance.now()));
    const [file] = settled(job, waited, settings.sync_timeout_s).artifacts;
    data.push(
      request.response_format === "url"
        ? { url: linkTo(c, deps, file!) }
        : { b64_json: await base64(deps, file!) },
    );
  }
  return c.json({ created: Math.floor(Date.now() / 1000), ...about, data }, 200, {
    "X-Kiapi-Job-Id": jobs[0]!.id,
  });
}

/** The key of one picture of several. No client can send one like those behind the first. */
const keyOf = ({ key, hash }: Idempotency, index: number): Idempotency => ({
  key: index === 0 ? key : `${key}\0${index}`,
  hash,
});

async function base64({ files }: Deps, id: string): Promise<string> {
  const record = await files.get(id);
  if (!record) throw new Refusal("file_not_found", "the picture was deleted before it could be sent");
  return Buffer.from(await Bun.file(await files.local(record)).arrayBuffer()).toString("base64");
}

/** What the link to one picture signs. */
export const pictureOf = (id: string) => `images\n${id}`;

function linkTo(c: Context<Env>, { settings }: Deps, id: string): string {
  const links = { key: linkKey(settings.data_dir), ttl: settings.result_link_ttl_s };
  return `${originOf(c, settings)}/v1/images/results/${id}?${signedQuery(pictureOf(id), links)}`;
}

/** Pictures of the way as they come, then the last one. */
async function streamed(
  c: Context<Env>,
  deps: Deps,
  job: Job,
  event: string,
  about: Record<string, unknown>,
  partials: number,
): Promise<Response> {
  const gone = new AbortController();
  const events = await deps.scheduler.events(job.id, { signal: gone.signal });
  const body = sentEvents(async (write) => {
    const send = (type: string, data: Record<string, unknown>) =>
      write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
    let sent = 0;
    for await (const { event: kind, data } of events) {
      const created_at = Math.floor(Date.now() / 1000);
      const picture = typeof data.image === "string" ? data.image.replace(/^data:[^,]*,/, "") : undefined;
      if (kind === "preview" && picture !== undefined && sent < partials)
        send(`${event}.partial_image`, {
          b64_json: picture,
          created_at,
          ...about,
          partial_image_index: sent++,
        });
      if (kind === "succeeded")
        send(`${event}.completed`, {
          b64_json: await base64(deps, (data.artifacts as string[])[0]!),
          created_at,
          ...about,
          usage: {
            total_tokens: 0,
            input_tokens: 0,
            output_tokens: 0,
            input_tokens_details: { text_tokens: 0, image_tokens: 0 },
          },
        });
      if (kind === "failed" || kind === "canceled")
        send("error", {
          error: {
            message: String(data.error ?? `the job was ${kind}`),
            type: "server_error",
            param: null,
            code: String(data.error_code ?? kind),
          },
        });
    }
  }, gone);
  return c.body(body, 200, {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Kiapi-Job-Id": job.id,
  });
}
