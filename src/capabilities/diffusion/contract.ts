/**
 * Request and result schemas that families of text-to-image models share.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import {
  AdapterRefSchema,
  CancelOnDisconnect,
  FileBesideAdapters,
  pictureOptions,
  Timings,
  Webhook,
} from "../schemas.ts";
import { shortcutFields } from "./shortcuts.ts";

export const LoraRef = z
  .object({
    file: AdapterRefSchema.openapi({
      description:
        "The adapter, a safetensors file: a stored file, an http(s) URL, a data URL, or a file of the folder `lora_dir` by its name, " +
        '`{"lora": "watercolour"}`.',
    }),
    scale: z.number().default(1).openapi({
      description: "Strength of the adapter: 1 as it was trained, less for a weaker effect, 0 for none.",
    }),
  })
  .openapi("LoraRef", { description: "An adapter and its strength." });

const side = (name: string) =>
  z
    .int()
    .nullish()
    .openapi({
      description: `${name} in pixels, a multiple of 16, at most 2048. Omit for the server's default (1024).`,
    });

/** `usualSteps` ends the description of `steps`: what a request without them gets. */
export const pictureFields = (usualSteps: string) => ({
  mode: pictureOptions.mode,
  width: side("Width"),
  height: side("Height"),
  steps: z
    .int()
    .min(1)
    .nullish()
    .openapi({ description: `Steps from noise to picture, 1 to 100. Omit for ${usualSteps}.` }),
  seed: pictureOptions.seed,
  quantize: pictureOptions.quantize,
  format: z.enum(["png", "jpeg", "webp"]).default("png").openapi({ description: "Format of the file." }),
  quality: pictureOptions.quality,
  loras: z.array(LoraRef).optional().openapi({
    description:
      "Up to 4 adapters. They are added to the model that is in memory, so a change of adapters reads their own bytes alone.",
  }),
  ...shortcutFields,
  preview: z.boolean().default(false).openapi({
    description: "Sends small pictures of the way as `preview` events of `GET /v1/jobs/{job_id}/events`.",
  }),
  webhook: Webhook,
  cancel_on_disconnect: CancelOnDisconnect,
});

/** A picture to start from, and how much of it stays. */
export const startFields = {
  init_image: FileBesideAdapters.nullish().openapi({
    description: "A picture to start from. It is brought to `width` and `height`.",
  }),
  image_strength: z
    .number()
    .nullish()
    .openapi({
      description:
        "With `init_image`: how much of it stays, 0 to 1. Higher keeps more: at 1 it comes back as the model's autoencoder gives it, at 0 " +
        "it has no effect. Omit for 0.4.",
    }),
};

export const promptField = z.string().min(1).openapi({ description: "What the picture shall show." });

/** The result of a picture. `params` is described by the family. */
export const imageResponse = (params: string) =>
  z
    .object({
      model: z.string().openapi({ description: "Name of the model variant that ran." }),
      prompt: z.string().openapi({ description: "The prompt." }),
      file_id: z.string().openapi({ description: "File id of the picture." }),
      image_bytes: z.int().openapi({ description: "Size of the file in bytes." }),
      width: z.int().openapi({ description: "Width of the picture in pixels." }),
      height: z.int().openapi({ description: "Height of the picture in pixels." }),
      params: z.record(z.string(), z.unknown()).openapi({ description: params }),
      timings: Timings.openapi({ description: "How long the model ran." }),
    })
    .openapi("ImageResponse", { description: "Result of a run that succeeded." });

const trained = {
  dataset: FileBesideAdapters.openapi({ description: "The pictures, in a ZIP." }),
  seed: z.int().default(42),
  steps: z.int().nullish(),
  quantize: z.int().nullish(),
  max_resolution: z.int().nullable().default(512),
  low_ram: z.boolean().default(true),
  num_epochs: z.int().min(1).default(10),
  batch_size: z.int().min(1).default(1),
  timestep_low: z.int().nullish(),
  timestep_high: z.int().nullish(),
  learning_rate: z.number().default(0.0001),
  save_frequency: z.int().nullish(),
  lora_layers: z.record(z.string(), z.unknown()).nullish(),
};

/** The body of the original's training route, which this server does not run. */
export const trainRequest = (own: z.ZodRawShape) =>
  z.looseObject({ model: z.string().nullish(), ...trained, ...own }).openapi("TrainRequest");

export const trainProse = {
  summary: "Train",
  description: "This server does not train adapters: the answer is 501 `not_supported`.",
} as const;

export const generateProse = {
  summary: "Generate",
  description:
    "Makes a picture from a prompt, or from a prompt and a picture. A synchronous call that does not ask for JSON gets the picture's " +
    "bytes; otherwise the Job, whose `result` is ImageResponse. An asynchronous call is answered 202 at once.",
} as const;
