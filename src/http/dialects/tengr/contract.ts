/**
 * What Tengr's routes answer beside artworks.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";

export const ArtworkError = z
  .object({
    message: z.string().openapi({ description: "What is wrong, in words for a person." }),
    statusCode: z.int().openapi({ description: "The HTTP status." }),
    error: z.string().optional().openapi({ description: "The status in words, when `message` says more." }),
  })
  .openapi("ArtworkError", { description: "Any refusal of the artwork routes." });
