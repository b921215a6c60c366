import { z } from "@hono/zod-openapi";
import { inputOptions, outputOptions } from "../depth/options.ts";
import { CancelOnDisconnect, Webhook } from "../schemas.ts";

export const EstimateRequest = z
  .looseObject({
    model: z.string().nullish().openapi({
      description:
        "Model variant, see GET /v1/image/depthpro/models. Omit for `base`, which also answers to `depthpro`, `depth-pro` and `DepthPro`.",
    }),
    ...inputOptions,
    focal_length_px: z
      .number()
      .gt(0)
      .nullish()
      .openapi({
        description:
          "Focal length of the camera in pixels of the upright picture, where you know it. Omit to take it from the picture's EXIF data, " +
          "or else have the network estimate it. Metres are proportional to it.",
      }),
    ...outputOptions,
    webhook: Webhook,
    cancel_on_disconnect: CancelOnDisconnect,
  })
  .openapi("EstimateRequest");

export type EstimateRequest = z.infer<typeof EstimateRequest>;

export const prose = {
  title: "kiapi DepthPro API",
  summary: "Metric depth from one picture with Apple's Depth Pro.",
  description: `Depth in metres from a single picture, with [Depth Pro](https://github.com/apple/ml-depth-pro).

## What comes back
- A **PNG** for the eye: near is bright, far is dark (inverse depth between its extremes, 8 bits).
- Unless \`include_depth_data\` is false, an **NPZ** for computing: \`depth\`, float32, one value in metres for each pixel of the
  upright picture (rows, columns), and \`min_depth\`, \`max_depth\` and \`focal_length_px\`.

\`\`\`python
depth = numpy.load("depthpro_1766200000.npz")["depth"]
\`\`\`

## Metres and the focal length
Metres follow from the focal length. It is taken from \`focal_length_px\` if given, else from the picture's EXIF tag for 35 mm film,
else the network estimates it. The result says which number was used.

## Other looks
\`normalization\`, \`invert\`, \`colormap\` and \`depth_format\` change the PNG and never the NPZ.

## Models
- **base**: \`apple/DepthPro\`. Its licence is for research only.

## Weights
\`quantize\` sets the bits of the weights (3, 4, 5, 6 or 8). Keep it unset for the copy that stays in memory; another value loads one
for that request alone.
`,
  estimate: {
    summary: "Estimate",
    description:
      "Estimates a depth map from one picture. Makes a PNG and, unless `include_depth_data` is false, an NPZ with the depth in metres. " +
      "A synchronous call that makes the PNG alone and does not ask for JSON gets its bytes, so `curl -o depth.png` works; everything " +
      "else gets the Job, whose `result` is EstimateResponse. An asynchronous call is answered 202 at once.",
  },
} as const;
