/**
 * Parameters that all depth families share: the input picture, and the look of the depth map.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { Refusal } from "../../errors.ts";
import type { FileRef } from "../../files/file.ts";
import { FileRefSchema, Mode, Quantize } from "../schemas.ts";
import { type ExtrasParams, type ExtrasRequest, extrasOptions } from "./extras/options.ts";
import type { DepthRender } from "./render.ts";

export const inputOptions = {
  mode: Mode.openapi({
    description:
      "`sync` waits for the depth map (504 when it takes longer than the server waits; the job goes on). `async` answers 202 with a " +
      "job id at once.",
  }),
  image: FileRefSchema.openapi({
    description:
      "The picture: a stored file, an http(s) URL or a data URL. JPEG, PNG, WebP, GIF (first frame), TIFF, HEIC or AVIF; its turn is " +
      "applied. The server's limit on pixels holds.",
  }),
  quantize: Quantize.openapi({
    description:
      "Bits of the network's weights: 3, 4, 5, 6 or 8. Omit for the server's default. Another value than the default loads a copy of " +
      "the model for this request alone, which takes longer.",
  }),
  include_depth_data: z
    .boolean()
    .default(true)
    .openapi({
      description:
        "Whether to store the depth array as an NPZ beside the PNG. When false there is one file only, so a synchronous call that " +
        "does not ask for JSON gets the PNG's bytes.",
    }),
} as const;

export const outputOptions = {
  normalization: z
    .enum(["minmax", "v2-style", "raw"])
    .default("minmax")
    .openapi({
      description:
        "How values become brightness. `minmax`: from the farthest (black) to the nearest (white). `v2-style`: inverse depth between " +
        "its 1st and 99th percentile, brightened by a square root, sky black where the model tells sky. `raw`: the model's own " +
        "numbers, stored so that value = offset + scale × pixel; scale and offset stand in the result and in the PNG's text.",
    }),
  invert: z.boolean().default(false).openapi({
    description:
      "Turns bright and dark round, so that far is bright. With `raw`: each value becomes its distance from the largest.",
  }),
  colormap: z.enum(["grey", "turbo", "inferno", "viridis", "spectral"]).default("grey").openapi({
    description:
      "Colours of the PNG, from far to near. Anything but `grey` makes it an RGB picture of 8 bits.",
  }),
  depth_format: z.enum(["png8", "png16"]).nullish().openapi({
    description:
      "Bits of each grey value in the PNG. Omit for 8 bits, and for 16 with `normalization` `raw`.",
  }),
  preview: z.boolean().default(false).openapi({
    description:
      "Sends a small picture of the map as a `preview` event of `GET /v1/jobs/{job_id}/events`, before the map has its full size.",
  }),
  align_to: FileRefSchema.nullish().openapi({
    description:
      "For frames of a video: the NPZ of the frame before, of the same size. The map is scaled and shifted to fit it (metres are only " +
      "scaled), and the PNG keeps its range, so that still things do not flicker.",
  }),
  ...extrasOptions,
} as const;

/** The options as a job keeps them: every one decided. */
export type OutputParams = Pick<DepthRender, "normalization" | "invert" | "colormap"> & {
  depth_format: DepthRender["format"];
};

/** A request as a job keeps it, as far as the families share it. */
export type EstimateParams = OutputParams &
  ExtrasParams & {
    image: FileRef;
    align_to?: FileRef;
    preview?: true;
    quantize: number | null;
    include_depth_data: boolean;
    focal_length_px: number | null;
    model: string;
    mode: string;
  };

/** A request, as far as the families share it. */
export type EstimateRequest = Omit<
  EstimateParams,
  keyof OutputParams | keyof ExtrasParams | "model" | "quantize" | "focal_length_px" | "align_to" | "preview"
> &
  OutputRequest &
  ExtrasRequest & {
    model?: string | null | undefined;
    align_to?: FileRef | null | undefined;
    preview?: boolean | undefined;
    quantize?: number | null | undefined;
    focal_length_px?: number | null | undefined;
  };

type OutputRequest = Omit<OutputParams, "depth_format"> & {
  depth_format?: OutputParams["depth_format"] | null | undefined;
};

/** Applies defaults, and refuses parameters that exclude each other. */
export function resolveOutput({
  normalization,
  invert,
  colormap,
  depth_format,
}: OutputRequest): OutputParams {
  if (colormap !== "grey") {
    if (normalization === "raw") {
      throw new Refusal(
        "invalid_parameter",
        "normalization 'raw' keeps the values, so colormap must be 'grey'",
      );
    }
    if (depth_format === "png16") {
      throw new Refusal("invalid_parameter", `colormap '${colormap}' needs depth_format 'png8'`);
    }
  }
  return {
    normalization,
    invert,
    colormap,
    depth_format: depth_format ?? (normalization === "raw" ? "png16" : "png8"),
  };
}

export function renderOf(
  { normalization, invert, colormap, depth_format }: OutputParams,
  values: DepthRender["values"],
): DepthRender {
  return { values, normalization, invert, colormap, format: depth_format };
}
