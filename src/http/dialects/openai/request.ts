/**
 * Requests of OpenAI's Images API, read from JSON or from a form.
 *
 * @module
 */
import type { Context } from "hono";
import { Refusal } from "../../../errors.ts";
import { readForm } from "../../../files/upload-form.ts";
import type { Idempotency } from "../../../jobs/store/store.ts";
import type { Deps, Env } from "../../deps.ts";
import { requireUncompressed } from "../../request/body.ts";
import { hashOf, idempotencyOf } from "../../request/idempotency.ts";
import type { Uploads } from "../../request/uploads.ts";
import { parseKnown } from "../../request/validation.ts";
import { type ImagesEditRequest, ImagesRequest } from "./contract.ts";
import { fromForm, referenceOf } from "./translate.ts";

/** An edit without its pictures. */
export type EditRequest = ImagesRequest;

/** A request with its files and its key. */
export interface Asked {
  request: EditRequest;
  images?: Record<string, string>[];
  mask?: Record<string, string>;
  /** Fields of a form that nothing uses. */
  ignored?: readonly string[];
  /** Files that came with the request. */
  uploads: Uploads;
  idempotency: Idempotency | undefined;
}

/** An edit whose pictures stand in JSON. */
export function jsonEdit(c: Context<Env>, { images, mask, ...request }: ImagesEditRequest): Asked {
  const { uploads, hash } = c.get("body");
  return {
    request,
    images: images.map((image) => referenceOf(image, "images")),
    ...(mask && { mask: referenceOf(mask, "mask") }),
    uploads,
    idempotency: idempotencyOf(c, hash),
  };
}

/** Names of the one mask in a form: some clients write every file as a list. */
const maskFields: readonly string[] = ["mask", "mask[]"];

/** An edit whose pictures come as files of a form. */
export async function formEdit(c: Context<Env>, { files, settings }: Deps, uploads: Uploads): Promise<Asked> {
  requireUncompressed(c.req.raw.headers);
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
      fileFields: ["image", "image[]", ...maskFields],
      meta: { source: "openai" },
    },
  );
  for (const [index, { record }] of form.files.entries()) await uploads.add(`form.${index}`, record);
  const filesOf = (ofMask: boolean) =>
    form.files
      .filter(({ name }) => maskFields.includes(name) === ofMask)
      .map(({ record }) => ({ type: "file_id", file_id: record.file_id }));
  const [masks, pictures] = [filesOf(true), filesOf(false)];
  if (masks.length > 1 || form.fields.some(({ name }) => maskFields.includes(name)))
    throw new Refusal("invalid_parameter", "mask: it must be one file");
  if (pictures.length === 0) throw new Refusal("invalid_parameter", "image: a picture is needed");
  // A client that sends a form again draws another boundary, so the contents are compared.
  const contents = form.files.map(({ name, record }) => [name, record.sha256]);
  const { data: request, ignored } = parseKnown(ImagesRequest, fromForm(form.fields), "body");
  return {
    request,
    ignored,
    uploads,
    images: pictures,
    ...(masks[0] && { mask: masks[0] }),
    idempotency: idempotencyOf(c, hashOf(c, JSON.stringify([form.fields, contents]))),
  };
}

/** Pictures from words alone. */
export function generationOf(c: Context<Env>, request: ImagesRequest): Asked {
  const { uploads, hash } = c.get("body");
  return { request, uploads, idempotency: idempotencyOf(c, hash) };
}
