import type { Need } from "../../engine/need.ts";
import { Refusal } from "../../errors.ts";
import { requirePixels } from "../../images/decode.ts";
import { boundFor, type Size, type Sizing } from "../../images/sizing.ts";
import { patch } from "../../models/depth-anything/memory.ts";
import type { Settings } from "../../settings/settings.ts";
import type { Capability, CheckContext } from "../capability.ts";
import { estimateOperation } from "../depth/estimate.ts";
import { pictureBytes } from "../depth/footprint.ts";
import type { PixelCap } from "../depth/prepare.ts";
import type { DepthRender } from "../depth/render.ts";
import { tensorsOfFiles } from "../footprint.ts";
import { chooseBits, findVariant } from "../model.ts";
import { EstimateRequest, prose } from "./contract.ts";
import { ownSettings } from "./settings.ts";
import { type DepthVariant, models, variants } from "./variants.ts";

/** Size assumed for a picture that is not known yet. */
const usual = { width: 4000, height: 3000 };

export interface RunSize extends Sizing {
  /** Name of the size in a request, and its step. */
  name: string;
  step: number;
}

/** Need of a run at that size. */
export function needOf(
  variant: DepthVariant,
  quantize: number | null,
  { inputSize, bound, name, step }: RunSize,
  context: CheckContext,
  picture: Size = usual,
): Need {
  const { network } = variant;
  const chosen = chooseBits(quantize, ownSettings(context.settings).depthanything_default_quantize);
  const { bits, transient } = network.quantizes ? chosen : { bits: null, transient: false };
  const memory = network.memory(tensorsOfFiles(models.family, variant.name, context));
  const weights = memory.weightBytes(bits);
  const working = (side: number) => {
    const seen = network.sizeSeen(picture, boundFor(picture, { inputSize: side, bound }));
    return memory.workingBytes(seen) + pictureBytes(picture);
  };
  return {
    variant: variant.name,
    bits,
    phases: [
      {
        name: "estimate",
        parts: [{ name: "model", bytes: weights }],
        workingBytes: working(inputSize),
        share: 1,
      },
    ],
    options: {},
    transient,
    smaller: (budget) => smallerSize(name, step, inputSize, (side) => weights + working(side) <= budget),
  };
}

/** Advice for a request that does not fit: the largest size that does. */
function smallerSize(name: string, step: number, from: number, fits: (side: number) => boolean): string {
  for (let side = Math.ceil(from / step) * step - step; side >= step; side -= step) {
    if (fits(side)) return `a smaller ${name} (at most ${side})`;
  }
  return "a smaller model";
}

/** The variant that a job's parameters name; it was checked when the job was made. */
export const variantOf = (name: string): DepthVariant => findVariant(variants, name) as DepthVariant;

/** Unit of a variant's depth, for the renderer. */
export const valuesOf = ({ unit }: DepthVariant): DepthRender["values"] =>
  unit === "relative_inverse" ? "inverse" : "depth";

const sizeOf = (variant: DepthVariant, inputSize: number | null): RunSize => ({
  ...variant.network.sizing,
  name: "input_size",
  step: patch,
  ...(inputSize !== null && { inputSize }),
});

/** The cap on the pixels of a picture. */
export const pixelCap = (settings: Settings): PixelCap => ({
  maxPixels: ownSettings(settings).depthanything_max_input_pixels,
  setting: "depthanything_max_input_pixels",
});

export const estimate = estimateOperation({
  models,
  quantizes: (model) => variantOf(model).network.quantizes,
  defaultQuantize: (settings) => ownSettings(settings).depthanything_default_quantize,
  maxInputPixels: pixelCap,
  prose: prose.estimate,
  request: EstimateRequest,
  own: ({ input_size }: EstimateRequest) => ({ input_size: input_size ?? null }),
  checkFor(name, { input_size }) {
    const { min, max } = variantOf(name).network.sizes;
    if (input_size != null && (input_size < min || input_size > max))
      throw new Refusal("invalid_parameter", `input_size of ${name} must be in ${min}..${max}`);
  },
  notes({ model, quantize, focal_length_px, extras = [] }) {
    const { network, needsFocalLength } = variantOf(model);
    return [
      ...(quantize !== null && !network.quantizes ? [`quantize: ${model} has no weights to quantize`] : []),
      ...(focal_length_px !== null && !needsFocalLength && extras.length === 0
        ? [`focal_length_px: the depth of ${model} does not depend on it`]
        : []),
    ];
  },
  need({ model, quantize, input_size }, context, picture) {
    const variant = variantOf(model);
    return needOf(variant, quantize, sizeOf(variant, input_size), context, picture);
  },
  side: ({ model, input_size }, picture) => boundFor(picture, sizeOf(variantOf(model), input_size)),
  values: ({ model }) => valuesOf(variantOf(model)),
});

/** Memory that a variant needs for a usual request. */
export const warm: NonNullable<Capability["warm"]> = (
  variant,
  context,
  { quantize = null, width = usual.width, height = usual.height } = {},
) => {
  if (width !== usual.width || height !== usual.height)
    requirePixels({ width, height }, pixelCap(context.settings), "the picture");
  const chosen = variantOf(variant);
  return needOf(chosen, quantize, sizeOf(chosen, null), context, { width, height });
};
