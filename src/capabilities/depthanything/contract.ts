import { z } from "@hono/zod-openapi";
import { inputSizes } from "../../models/depth-anything/memory.ts";
import { sides } from "../../models/mini/memory.ts";
import { inputOptions, outputOptions } from "../depth/options.ts";
import { CancelOnDisconnect, Webhook } from "../schemas.ts";

export const EstimateRequest = z
  .looseObject({
    model: z.string().nullish().openapi({
      description:
        "Model variant, see GET /v1/image/depthanything/models. Omit for the first one that is activated, in the list's order.",
    }),
    ...inputOptions,
    input_size: z
      .int()
      .min(sides.least)
      .max(inputSizes.max)
      .nullish()
      .openapi({
        description:
          "Side in pixels that the network runs at, 126 to 4096, rounded to its patches of 14: the short side for V2 (518 unless given), " +
          "the long side for V3 (504 unless given). `mini` takes 96 to 320 (256 unless given), in steps of 32. Larger shows finer " +
          "detail and takes more time and memory; far beyond the default the models were not trained.",
      }),
    focal_length_px: z
      .number()
      .gt(0)
      .nullish()
      .openapi({
        description:
          "Focal length of the camera in pixels of the upright picture, where you know it; else the picture's EXIF data are used. " +
          "`v3-metric-large` gives metres only where it is known.",
      }),
    ...outputOptions,
    webhook: Webhook,
    cancel_on_disconnect: CancelOnDisconnect,
  })
  .openapi("EstimateRequest");

export type EstimateRequest = z.infer<typeof EstimateRequest>;

export const prose = {
  title: "easel Depth Anything API",
  summary: "Depth from one picture with Depth Anything V2 and V3.",
  description: `Depth from a single picture, with [Depth Anything V2](https://github.com/DepthAnything/Depth-Anything-V2) and
[Depth Anything 3](https://github.com/ByteDance-Seed/Depth-Anything-3). Requests and results have the shape of the Depth Pro API.

## What comes back
- A **PNG** for the eye: near is bright, far is dark.
- Unless \`include_depth_data\` is false, an **NPZ** for computing: \`depth\`, float32, one value for each pixel of the upright picture
  (rows, columns), and \`min_depth\` and \`max_depth\`. \`depth_unit\` in the result says what the numbers mean.

## Models
| model | numbers | licence |
|---|---|---|
| \`v2-small\`, \`v2-base\`, \`v2-large\` | \`relative_inverse\` | small: Apache-2.0, others: non-commercial |
| \`v2-giant\` | \`relative_inverse\` | non-commercial, never released: from a local path only |
| \`v2-metric-indoor-…\`, \`v2-metric-outdoor-…\` | \`metre\` (to 20 m, to 80 m) | not stated |
| \`v3-small\`, \`v3-base\`, \`v3-mono-large\` | \`relative\` | Apache-2.0 |
| \`v3-large\`, \`v3-giant\` | \`relative\` | non-commercial |
| \`v3-metric-large\` | \`metre\` with a known focal length, else \`relative\` | Apache-2.0 |
| \`v3-nested-giant-large\` | \`metre\` | non-commercial |
| \`mini\` | \`relative_inverse\` | comes with the server, to try it out: rough |
`,
  estimate: {
    summary: "Estimate",
    description:
      "Estimates a depth map from one picture. Makes a PNG and, unless `include_depth_data` is false, an NPZ with the model's numbers. " +
      "A synchronous call that makes the PNG alone and does not ask for JSON gets its bytes; everything else gets the Job, whose " +
      "`result` is EstimateResponse. An asynchronous call is answered 202 at once.",
  },
} as const;
