/**
 * The pictures of one request of OpenAI's Images API: the jobs that make them, and the answer that carries them, as JSON, as links or
 * as a stream.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Operation } from "../../../capabilities/capability.ts";
import { Refusal } from "../../../errors.ts";
import { signedQuery } from "../../../files/links.ts";
import type { Accepted } from "../../../jobs/scheduler.ts";
import type { Idempotency } from "../../../jobs/store/store.ts";
import { sentEvents } from "../../answer/event-stream.ts";
import { settled } from "../../answer/negotiation.ts";
import { waitFor } from "../../answer/waiting.ts";
import type { Deps, Env } from "../../deps.ts";
import { originOf } from "../../request/origin.ts";
import { submitRequest } from "../../request/submit.ts";
import { parse } from "../../request/validation.ts";
import type { Asked, EditRequest } from "./request.ts";
import { choose, generation, type Kind, sizeOf } from "./translate.ts";

/** The jobs of one request, and the request that their answer depends on. */
export interface Pictures {
  request: EditRequest;
  jobs: readonly Accepted[];
  kind: Kind;
  size: string;
}

/** Makes the jobs, one for each picture: all of them or none. */
export async function makeJobs(
  deps: Deps,
  kind: Kind,
  { request, images, mask, uploads, idempotency }: Asked,
): Promise<Pictures> {
  const { settings, scheduler, capabilities, context } = deps;
  const { route, variant } = choose(
    capabilities,
    kind,
    request.model,
    (family, name) => "source" in context.activation(family, name),
  );
  const { operation } = route;
  const defaults = route.defaults(settings, variant);
  const count = request.n ?? 1;
  const jobs: Accepted[] = [];
  try {
    if (request.stream && count > 1) throw new Refusal("invalid_parameter", "n must be 1 with stream");
    if (mask && !takesMask(operation))
      throw new Refusal("invalid_parameter", "mask: this model cannot repaint a part of a picture");
    for (let i = 0; i < count; i++) {
      const body = {
        ...generation(request, variant, defaults, { index: i, ownSize: mask !== undefined }),
        ...(images && { images }),
        ...(mask && { mask, mask_marks: "transparent" }),
      };
      const parsed = parse(operation.request, body, "body") as { mode?: "async" };
      const key = idempotency && keyOf(idempotency, i);
      const job = key && (await scheduler.replay(key));
      jobs.push(
        job
          ? { job, created: false, queue_position: 0 }
          : await submitRequest(deps, operation, parsed, { dialect: "openai", uploads, idempotency: key }),
      );
    }
  } catch (error) {
    for (const { job, created } of jobs) if (created) await scheduler.remove(job.id).catch(() => {});
    uploads.released();
    throw error;
  }
  const size = mask ? (request.size ?? "auto") : sizeOf(request.size, defaults).join("x");
  return { request, jobs, kind, size };
}

const takesMask = ({ request }: Operation) => request instanceof z.ZodObject && "mask" in request.shape;

/** Answers with the pictures once they are made: as JSON, as links or as a stream. */
export async function answerPictures(
  c: Context<Env>,
  deps: Deps,
  { request, jobs, kind, size }: Pictures,
): Promise<Response> {
  const { settings } = deps;
  const about = {
    background: "opaque",
    output_format: request.output_format ?? "png",
    quality: request.quality ?? "auto",
    size,
  } as const;
  if (request.stream) return streamed(c, deps, jobs[0]!, { request, kind, about });

  const deadline = performance.now() + settings.sync_timeout_s * 1000;
  const data: { b64_json?: string; url?: string }[] = [];
  let madeSize = size;
  for (const made of jobs) {
    const waited = await waitFor(c, deps, made, request, Math.max(0, deadline - performance.now()));
    const ended = settled(made.job, waited, settings.sync_timeout_s);
    const [file] = ended.artifacts;
    madeSize = sizeIn(ended.result) ?? size;
    data.push(
      request.response_format === "url"
        ? { url: linkTo(c, deps, file!) }
        : { b64_json: await base64(deps, file!) },
    );
  }
  return c.json({ created: Math.floor(Date.now() / 1000), ...about, size: madeSize, data }, 200, {
    "X-Kiapi-Job-Id": jobs[0]!.job.id,
  });
}

/** The size of the picture that a job has made. */
function sizeIn(result: unknown): string | undefined {
  const { width, height } = (result ?? {}) as { width?: unknown; height?: unknown };
  return width !== undefined && height !== undefined ? `${width}x${height}` : undefined;
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

/** The text that the link to one picture signs. */
export const pictureOf = (id: string) => `images\n${id}`;

function linkTo(c: Context<Env>, { settings, links }: Deps, id: string): string {
  return `${originOf(c, settings)}/v1/images/results/${id}?${signedQuery(pictureOf(id), links)}`;
}

/** Previews as they come, then the finished picture. */
async function streamed(
  c: Context<Env>,
  deps: Deps,
  { job, created }: Accepted,
  { request, kind, about }: { request: EditRequest; kind: Kind; about: Record<string, unknown> },
): Promise<Response> {
  const { scheduler } = deps;
  const event = kind === "generate" ? "image_generation" : "image_edit";
  const partials = request.partial_images ?? 0;
  c.env?.server?.timeout(c.req.raw, 0);
  const gone = new AbortController();
  if (created && request.cancel_on_disconnect === true)
    gone.signal.addEventListener("abort", () => void scheduler.cancel(job.id).catch(() => {}));
  const events = await scheduler.events(job.id, { signal: gone.signal });
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
          size: sizeIn(data.result) ?? about.size,
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
