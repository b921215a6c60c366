/**
 * Schemas that the requests and results of several families share. Component names are the contract's.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { AdapterRef, FileRef } from "../files/file.ts";

const FileIDRef = z
  .object({ type: z.literal("file_id").default("file_id"), file_id: z.string().min(1) })
  .openapi("FileIDRef", { examples: [{ type: "file_id", file_id: "file_0123456789abcdef" }] });

const FileURLRef = z
  .object({ type: z.literal("url").default("url"), url: z.string().min(1) })
  .openapi("FileURLRef", { examples: [{ type: "url", url: "https://example.com/input.png" }] });

const FileDataURLRef = z
  .object({ type: z.literal("data_url").default("data_url"), data_url: z.string().min(1) })
  .openapi("FileDataURLRef", {
    examples: [{ type: "data_url", data_url: "data:image/png;base64,iVBORw0KGgo..." }],
  });

const FileLoraRef = z
  .object({ type: z.literal("lora").default("lora"), lora: z.string().min(1).max(500) })
  .openapi("FileLoraRef", {
    description: "A file of the folder `lora_dir`, see `GET /v1/loras`. It has its place in `loras` alone.",
    examples: [{ type: "lora", lora: "watercolour.safetensors" }],
  });

/**
 * A file as a request names it. On the wire `type` may be left out: it is inferred from the key before this schema sees it.
 * A data URL is taken out of the request before `check` runs, hence the type: `check` sees what a job may keep.
 */
export const FileRefSchema = z
  .discriminatedUnion("type", [FileIDRef, FileURLRef, FileDataURLRef])
  .openapi("FileRef") as unknown as z.ZodType<FileRef>;

const orAdapter = z
  .discriminatedUnion("type", [FileIDRef, FileURLRef, FileDataURLRef, FileLoraRef])
  .openapi("FileRef");

/** The same where it names an adapter, which may also be a file of the folder. */
export const AdapterRefSchema = orAdapter as unknown as z.ZodType<AdapterRef>;

/** A file in the document of a family with adapters: the contract gives both one name, and `requireFiles` tells them apart. */
export const FileBesideAdapters = orAdapter as unknown as z.ZodType<FileRef>;

export const Mode = z.enum(["sync", "async"]).default("sync");

/** Bits of quantization; which numbers are allowed is said by `check`, with the original's words. */
export const Quantize = z.int().nullish();

/** What requests for a picture of colours share. */
export const pictureOptions = {
  mode: Mode.openapi({
    description:
      "`sync` waits for the picture (504 when it takes longer than the server waits; the job goes on). `async` answers 202 with a job " +
      "id at once.",
  }),
  seed: z.int().nullish().openapi({
    description:
      "Makes the result repeatable. Omit it, or send -1, for a random one, which the result's `params` tell.",
  }),
  quantize: Quantize.openapi({
    description:
      "Bits of the network's weights: 3, 4, 5, 6 or 8. Omit for the server's default. Another value loads a copy of the model for this " +
      "request alone.",
  }),
  quality: z
    .int()
    .min(1)
    .max(100)
    .default(90)
    .openapi({ description: "Quality of JPEG and WebP, 1 to 100." }),
} as const;

/** The seed that front ends send for "any". */
export const randomSeed = -1;

/** The seed that a request fixes, or null where one is to be drawn. */
export const fixedSeed = (seed: number | null | undefined): number | null =>
  seed === undefined || seed === randomSeed ? null : seed;

export const CancelOnDisconnect = z.boolean().default(false).openapi({
  description:
    "With `mode` `sync`: cancels the job when the client closes the connection before the answer. Without it the job goes on.",
});

/** Where to send the Job JSON when it ends. */
export const Webhook = z
  .string()
  .nullish()
  .openapi({
    description:
      "Optional http(s) address that the ended job's JSON is sent to, signed after the Standard Webhooks scheme, with retries for a day; " +
      "the job's `webhook_delivery` says whether it arrived. A private address is refused unless `allowed_url_hosts` names it.",
    examples: ["https://example.com/hooks/easel"],
  });

export const Timings = z
  .object({
    total_s: z
      .number()
      .openapi({ description: "Seconds that the model ran, without loading, fetching and saving." }),
  })
  .openapi("_Timings");
