/** OpenAI's Images API over the same jobs: what chat front ends and the official clients speak. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Capability, Operation } from "../../capabilities/capability.ts";
import { Refusal } from "../../errors.ts";
import { readForm } from "../../files/form.ts";
import { isGoodLink, linkKey, signedQuery } from "../../files/links.ts";
import type { Job } from "../../jobs/job.ts";
import type { Idempotency } from "../../jobs/store.ts";
import { jsonOf } from "../body.ts";
import type { Deps, Env } from "../env.ts";
import { sentEvents } from "../event-stream.ts";
import { download } from "../file-access.ts";
import { idempotencyHeader, idempotencyOf } from "../idempotency.ts";
import { settled } from "../negotiation.ts";
import {
  ImagesEditRequest,
  ImagesRequest,
  ImagesResponse,
  ModelList,
  OpenAIError,
} from "../openai/contract.ts";
import { fromForm, generation, referenceOf, sizeOf, variantOf } from "../openai/translate.ts";
import { submitRequest } from "../submit.ts";
import { parse } from "../validation.ts";

const largestJson = 64 * 2 ** 20;
const started = Math.floor(Date.now() / 1000);

const json = <S extends z.ZodType>(description: string, schema: S) => ({
  description,
  content: { "application/json": { schema } },
});
const headers = z.object({ "Idempotency-Key": idempotencyHeader });
const refused = Object.fromEntries(
  [400, 401, 403, 404, 409, 413, 429, 500, 503, 504, 507].map((status) => [
    status,
    json("The request is refused or the job has failed.", OpenAIError),
  ]),
);

/** The families that make pictures from words; without one there is nothing to serve. */
export function openaiRoutes(app: OpenAPIHono<Env>, deps: Deps): void {
  const capability = deps.capabilities.find((each) =>
    each.operations.some(({ path }) => path === "/generate"),
  );
  const register = app.openAPIRegistry;

  register.registerPath({
    method: "get",
    path: "/v1/models",
    operationId: "list_openai_models_v1_models_get",
    summary: "List models (OpenAI)",
    description: "Lists the models on this machine that make pictures, in OpenAI's form.",
    responses: { 200: json("The models.", ModelList) },
  });
  app.get("/v1/models", (c) =>
    c.json({
      object: "list",
      data: (capability?.variants ?? [])
        .filter(({ name }) => "source" in deps.context.activation(capability!.family, name))
        .map(({ name }) => ({
          id: `${capability!.family}/${name}`,
          object: "model",
          created: started,
          owned_by: "easel",
        })),
    }),
  );
  if (!capability) return;
  const operation = (path: string) => capability.operations.find((each) => each.path === path) as Operation;
  const [generate, edit] = [operation("/generate"), operation("/edit")];

  register.registerPath({
    method: "post",
    path: "/v1/images/generations",
    operationId: "create_image_v1_images_generations_post",
    summary: "Generate (OpenAI)",
    description: `Makes pictures from words, in OpenAI's form. The same jobs as \`POST /v1/image/${capability.family}/generate\`.`,
    request: {
      headers,
      body: { required: true, content: { "application/json": { schema: ImagesRequest } } },
    },
    responses: { 200: json("The pictures.", ImagesResponse), ...refused },
  });
  app.post("/v1/images/generations", async (c) => {
    const { value, bytes } = await jsonOf(c, Math.min(deps.settings.max_upload_mb * 2 ** 20, largestJson));
    const asked = { request: parse(ImagesRequest, value, "body"), idempotency: idempotencyOf(c, bytes) };
    return run(c, deps, capability, generate, asked, "image_generation");
  });

  register.registerPath({
    method: "post",
    path: "/v1/images/edits",
    operationId: "edit_image_v1_images_edits_post",
    summary: "Edit (OpenAI)",
    description:
      "Changes pictures as the words say, in OpenAI's form. As a form, the pictures are files in `image` or `image[]`; as JSON, they " +
      `stand in \`images\`. The same jobs as \`POST /v1/image/${capability.family}/edit\`.`,
    request: {
      headers,
      body: {
        required: true,
        content: {
          "application/json": { schema: ImagesEditRequest },
          "multipart/form-data": { schema: ImagesRequest },
        },
      },
    },
    responses: { 200: json("The pictures.", ImagesResponse), ...refused },
  });
  app.post("/v1/images/edits", async (c) => {
    const isForm = (c.req.header("content-type") ?? "").toLowerCase().startsWith("multipart/form-data");
    if (!isForm) {
      const asked = await jsonEdit(c, deps);
      if (asked.request.mask !== undefined)
        throw new Refusal("invalid_parameter", "mask: there is no inpainting");
      return run(c, deps, capability, edit, asked, "image_edit");
    }
    return run(c, deps, capability, edit, await formOf(c, deps), "image_edit");
  });

  register.registerPath({
    method: "get",
    path: "/v1/images/results/{file_id}",
    operationId: "get_image_result_v1_images_results__file_id__get",
    summary: "Get picture (OpenAI)",
    description:
      "Gives the picture behind a `url` of an answer. The link carries a signature, needs no token and expires.",
    security: [],
    request: {
      params: z.object({ file_id: z.string() }),
      query: z.object({ expires: z.string(), signature: z.string() }),
    },
    responses: {
      200: {
        description: "The picture.",
        content: { "image/png": { schema: { type: "string", format: "binary" } as const } },
      },
      ...refused,
    },
  });
  app.get("/v1/images/results/:file_id", async (c) => {
    const id = c.req.param("file_id");
    if (!isGoodLink(pictureOf(id), c.req.query(), linkKey(deps.settings.data_dir)))
      throw new Refusal("invalid_link", "this link is not valid, or not any more");
    const answer = await download(deps.files, id, c.req.raw);
    if (!answer) throw new Refusal("file_not_found", "this picture is not there any more");
    return answer;
  });
}

