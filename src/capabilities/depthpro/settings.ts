import { inheritedQuantize, quantize, setting, settingsView, whole } from "../../settings/types.ts";

export const rows = {
  depthpro_default_quantize: setting({
    group: "depthpro",
    kind: quantize(),
    ...inheritedQuantize,
    help: "Bits of the weights when a request names none.",
    kiapi: "KIAPI_DEPTHPRO_DEFAULT_QUANTIZE",
  }),
  depthpro_max_input_pixels: setting({
    group: "depthpro",
    kind: whole({ min: 1 }),
    default: 67108864,
    help: "Pixels that an input picture may have. Above 16777216 it is shrunk while it is decoded; the depth map has the full size.",
    kiapi: "KIAPI_DEPTHPRO_MAX_INPUT_PIXELS",
  }),
};

/** The settings with this family's own. */
export const ownSettings = settingsView(rows);
