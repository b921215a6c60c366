/**
 * Tengr's depth maps: the request's fields with its limits and defaults.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";

const httpUrl = z.url({ protocol: /^https?$/ });

export const DepthMapRequest = z
  .object({
    imageUrl: httpUrl.openapi({
      description: "URL of the image to make a depth map of. Its EXIF turn is applied.",
      format: "uri",
    }),
    invertDepth: z.boolean().default(false).openapi({ description: "Makes far bright and near dark." }),
    resolutionLowerLimit: z.int().min(256).max(2048).multipleOf(64).default(1024).openapi({
      description:
        "Short side in pixels that the network runs at, a multiple of 64; the network rounds it to its patches of 14.",
    }),
    usePostResize: z.boolean().default(false).openapi({
      description:
        "Whether the map is resized to exactly the image's size. Otherwise it has the size that the network ran at.",
    }),
    webhook: httpUrl.optional().openapi({
      description:
        "URL that the final artwork is POSTed to when it has succeeded or failed, signed after the Standard Webhooks scheme.",
      format: "uri",
    }),
    useVersion3: z.boolean().default(false).openapi({
      description: "Depth Anything V3 instead of V2. Decides which values `model` may have.",
    }),
    model: z
      .string()
      .default("large")
      .openapi({
        description:
          "V2: giant, large, base, small. V3: small, base, large, giant, mono_large, metric_large, nested_giant_large. Under either: " +
          "mini, a rough model that comes with the server and runs at no more than 320 pixels, whatever `resolutionLowerLimit` says.",
      }),
    normalizationMode: z
      .enum(["Standard", "V2-Style", "Raw"])
      .default("Standard")
      .openapi({
        description:
          "V3 only. Standard: from nearest to farthest. V2-Style: inverse depth between percentiles, sky black. Raw: the model's own " +
          "numbers, where larger is farther, as a 16-bit PNG whose text chunks `scale` and `offset` turn pixels back into them.",
      }),
  })
  .openapi("DepthMapParameters");

export type DepthMapRequest = z.infer<typeof DepthMapRequest>;

export const DepthMapArtwork = z
  .object({
    id: z.uuid().openapi({ description: "Id of the artwork.", format: "uuid" }),
    artworkType: z.literal("depth_map").openapi({ description: "Kind of the artwork." }),
    parameters: DepthMapRequest.openapi({ description: "The request, with its defaults." }),
    duration: z.number().openapi({ description: "Seconds that it ran; 0 until it has ended." }),
    results: z.array(z.string()).openapi({
      description: "URLs of the results. They hold a signature that expires, and need no token until then.",
    }),
    status: z.enum(["starting", "processing", "succeeded", "failed", "canceled"]),
    createdAt: z.iso.datetime().openapi({ description: "When it was made.", format: "date-time" }),
    error: z.string().optional().openapi({ description: "Why it failed." }),
  })
  .openapi("DepthMapArtworkResponse");

export type DepthMapArtwork = z.infer<typeof DepthMapArtwork>;

export const ArtworkError = z
  .object({
    message: z.string().openapi({ description: "The error in words, for people." }),
    statusCode: z.int().openapi({ description: "The HTTP status." }),
    error: z.string().optional().openapi({ description: "The status in words, when `message` says more." }),
  })
  .openapi("ArtworkError", { description: "Any refusal of the artwork routes." });
