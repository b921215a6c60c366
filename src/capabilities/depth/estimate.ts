/**
 * The one operation of a depth family. Requests, files and results are the same for every network. A family adds its own parameters,
 * its memory, and the unit of its depth.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import type { Need } from "../../engine/need.ts";
import type { Bits } from "../../engine/task.ts";
import type { Settings } from "../../settings/settings.ts";
import type { CheckContext, Operation } from "../capability.ts";
import { chooseBits, chooseVariant, type Models, requireActivated } from "../model.ts";
import { resolveExtras } from "./extras/options.ts";
import { choiceOf, extrasInput, focalLengthFor, withExtras } from "./extras/prepare.ts";
import { type EstimateParams, type EstimateRequest, renderOf, resolveOutput } from "./options.ts";
import type { EstimateInput, EstimateOutput } from "./phase.ts";
import { loadInput, type PixelCap } from "./prepare.ts";
import { loadPrevious } from "./previous.ts";
import type { DepthRender } from "./render.ts";
import { EstimateResponse, encodePreview, type InputFacts, publishEstimate } from "./result.ts";

interface Size {
  width: number;
  height: number;
}

/** A depth family. `Own` are its parameters beside those that all families share. */
export interface DepthFamily<Request extends EstimateRequest, Own extends object> {
  models: Models;
  /** Whether a variant has weights to quantize; all have unless given. */
  quantizes?(model: string): boolean;
  /** Bits of the weights when a request names none, and the cap on the pixels of a picture. */
  defaultQuantize(settings: Settings): Bits;
  maxInputPixels(settings: Settings): PixelCap;
  prose: { summary: string; description: string };
  request: z.ZodType;
  own(request: Request): Own;
  /** Refuses parameters that the variant does not support. */
  checkFor?(variant: string, request: Request): void;
  /** Fields of the request that changed nothing, and why. */
  notes?(params: EstimateParams & Own): string[];
  /** Memory of a request; that of a usual picture while the input is unknown. */
  need(params: EstimateParams & Own, context: CheckContext, picture?: Size): Need;
  /** At which size the network looks at a picture; its own where this says nothing. */
  side(params: EstimateParams & Own, picture: Size): Pick<EstimateInput, "inputSize" | "bound">;
  /** Unit of the network's depth, for the renderer. */
  values(params: EstimateParams & Own): DepthRender["values"];
}

/** Size assumed for a picture that is not known yet. */
const usualPicture = { width: 4000, height: 3000 };

export function estimateOperation<Request extends EstimateRequest, Own extends object>({
  models,
  quantizes = () => true,
  defaultQuantize,
  maxInputPixels,
  prose,
  request,
  own,
  checkFor,
  notes,
  need,
  side,
  values,
}: DepthFamily<Request, Own>): Operation<Request, EstimateParams & Own> {
  const { family } = models;
  const bitsOf = (quantize: number | null | undefined, { settings }: Pick<CheckContext, "settings">) =>
    chooseBits(quantize, defaultQuantize(settings)).bits;

  return {
    type: family,
    path: "/estimate",
    operationId: `estimate_v1_image_${family}_estimate_post`,
    ...prose,
    request,
    result: EstimateResponse,
    jobComponent: "JobEstimateResponse",
    artifactTypes: ["image/png"],

    check(request, context) {
      const variant = chooseVariant(models, request.model, context);
      bitsOf(request.quantize, context);
      checkFor?.(variant.name, request);
      const output = resolveOutput(request);
      requireActivated(family, variant, context);
      return {
        image: request.image,
        quantize: request.quantize ?? null,
        include_depth_data: request.include_depth_data,
        ...own(request),
        focal_length_px: request.focal_length_px ?? null,
        ...output,
        ...resolveExtras(request),
        ...(request.align_to && { align_to: request.align_to }),
        ...(request.preview && { preview: true as const }),
        model: variant.name,
        mode: request.mode,
      };
    },

    need: (params, context) => withExtras(need(params, context), params, usualPicture),

    async prepare(params, context) {
      const { picture, facts } = await loadInput(params.image, maxInputPixels(context.settings), context);
      const focalLengthPx = focalLengthFor(params, picture);
      const choice = choiceOf(params);
      const { original } = picture;
      const previous = params.align_to && (await loadPrevious(params.align_to, original, context));
      const input: EstimateInput = {
        pixels: picture.pixels,
        width: picture.width,
        height: picture.height,
        original: picture.original,
        ...side(params, picture),
        at: "picture",
        ...(focalLengthPx !== undefined && { focalLengthPx }),
        render: renderOf(params, values(params)),
        ...(choice && { extras: await extrasInput(choice, picture, focalLengthPx !== undefined) }),
        ...(previous && { previous }),
        ...(params.preview && { preview: true as const }),
      };
      return { input, facts, need: withExtras(need(params, context, original), params, original) };
    },

    preview: encodePreview,

    publish: (params, facts, output, { settings, seconds }) =>
      publishEstimate({
        family,
        params,
        bits: quantizes(params.model) ? bitsOf(params.quantize, { settings }) : null,
        facts: facts as InputFacts,
        output: output as EstimateOutput,
        notes: notes?.(params) ?? [],
        seconds,
      }),
  };
}
