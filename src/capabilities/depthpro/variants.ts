import type { Bits } from "../../engine/task.ts";
import type { Size } from "../../images/sizing.ts";
import type { Variant } from "../capability.ts";
import { pictureBytes } from "../depth/footprint.ts";
import { floatBytes, weightBytes } from "../footprint.ts";
import type { Models } from "../model.ts";

export const variants: readonly Variant[] = [
  {
    name: "base",
    aliases: ["depthpro", "depth-pro", "DepthPro"],
    repo: "apple/DepthPro",
    features: ["depth", "image"],
    licence: {
      name: "Apple Machine Learning Research Model License",
      url: "https://huggingface.co/apple/DepthPro/blob/main/LICENSE",
      commercial: false,
    },
    downloads: [
      {
        kind: "huggingface",
        repo: "apple/DepthPro-hf",
        revision: "main",
        files: ["config.json", "preprocessor_config.json", "model.safetensors"],
      },
    ],
    diskGb: 1.9,
  },
];

export const models: Models = { family: "depthpro", variants, defaultVariant: () => "base" };

/** Three ViT-L, the decoder and the field-of-view head. */
const network = { parameters: 952, quantizable: 906 };

/** Values of the decoder at half the network's side, 256 channels, of which about four are alive at once. */
const DECODER_VALUES = 4 * 768 * 768 * 256;

/** The network's side is fixed, so only the picture on its way in and out changes with a request. */
export function footprint(bits: Bits, picture: Size): { weights: number; working: number } {
  return {
    weights: weightBytes(network, bits),
    working: DECODER_VALUES * floatBytes + pictureBytes(picture),
  };
}
