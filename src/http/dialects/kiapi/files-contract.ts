/**
 * Answers about files. Component names are the contract's; requests are in `capabilities/schemas.ts`.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";

export const FileID = z.string().openapi("FileID");

export const fileExample = "file_0123456789abcdef0123456789abcdef";

export const FileRecordSchema = z
  .object({
    file_id: FileID.openapi({
      description:
        'Id of the file for as long as it is stored. Name it in a request as `{"type": "file_id", "file_id": …}`, or fetch ' +
        "the bytes with GET /v1/files/{file_id}/download.",
      examples: [fileExample],
    }),
    filename: z.string().openapi({
      description:
        "Name that the client or the server gave the file. It is a label and never a path on the server.",
      examples: ["depthpro_1766200000.png"],
    }),
    content_type: z
      .string()
      .openapi({ description: "Media type that a download is sent with.", examples: ["image/png"] }),
    size: z
      .int()
      .min(0)
      .openapi({ description: "Number of bytes.", examples: [123456] }),
    sha256: z
      .string()
      .optional()
      .openapi({ description: "SHA-256 of the bytes, in hexadecimal. Also the download's ETag." }),
    created_at: z
      .number()
      .openapi({ description: "When the file was stored, in Unix seconds.", examples: [1766200000.25] }),
    meta: z.record(z.string(), z.unknown()).optional().openapi({
      description:
        "For a file that a job made: the job's parameters, seed, sizes and timings. For a fetched input: where it came from.",
    }),
  })
  .openapi("FileRecord", {
    description: "Record of one stored file, an upload or the output of a job.",
  });

export const hasMore = z.boolean().optional().openapi({
  description: "True when older records exist: ask again with `after` set to the last id of `data`.",
});

export const FileListResponse = z
  .object({
    object: z
      .string()
      .default("list")
      .openapi({ description: "Always `list`.", examples: ["list"] }),
    data: z.array(FileRecordSchema).optional().openapi({ description: "Stored files, newest first." }),
    has_more: hasMore,
  })
  .openapi("FileListResponse");

export const UploadBody = z
  .object({
    file: z.string().openapi({
      description: "The file: its bytes, its name and its media type.",
      // JSON Schema 2020-12, which the library's types do not know yet.
      ...({ contentMediaType: "application/octet-stream" } as object),
    }),
  })
  .openapi("Body_upload_v1_files_post");

export const FileDeleteResponse = z
  .object({
    deleted: z.boolean().openapi({ description: "True: record and bytes are gone.", examples: [true] }),
    file_id: z.string().openapi({ description: "Id of the file that is gone.", examples: [fileExample] }),
  })
  .openapi("FileDeleteResponse");

const expiresAt = z.int().openapi({
  description: "Unix seconds until which the link is good.",
  examples: [1766200900],
});

export const FileLink = z
  .object({
    url: z.string().openapi({ description: "Gives the bytes to everybody who has it, without a token." }),
    expires_at: expiresAt,
  })
  .openapi("FileLink");

export const FileUploadRequest = z
  .object({
    filename: z
      .string()
      .max(1024)
      .default("")
      .openapi({ description: "Name for the file. It never becomes a path.", examples: ["photo.png"] }),
    content_type: z
      .string()
      .max(255)
      .optional()
      .openapi({
        description: "Media type; by default the one of the name's extension.",
        examples: ["image/png"],
      }),
    size: z
      .int()
      .min(0)
      .openapi({
        description: "Number of bytes that will be sent, up to `max_upload_mb`.",
        examples: [123456],
      }),
  })
  .openapi("FileUploadRequest");

export const FileUpload = z
  .object({
    upload_id: z.string().openapi({
      description: "Id of the upload, to complete it with.",
      examples: ["upload_0123456789abcdef0123456789abcdef"],
    }),
    url: z.string().openapi({ description: "Takes the bytes from everybody who has it, without a token." }),
    method: z.literal("PUT").openapi({ description: "Method of the request that sends the bytes." }),
    headers: z.record(z.string(), z.string()).openapi({
      description: "Headers that the request must have.",
      examples: [{ "content-length": "123456" }],
    }),
    expires_at: expiresAt,
  })
  .openapi("FileUpload");
