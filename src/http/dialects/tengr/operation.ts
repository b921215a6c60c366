/**
 * A Tengr depth map as a job. It runs on the models of depthanything, so that both share one copy in memory.
 *
 * @module
 */
import type { Operation } from "../../../capabilities/capability.ts";
import type { EstimateInput, EstimateOutput } from "../../../capabilities/depth/phase.ts";
import { loadInput } from "../../../capabilities/depth/prepare.ts";
import type { DepthRender } from "../../../capabilities/depth/render.ts";
import { encodeDepth, type InputFacts } from "../../../capabilities/depth/result.ts";
import {
  needOf,
  pixelCap,
  type RunSize,
  valuesOf,
  variantOf,
} from "../../../capabilities/depthanything/operation.ts";
import { type DepthVariant, family } from "../../../capabilities/depthanything/variants.ts";
import { requireActivated } from "../../../capabilities/model.ts";
import { Refusal } from "../../../errors.ts";
import { boundFor } from "../../../images/sizing.ts";
import { DepthMapArtwork, DepthMapRequest } from "./contract.ts";

type DepthMapParams = DepthMapRequest & { [key: string]: unknown };

const models = {
  2: ["giant", "large", "base", "small", "mini"],
  3: ["small", "base", "large", "giant", "mono_large", "metric_large", "nested_giant_large", "mini"],
} as const;

function chosen({ useVersion3, model }: DepthMapRequest): DepthVariant {
  const version = useVersion3 ? 3 : 2;
  if (!models[version].includes(model as never)) {
    throw new Refusal(
      "unknown_model",
      `model must be one of ${models[version].join(", ")} when useVersion3 is ${useVersion3}`,
    );
  }
  return variantOf(model === "mini" ? model : `v${version}-${model.replaceAll("_", "-")}`);
}

const sizeOf = ({ resolutionLowerLimit }: DepthMapRequest): RunSize => ({
  inputSize: resolutionLowerLimit,
  bound: "short",
  name: "resolutionLowerLimit",
  step: 64,
});

const normalizations = { Standard: "minmax", "V2-Style": "v2-style", Raw: "raw" } as const;

function renderOf(params: DepthMapRequest): DepthRender {
  const normalization = params.useVersion3 ? normalizations[params.normalizationMode] : "minmax";
  return {
    values: valuesOf(chosen(params)),
    normalization,
    invert: params.invertDepth,
    colormap: "grey",
    format: normalization === "raw" ? "png16" : "png8",
  };
}

/** Before the picture is known, refuses only requests that no picture could fit. */
const smallest = { width: 1, height: 1 };

export const depthMap: Operation<DepthMapRequest, DepthMapParams> = {
  type: "depth-map",
  path: "/depth-map",
  operationId: "create_depth_map",
  summary: "Depth map",
  description:
    "Makes a depth map of an image, a grey picture in which lighter is nearer. Answered at once; poll the artwork, or give a webhook.",
  request: DepthMapRequest,
  result: DepthMapArtwork,
  jobComponent: "JobDepthMapResponse",
  artifactTypes: ["image/png"],

  check(request, context) {
    try {
      requireActivated(family, chosen(request), context);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw new Refusal(error.code, `${error.message}. Or ask for model "mini", which is built in`);
    }
    return { ...request };
  },

  need: (params, context) => needOf(chosen(params), null, sizeOf(params), context, smallest),

  async prepare(params, context) {
    const { picture, facts } = await loadInput(
      { type: "url", url: params.imageUrl },
      pixelCap(context.settings),
      context,
    );
    const input: EstimateInput = {
      pixels: picture.pixels,
      width: picture.width,
      height: picture.height,
      original: picture.original,
      ...boundFor(picture, sizeOf(params)),
      at: "network",
      ...(picture.focalLengthPx !== undefined && { focalLengthPx: picture.focalLengthPx }),
      render: renderOf(params),
    };
    return { input, facts, need: needOf(chosen(params), null, sizeOf(params), context, picture.original) };
  },

  async publish(params, facts, values, { seconds }) {
    const output = values as EstimateOutput;
    const { input_width, input_height } = facts as InputFacts;
    const size = params.usePostResize
      ? { width: input_width, height: input_height }
      : { width: output.width, height: output.height };
    const about = {
      ...size,
      depth_unit: output.unit,
      min_depth: output.min,
      max_depth: output.max,
      scale: output.scale ?? null,
      offset: output.offset ?? null,
      timings: { total_s: Math.round(seconds * 100) / 100 },
    };
    return {
      artifacts: [
        {
          bytes: await encodeDepth(output, params.usePostResize ? size : undefined),
          filename: `depth-map_${Math.floor(Date.now() / 1000)}.png`,
          content_type: "image/png",
          meta: { kind: "depth_image", model: chosen(params).name, params: { ...params }, ...about },
        },
      ],
      result: ([image]) => ({
        file_id: image!.file_id,
        image_bytes: image!.size,
        model: chosen(params).name,
        params: { ...params },
        ...facts,
        ...about,
      }),
    };
  },
};