/** An edit without its pictures. */
type EditRequest = ImagesRequest & { mask?: unknown };

/** What was asked for, with what came beside it. */
interface Asked {
  request: EditRequest;
  images?: Record<string, string>[];
  /** Files that came with the request, and that go when no job takes them. */
  uploads?: readonly string[];
  idempotency: Idempotency | undefined;
}

async function jsonEdit(c: Context<Env>, { settings }: Deps): Promise<Asked> {
  const { value, bytes } = await jsonOf(c, Math.min(settings.max_upload_mb * 2 ** 20, largestJson));
  const { images, ...request } = parse(ImagesEditRequest, value, "body") as ImagesEditRequest;
  return {
    request: request as EditRequest,
    images: images.map((image) => referenceOf(image as { image_url?: string; file_id?: string })),
    idempotency: idempotencyOf(c, bytes),
  };
}

async function formOf(c: Context<Env>, { files, settings }: Deps): Promise<Asked> {
  c.env?.server?.timeout(c.req.raw, 60);
  const form = await readForm(
    {
      body: c.req.raw.body,
      contentType: c.req.header("content-type"),
      contentLength: c.req.header("content-length"),
    },
    {
      store: files,
      maxBytes: settings.max_upload_mb * 2 ** 20,
      fileFields: ["image", "image[]", "mask"],
      meta: { source: "openai" },
    },
  );
  try {
    const request = parse(ImagesRequest, fromForm(form.fields), "body") as EditRequest;
    const masked = request.mask !== undefined || form.files.some(({ name }) => name === "mask");
    const pictures = form.files.filter(({ name }) => name !== "mask");
    if (masked) throw new Refusal("invalid_parameter", "mask: there is no inpainting");
    if (pictures.length === 0) throw new Refusal("invalid_parameter", "image: a picture is needed");
    // A client that sends a form again draws another boundary: what counts is what is in it.
    const contents = form.files.map(({ name, record }) => [name, record.sha256]);
    const idempotency = idempotencyOf(c, new TextEncoder().encode(JSON.stringify([form.fields, contents])));
    for (const { record } of pictures) await files.insert(record);
    const uploads = pictures.map(({ record }) => record.file_id);
    return {
      request,
      uploads,
      images: uploads.map((file_id) => ({ type: "file_id", file_id })),
      idempotency,
    };
  } catch (error) {
    for (const { record } of form.files) await files.discard(record).catch(() => {});
    throw error;
  }
}

/** Makes the jobs, one for each picture, and answers with what comes of them. */
async function run(
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
const pictureOf = (id: string) => `images\n${id}`;

function linkTo(c: Context<Env>, { settings }: Deps, id: string): string {
  const origin = settings.public_url?.replace(/\/+$/, "") ?? new URL(c.req.url).origin;
  const links = { key: linkKey(settings.data_dir), ttl: settings.result_link_ttl_s };
  return `${origin}/v1/images/results/${id}?${signedQuery(pictureOf(id), links)}`;
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
