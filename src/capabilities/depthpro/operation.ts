import type { Need } from "../../engine/need.ts";
import { requirePixels } from "../../images/decode.ts";
import type { Size } from "../../images/sizing.ts";
import * as memory from "../../models/depth-pro/memory.ts";
import type { Settings } from "../../settings/settings.ts";
import type { Capability, CheckContext } from "../capability.ts";
import { estimateOperation } from "../depth/estimate.ts";
import { pictureBytes } from "../depth/footprint.ts";
import type { PixelCap } from "../depth/prepare.ts";
import { canHaveFewerBits, floatBytes, tensorsOfFiles } from "../footprint.ts";
import { chooseBits } from "../model.ts";
import { EstimateRequest, prose } from "./contract.ts";
import { ownSettings } from "./settings.ts";
import { models } from "./variants.ts";

/** Size assumed for a picture that is not known yet. */
const usual: Size = { width: 4000, height: 3000 };

function needOf(variant: string, quantize: number | null, context: CheckContext, picture = usual): Need {
  const { bits, transient } = chooseBits(quantize, ownSettings(context.settings).depthpro_default_quantize);
  const files = tensorsOfFiles(models.family, variant, context);
  const size = (files && memory.sizeOfFiles(files)) ?? memory.published;
  return {
    variant,
    bits,
    phases: [
      {
        name: "estimate",
        parts: [{ name: "model", bytes: memory.weightBytes(size, bits, floatBytes) }],
        workingBytes: memory.workingBytes(size, floatBytes) + pictureBytes(picture),
        share: 1,
      },
    ],
    options: {},
    transient,
    ...(canHaveFewerBits(bits) && { smaller: "a lower quantize" }),
  };
}

/** The cap on the pixels of a picture. */
const pixelCap = (settings: Settings): PixelCap => ({
  maxPixels: ownSettings(settings).depthpro_max_input_pixels,
  setting: "depthpro_max_input_pixels",
});

export const estimate = estimateOperation({
  models,
  defaultQuantize: (settings) => ownSettings(settings).depthpro_default_quantize,
  maxInputPixels: pixelCap,
  prose: prose.estimate,
  request: EstimateRequest,
  own: (_: EstimateRequest) => ({}),
  need: ({ model, quantize }, context, picture) => needOf(model, quantize, context, picture),
  side: () => ({}),
  values: () => "reciprocal",
});

/** Memory that a variant needs for a usual request. */
export const warm: NonNullable<Capability["warm"]> = (
  variant,
  context,
  { quantize = null, width = usual.width, height = usual.height } = {},
) => {
  if (width !== usual.width || height !== usual.height)
    requirePixels({ width, height }, pixelCap(context.settings), "the picture");
  return needOf(variant, quantize, context, { width, height });
};
