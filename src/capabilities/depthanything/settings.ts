import { quantize, setting, settingsView, whole } from "../../settings/types.ts";

export const rows = {
  depthanything_default_quantize: setting({
    group: "depthanything",
    kind: quantize(),
    default: null,
    help: "Bits of the weights when a request names none.",
  }),
  depthanything_max_input_pixels: setting({
    group: "depthanything",
    kind: whole({ min: 1 }),
    default: 67108864,
    help: "Pixels that an input picture may have. Above 16777216 it is shrunk while it is decoded; the depth map has the full size.",
  }),
};

/** The settings with this family's own. */
export const ownSettings = settingsView(rows);
