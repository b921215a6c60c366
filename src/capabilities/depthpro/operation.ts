import type { Bits } from "../../engine/task.ts";
import type { Capability, CheckContext, Need, Operation } from "../capability.ts";
import { type EstimateParams, renderOf, resolveOutput } from "../depth/options.ts";
import type { EstimateInput, EstimateOutput } from "../depth/phase.ts";
import { loadInput } from "../depth/prepare.ts";
import { type InputFacts, publishEstimate } from "../depth/result.ts";
import { chooseBits, chooseVariant, requireActivated } from "../model.ts";
import { EstimateRequest, EstimateResponse, prose } from "./contract.ts";
import { footprint, variants } from "./variants.ts";

const family = "depthpro";

/** What a request may have for a picture before any is known. */
const USUAL_PIXELS = 12e6;

function needOf(
  variant: string,
  quantize: number | null,
  { settings }: CheckContext,
  pixels = USUAL_PIXELS,
): Need {
  const { bits, transient } = chooseBits(quantize, settings.depthpro_default_quantize);
  const { weights, working } = footprint(bits, pixels);
  return {
    variant,
    bits,
    phases: [
      {
        name: "estimate",
        parts: [{ name: "model", bytes: weights }],
        workingBytes: working,
        share: 1,
      },
    ],
    options: {},
    transient,
    ...fewerBits(bits),
  };
}

const fewerBits = (bits: Bits) => (bits !== null && bits <= 3 ? {} : { smaller: "a lower quantize" });

const estimate: Operation<EstimateRequest, EstimateParams> = {
  type: family,
  path: "/estimate",
  operationId: "estimate_v1_image_depthpro_estimate_post",
  ...prose.estimate,
  request: EstimateRequest,
  result: EstimateResponse,
  jobComponent: "JobEstimateResponse",
  artifactTypes: ["image/png"],

  check(request, context) {
    const variant = chooseVariant(depthpro, request.model, context);
    chooseBits(request.quantize, context.settings.depthpro_default_quantize);
    const output = resolveOutput(request);
    requireActivated(family, variant, context);
    return {
      image: request.image,
      quantize: request.quantize ?? null,
      include_depth_data: request.include_depth_data,
      focal_length_px: request.focal_length_px ?? null,
      ...output,
      model: variant.name,
      mode: request.mode,
    };
  },

  need: (params, context) => needOf(params.model, params.quantize, context),

  async prepare(params, context) {
    const { picture, facts } = await loadInput(
      params.image,
      context.settings.depthpro_max_input_pixels,
      context,
    );
    const focalLengthPx = params.focal_length_px ?? picture.focalLengthPx;
    const input: EstimateInput = {
      pixels: picture.pixels,
      width: picture.width,
      height: picture.height,
      at: "picture",
      ...(focalLengthPx !== undefined && { focalLengthPx }),
      render: renderOf(params, "reciprocal"),
    };
    const need = needOf(params.model, params.quantize, context, picture.width * picture.height);
    return { input, facts, need };
  },

  publish(params, facts, output, { settings, seconds }) {
    const { bits } = chooseBits(params.quantize, settings.depthpro_default_quantize);
    return publishEstimate({
      family,
      params,
      bits,
      facts: facts as InputFacts,
      output: output as EstimateOutput,
      seconds,
    });
  },
};

export const depthpro: Capability = {
  family,
  domain: "image",
  title: prose.title,
  summary: prose.summary,
  description: prose.description,
  variants,
  defaultVariant: () => "base",
  operations: [estimate],
  warm: (variant, context, { quantize = null, width, height } = {}) =>
    needOf(variant, quantize, context, width && height ? width * height : undefined),
};
