import { z } from "@hono/zod-openapi";
import { CancelOnDisconnect, FileRefSchema, pictureOptions, Timings, Webhook } from "../schemas.ts";

const colorFixes = ["wavelet-lab", "wavelet", "lab", "none"] as const;

export const UpscaleRequest = z
  .looseObject({
    model: z
      .string()
      .nullish()
      .openapi({
        description:
          "Model variant, see GET /v1/image/seedvr2/models. `3b`; `7b` is larger and slower; `mini` comes with the server, to try it out. " +
          "Omit for the first of these that is on this server. `seedvr2-3b` and `seedvr2-7b` are taken too.",
      }),
    mode: pictureOptions.mode,
    image: FileRefSchema.openapi({
      description:
        "The picture: a stored file, an http(s) URL or a data URL. Its EXIF turn is applied. Transparency is kept where the output format " +
        "has it.",
    }),
    resolution: z
      .union([z.int(), z.string()])
      .optional()
      .openapi({
        default: "2x",
        description:
          "Size of the result: pixels of its shorter side (16..2048), or a factor such as `2x` or `1.5x` (more than 0, at most 4). A factor " +
          "is brought down so that the shorter side is a multiple of 16; both sides end even.",
      }),
    softness: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .openapi({
        default: 0,
        description:
          "How much of the input's own sharpness is blurred away before the network looks: 0 none, 1 most. Helps with noisy or " +
          "over-sharpened pictures.",
      }),
    color_fix: z
      .enum(colorFixes)
      .nullish()
      .openapi({
        description:
          "Where the result's colours come from. `wavelet`: fine detail from the network, the coarse rest from the input. `lab`: each " +
          "colour as often as in the input. `wavelet-lab`: one after the other. `none`: as the network gives them. Omit for the server's " +
          "setting (default: `wavelet-lab`).",
      }),
    tile: z
      .int()
      .min(128)
      .max(4096)
      .multipleOf(16)
      .nullish()
      .openapi({
        description:
          "Side in pixels of the tiles in which the picture is coded, a multiple of 16. Tiles change the picture a little; larger ones " +
          "need more memory. Omit for the server's setting (default: 512).",
      }),
    seed: pictureOptions.seed,
    quantize: pictureOptions.quantize,
    format: z
      .enum(["png", "jpeg", "webp"])
      .default("png")
      .openapi({ description: "Format of the file. JPEG has no transparency." }),
    quality: pictureOptions.quality,
    webhook: Webhook,
    cancel_on_disconnect: CancelOnDisconnect,
  })
  .openapi("UpscaleRequest");

export type UpscaleRequest = z.infer<typeof UpscaleRequest>;

export const ImageResponse = z
  .object({
    model: z.string().openapi({ description: "Name of the model variant that ran: `3b`, `7b` or `mini`." }),
    file_id: z.string().openapi({ description: "File id of the picture." }),
    image_bytes: z.int().openapi({ description: "Size of the file in bytes." }),
    input_width: z.int().openapi({ description: "Width of the input in pixels, upright." }),
    input_height: z.int().openapi({ description: "Height of the input in pixels, upright." }),
    width: z.int().openapi({ description: "Width of the result in pixels." }),
    height: z.int().openapi({ description: "Height of the result in pixels." }),
    params: z.record(z.string(), z.unknown()).openapi({
      description:
        "What the run used: model, resolution, softness, seed, quantize, format, quality, and what decides the picture besides: " +
        "`color_fix`, `tile`, `tile_overlap`.",
    }),
    notes: z.array(z.string()).optional().openapi({
      description: "Fields of the request that had no effect, and why. Absent when all had one.",
    }),
    timings: Timings.openapi({ description: "How long the model ran." }),
  })
  .openapi("ImageResponse", { description: "Result of an upscale that succeeded." });

export const prose = {
  title: "kiapi SeedVR2 API",
  summary: "Larger, sharper pictures with SeedVR2, a one-step diffusion upscaler.",
  description: `Makes a picture larger and sharper with [SeedVR2](https://github.com/ByteDance-Seed/SeedVR). There is no prompt: the
network invents only detail that fits what it sees.

## Size of the result
\`resolution\` is the shorter side in pixels (16..2048), or a factor such as \`2x\`. The server also has a cap on the pixels of a
result (setting \`max_output_pixels\`).

## Models
- **3b**: faster, needs less memory. The default once it is activated.
- **7b**: finer, about twice the memory and time.
- **mini**: comes with the server and answers until another is activated, to try things out. A small network of this project's own, not
  of SeedVR2: it sharpens and takes noise away, and invents no detail. It enlarges 2, 3 and 4 times; other sizes are resized from there.
  \`color_fix\`, \`tile\`, \`seed\` and \`quantize\` change nothing in it.

## Colours and tiles
The result takes its colours from the input, see \`color_fix\`. Large pictures are worked on in tiles that fade into each other, see
\`tile\`; where they lie depends on the picture's size alone, so the same request and seed give the same picture whatever else the
machine does. The job's \`params\` hold what was used, so that a job that is run again gives the same picture although the server's
settings were changed meanwhile.

## Weights
\`quantize\` sets the bits of the network's weights. Keep it unset for the copy that stays in memory.
`,
  upscale: {
    summary: "Upscale",
    description:
      "Makes a larger picture. A synchronous call that does not ask for JSON gets the picture's bytes; otherwise the Job, whose `result` is " +
      "ImageResponse. An asynchronous call is answered 202 at once.",
  },
} as const;
