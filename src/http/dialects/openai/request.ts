/**
 * What a client of OpenAI's Images API asks for, read from JSON or from a form.
 *
 * @module
 */
import type { Context } from "hono";
import { Refusal } from "../../../errors.ts";
import { readForm } from "../../../files/form.ts";
import type { Idempotency } from "../../../jobs/store/store.ts";
import type { Deps, Env } from "../../deps.ts";
import { jsonOf } from "../../request/body.ts";
import { idempotencyOf } from "../../request/idempotency.ts";
import { parse } from "../../request/validation.ts";
import { ImagesEditRequest, ImagesRequest } from "./contract.ts";
import { fromForm, referenceOf } from "./translate.ts";

const largestJson = 64 * 2 ** 20;

/** An edit without its pictures. */
export type EditRequest = ImagesRequest & { mask?: unknown };

/** What was asked for, with what came beside it. */
export interface Asked {
  request: EditRequest;
  images?: Record<string, string>[];
  /** Files that came with the request, and that go when no job takes them. */
  uploads?: readonly string[];
  idempotency: Idempotency | undefined;
}

/** An edit whose pictures stand in JSON. */
export async function jsonEdit(c: Context<Env>, { settings }: Deps): Promise<Asked> {
  const { value, bytes } = await jsonOf(c, Math.min(settings.max_upload_mb * 2 ** 20, largestJson));
  const { images, ...request } = parse(ImagesEditRequest, value, "body") as ImagesEditRequest & EditRequest;
  if (request.mask !== undefined) throw new Refusal("invalid_parameter", "mask: there is no inpainting");
  return {
    request,
    images: images.map((image) => referenceOf(image as { image_url?: string; file_id?: string })),
    idempotency: idempotencyOf(c, bytes),
  };
}

/** An edit whose pictures come as files of a form. */
export async function formEdit(c: Context<Env>, { files, settings }: Deps): Promise<Asked> {
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

/** Pictures from words alone. */
export async function generationOf(c: Context<Env>, { settings }: Deps): Promise<Asked> {
  const { value, bytes } = await jsonOf(c, Math.min(settings.max_upload_mb * 2 ** 20, largestJson));
  return { request: parse(ImagesRequest, value, "body"), idempotency: idempotencyOf(c, bytes) };
}
