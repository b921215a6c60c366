/** Links to files: down, and up. They need no token, are for one file, and expire. */
import { createRoute, z } from "@hono/zod-openapi";
import { Refusal } from "../../../errors.ts";
import { isGoodLink, signedQuery } from "../../../files/links.ts";
import { uploadLifetime } from "../../../files/uploads.ts";
import { download } from "../../answer/file-access.ts";
import type { Deps } from "../../deps.ts";
import { binary, json } from "../../openapi/responses.ts";
import { requireUncompressed } from "../../request/body.ts";
import { originOf } from "../../request/origin.ts";
import { idOf } from "../../request/paging.ts";
import type { Serve } from "../../route.ts";
import { refusalResponses, schemaResponse } from "./errors.ts";
import { FileLink, FileRecordSchema, FileUpload, FileUploadRequest } from "./files-contract.ts";

/** Seconds until a link expires. */
const linkSeconds = 900;
/** Seconds without a byte after which an upload is given up. */
const uploadSilence = 60;
/** Bytes of an announcement: a name and a media type. */
const largestBody = 65_536;

const tags = ["Files"];
const fileParams = z.object({ file_id: idOf("file", "Id of the file.") });
const uploadParams = z.object({
  upload_id: z.string().openapi({
    description: "Id of the upload, from `POST /v1/files/uploads`.",
    examples: ["upload_0123456789abcdef0123456789abcdef"],
  }),
});
const signed = z.object({
  expires: z.string().default("").openapi({ description: "Unix seconds until which the link is good." }),
  signature: z.string().default("").openapi({ description: "The server's signature of the link." }),
});

const getLink = createRoute({
  tags,
  method: "get",
  path: "/v1/files/{file_id}/link",
  operationId: "file_link",
  summary: "Get Link",
  description:
    "Gives a link to the bytes of a file that needs no token and is good for 15 minutes. It leads to the bucket where a fleet keeps its " +
    "files in one that clients reach (`s3_public_endpoint`), else to this server. The bytes come as an attachment, in ranges if asked for.",
  request: { params: fileParams },
  responses: {
    200: json("The link.", FileLink),
    ...schemaResponse,
    ...refusalResponses("file_not_found"),
  },
});

const getLinked = createRoute({
  tags,
  method: "get",
  path: "/v1/files/{file_id}/linked",
  operationId: "linked_file",
  summary: "Get Linked File",
  description:
    "Gives the bytes of the file that a link of this server is for, as `GET /v1/files/{file_id}/download` does.",
  security: [],
  request: { params: fileParams, query: signed },
  responses: {
    200: { description: "The bytes.", content: { "application/octet-stream": binary } },
    206: { description: "The bytes of the range.", content: { "application/octet-stream": binary } },
    304: { description: "The client has these bytes already." },
    ...schemaResponse,
    ...refusalResponses("invalid_link", "file_not_found", "range_not_satisfiable", "files_unavailable"),
  },
});

const beginUpload = createRoute({
  tags,
  method: "post",
  path: "/v1/files/uploads",
  operationId: "begin_file_upload",
  summary: "Begin Upload",
  description:
    "Announces a file and gives a link that its bytes are sent to, so that they need not pass through a form or, in a fleet with " +
    "`s3_public_endpoint`, through this server. Send them as the whole body of one request with `method` and `headers` to `url`, within " +
    "15 minutes, and then call `POST /v1/files/uploads/{upload_id}/complete`. Exactly `size` bytes are taken.",
  request: { body: { required: true, content: { "application/json": { schema: FileUploadRequest } } } },
  responses: {
    200: json("Where the bytes go.", FileUpload),
    ...schemaResponse,
    ...refusalResponses("too_large", "files_unavailable", "disk_full"),
  },
});

