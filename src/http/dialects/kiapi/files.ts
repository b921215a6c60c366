/** Files: uploads that requests can name, and what jobs made. */
import { createRoute, z } from "@hono/zod-openapi";
import { Refusal } from "../../../errors.ts";
import { type ThumbnailSize, thumbnailSizes } from "../../../files/thumbnails.ts";
import { download, upload } from "../../answer/file-access.ts";
import type { Deps } from "../../deps.ts";
import { binary, header, json } from "../../openapi/responses.ts";
import { idOf, pageAfter, pageOf } from "../../request/paging.ts";
import type { Serve } from "../../route.ts";
import { refusalResponses, schemaResponse } from "./errors.ts";
import { FileDeleteResponse, FileListResponse, FileRecordSchema, UploadBody } from "./files-contract.ts";

const fileId = idOf("file", "Id of the file, from an upload or from a job's `artifacts`.");
const params = z.object({ file_id: fileId });

const isThumbnailSize = (size: number): size is ThumbnailSize =>
  thumbnailSizes.some((known) => known === size);
const thumbnailQuery = z.object({
  size: z
    .int()
    .refine(isThumbnailSize, `must be one of ${thumbnailSizes.join(", ")}`)
    .default(320)
    .openapi({
      enum: [...thumbnailSizes],
      description: "Longest side in pixels; smaller pictures keep their size.",
    }),
});

const query = z.object(pageOf("file", fileId));

/** Seconds without a byte after which an upload is given up. */
const uploadSilence = 60;

const unknown = (id: string) => new Refusal("file_not_found", `unknown file '${id}'`);

const route = { request: { params }, tags: ["Files"] };
const missing = { ...schemaResponse, ...refusalResponses("file_not_found") };

const uploadFile = createRoute({
  tags: ["Files"],
  method: "post",
  path: "/v1/files",
  operationId: "upload_v1_files_post",
  summary: "Upload",
  description:
    "Stores a file and gives its id.\n\nSend it as `multipart/form-data` in the field `file`. The id can then stand in any request " +
    '(`{"type": "file_id", "file_id": …}`), as often as wanted; the file stays until it is deleted, through restarts too. The body is ' +
    "written to the disk as it comes and may have up to `max_upload_mb` megabytes.",
  request: { body: { required: true, content: { "multipart/form-data": { schema: UploadBody } } } },
  responses: {
    200: json("The file is stored.", FileRecordSchema),
    ...schemaResponse,
    ...refusalResponses("too_large", "files_unavailable", "disk_full"),
  },
});

const listFiles = createRoute({
  tags: ["Files"],
  method: "get",
  path: "/v1/files",
  operationId: "list_files_v1_files_get",
  summary: "List Files",
  description:
    "Lists stored files, newest first: uploads, fetched inputs and what jobs made. At most 1000 come at once: when `has_more` is " +
    "true, ask again with `after`.",
  request: { query },
  responses: { 200: json("A page of files.", FileListResponse), ...schemaResponse },
});

const getFile = createRoute({
  ...route,
  method: "get",
  path: "/v1/files/{file_id}",
  operationId: "get_file_v1_files__file_id__get",
  summary: "Get File",
  description:
    "Gives the record of a file: name, media type, size, hash, and the job that made it. Not its bytes.",
  responses: { 200: json("The record.", FileRecordSchema), ...missing },
});

const downloadFile = createRoute({
  ...route,
  method: "get",
  path: "/v1/files/{file_id}/download",
  operationId: "download_file_v1_files__file_id__download_get",
  summary: "Download File",
  description:
    "Gives the bytes of a file, with its own media type. HEAD, Range (one range), If-Range and If-None-Match are honoured; the ETag " +
    "is the SHA-256 of the bytes.",
  request: {
    params,
    headers: z.object({
      Range: z.string().optional().openapi({ description: "Only these bytes, such as `bytes=0-1023`." }),
      "If-None-Match": z.string().optional().openapi({ description: "An ETag that the client has already." }),
    }),
  },
  responses: {
    200: {
      description: "The bytes.",
      content: {
        "application/json": { schema: {} },
        "application/octet-stream": { schema: { type: "string", format: "binary" } },
      },
      headers: {
        ETag: { description: "SHA-256 of the bytes, in quotes.", schema: { type: "string" } },
        "Accept-Ranges": { description: "`bytes`.", schema: { type: "string" } },
      },
    },
    206: {
      description: "The bytes of the range.",
      content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } },
    },
    304: { description: "The client has these bytes already." },
    ...missing,
    ...refusalResponses("range_not_satisfiable", "file_damaged", "files_unavailable"),
  },
});

const getThumbnail = createRoute({
  ...route,
  method: "get",
  path: "/v1/files/{file_id}/thumbnail",
  operationId: "thumbnail",
  summary: "Thumbnail",
  description:
    "Gives a small WebP copy of a stored picture, turned upright. It is made at the first request and kept in the cache folder.",
  request: { params, query: thumbnailQuery },
  responses: {
    200: {
      description: "The thumbnail.",
      content: { "image/webp": binary },
      headers: { ETag: header("Changes with the file and the size.") },
    },
    304: { description: "The client has this thumbnail already." },
    ...missing,
    ...refusalResponses("no_thumbnail", "files_unavailable"),
  },
});

const deleteFile = createRoute({
  ...route,
  method: "delete",
  path: "/v1/files/{file_id}",
  operationId: "delete_file_v1_files__file_id__delete",
  summary: "Delete File",
  description:
    "Deletes a file's record and bytes. Jobs that name it keep its id; one that still needs it fails and says so.",
  responses: { 200: json("The file is gone.", FileDeleteResponse), ...missing },
});

export function fileRoutes(serve: Serve, { files, thumbnails, settings }: Deps): void {
  serve(uploadFile, async (c) => {
    c.env?.server?.timeout(c.req.raw, uploadSilence);
    return c.json(await upload(files, c.req.raw, settings.max_upload_mb * 2 ** 20), 200);
  });

  serve(listFiles, async (c) => {
    const page = await pageAfter(files.list(c.req.valid("query")));
    return c.json({ object: "list", ...page }, 200);
  });

  serve(getFile, async (c) => {
    const { file_id } = c.req.valid("param");
    const record = await files.get(file_id);
    if (!record) throw unknown(file_id);
    return c.json(record, 200);
  });

  serve(downloadFile, async (c) => {
    const { file_id } = c.req.valid("param");
    // A slow reader of a large file is no idle one.
    c.env?.server?.timeout(c.req.raw, 0);
    const answer = await download(files, file_id, c.req.raw);
    if (!answer) throw unknown(file_id);
    return answer;
  });

  serve(getThumbnail, async (c) => {
    const { file_id } = c.req.valid("param");
    const { size } = c.req.valid("query");
    const record = await files.get(file_id);
    if (!record) throw unknown(file_id);
    const headers = {
      ETag: `"${record.sha256.slice(0, 32)}-${size}"`,
      "Cache-Control": "private, max-age=604800, immutable",
    };
    if (c.req.header("if-none-match") === headers.ETag) return c.body(null, 304, headers);
    const bytes = await thumbnails.of(record, size);
    return c.body(bytes, 200, { ...headers, "Content-Type": "image/webp" });
  });

  serve(deleteFile, async (c) => {
    const { file_id } = c.req.valid("param");
    if (!(await files.delete(file_id))) throw unknown(file_id);
    thumbnails.forget(file_id);
    return c.json({ deleted: true, file_id }, 200);
  });
}
