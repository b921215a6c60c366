import type { Bits } from "../../engine/task.ts";
import type { Size } from "../../images/sizing.ts";
import type { Capability, CheckContext, Need } from "../capability.ts";
import { estimateOperation } from "../depth/estimate.ts";
import { chooseBits } from "../model.ts";
import { EstimateRequest, prose } from "./contract.ts";
import { footprint, variants } from "./variants.ts";

const family = "depthpro";

/** What a request may have for a picture before any is known. */
const usual: Size = { width: 4000, height: 3000 };

function needOf(variant: string, quantize: number | null, { settings }: CheckContext, picture = usual): Need {
  const { bits, transient } = chooseBits(quantize, settings.depthpro_default_quantize);
  const { weights, working } = footprint(bits, picture);
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

const estimate = estimateOperation({
  family,
  capability: () => depthpro,
  prose: prose.estimate,
  request: EstimateRequest,
  own: (_: EstimateRequest) => ({}),
  need: ({ model, quantize }, context, picture) => needOf(model, quantize, context, picture),
  side: () => ({}),
  values: () => "reciprocal",
});

export const depthpro: Capability = {
  family,
  domain: "image",
  title: prose.title,
  summary: prose.summary,
  description: prose.description,
  variants,
  defaultVariant: () => "base",
  operations: [estimate],
  warm: (variant, context, { quantize = null, width = usual.width, height = usual.height } = {}) =>
    needOf(variant, quantize, context, { width, height }),
};