const receiveUpload = createRoute({
  tags,
  method: "put",
  path: "/v1/files/uploads/{upload_id}",
  operationId: "send_file_upload",
  summary: "Send Upload",
  description:
    "Takes the bytes of an upload whose link leads to this server. Sent again, they take the place of the earlier ones until the upload is completed.",
  security: [],
  request: {
    params: uploadParams,
    query: signed,
    body: { required: true, content: { "application/octet-stream": binary } },
  },
  responses: {
    204: { description: "The bytes are here." },
    ...schemaResponse,
    ...refusalResponses(
      "invalid_link",
      "upload_not_found",
      "upload_incomplete",
      "too_large",
      "files_unavailable",
      "disk_full",
    ),
  },
});

const completeUpload = createRoute({
  tags,
  method: "post",
  path: "/v1/files/uploads/{upload_id}/complete",
  operationId: "complete_file_upload",
  summary: "Complete Upload",
  description:
    "Makes a file of the bytes that came: they are measured, hashed and stored under a new id, which the link does not reach. Repeated, it " +
    `gives the same file. An upload can be completed for ${uploadLifetime / 3600} hours.`,
  request: { params: uploadParams },
  responses: {
    200: json("The file is stored.", FileRecordSchema),
    ...schemaResponse,
    ...refusalResponses("upload_not_found", "upload_incomplete", "files_unavailable", "disk_full"),
  },
});

/** What the link to a file signs. */
const fileOf = (id: string) => `files\n${id}`;
/** What the link to an upload signs. */
const uploadOf = (id: string) => `uploads\n${id}`;

export function fileLinkRoutes(serve: Serve, { files, settings, links }: Deps): void {
  const own = { key: links.key, ttl: linkSeconds };
  const requireGood = (subject: string, query: z.infer<typeof signed>) => {
    if (isGoodLink(subject, query, links.key)) return;
    throw new Refusal("invalid_link", "this link is invalid or has expired: ask for a new one");
  };

  serve(getLink, async (c) => {
    const { file_id } = c.req.valid("param");
    const record = await files.get(file_id);
    if (!record) throw new Refusal("file_not_found", `unknown file '${file_id}'`);
    const expires_at = Math.floor(Date.now() / 1000) + linkSeconds;
    const url =
      files.link(record, linkSeconds) ??
      `${originOf(c, settings)}/v1/files/${file_id}/linked?${signedQuery(fileOf(file_id), own)}`;
    return c.json({ url, expires_at }, 200, { "Cache-Control": "no-store" });
  });

  serve(getLinked, async (c) => {
    const { file_id } = c.req.valid("param");
    requireGood(fileOf(file_id), c.req.valid("query"));
    c.env?.server?.timeout(c.req.raw, 0);
    const answer = await download(files, file_id, c.req.raw);
    if (!answer) throw new Refusal("file_not_found", `unknown file '${file_id}'`);
    return answer;
  });

  serve(
    beginUpload,
    async (c) => {
      const { filename, content_type, size } = c.req.valid("json");
      const limit = Math.floor(settings.max_upload_mb * 2 ** 20);
      if (size > limit) throw new Refusal("too_large", `a file may have up to ${limit} bytes`);
      const expires_at = Math.floor(Date.now() / 1000) + linkSeconds;
      const { id, direct } = await files.uploads.begin({ filename, content_type, size }, linkSeconds);
      const here = `${originOf(c, settings)}/v1/files/uploads/${id}?${signedQuery(uploadOf(id), own)}`;
      const { url, headers } = direct ?? { url: here, headers: { "content-length": String(size) } };
      const answer = { upload_id: id, url, method: "PUT" as const, headers, expires_at };
      return c.json(answer, 200, { "Cache-Control": "no-store" });
    },
    { largestBody },
  );

  serve(receiveUpload, async (c) => {
    const { upload_id } = c.req.valid("param");
    requireGood(uploadOf(upload_id), c.req.valid("query"));
    requireUncompressed(c.req.raw.headers);
    c.env?.server?.timeout(c.req.raw, uploadSilence);
    await files.uploads.receive(upload_id, c.req.raw.body ?? nothing());
    return c.body(null, 204);
  });

  serve(completeUpload, async (c) => {
    // The bytes of a large file come from the bucket and go back there.
    c.env?.server?.timeout(c.req.raw, 0);
    return c.json(await files.uploads.complete(c.req.valid("param").upload_id), 200);
  });
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
